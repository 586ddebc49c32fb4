#!/usr/bin/env python3
"""What the system grants a process: descriptors and file sizes. Short of either, the daemon stays up and in reach."""
import json
import os
import resource
import signal
import socket
import sys

from heedbox import Failure, check, run_tests, wait_for, with_daemon

SYMBOLS = ["AAA", "BBB", "CCC"]
OPEN = "2025-06-02T14:00:00Z"
KILL = "/api/v1/kill"


def limit(daemon, what, soft):
    """Returns the limits that were."""
    pid = daemon.process.child.pid
    before = resource.prlimit(pid, what)
    resource.prlimit(pid, what, (soft, before[1]))
    return before


def crowd(daemon, size):
    """That many connections over TCP that say nothing."""
    connections = []
    for _ in range(size):
        connections.append(socket.create_connection(("127.0.0.1", daemon.port), timeout=20))
    return connections


def leave(connections):
    for connection in connections:
        connection.close()


def check_in_reach(daemon):
    """For a new client on the Unix socket, which is what the CLI takes, and on TCP."""
    code, out, err = daemon.cli("--config", daemon.config, "kill", "stop-opening")
    check(code == 0, f"the kill switch: exit {code}: {out}{err}")
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=20) as tcp:
        tcp.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        check(tcp.recv(64).startswith(b"HTTP/1.1 200"), "TCP")


@with_daemon(SYMBOLS, OPEN)
def test_a_crowd_shuts_nobody_out(daemon, exchange):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    pid = daemon.process.child.pid
    check(resource.prlimit(pid, resource.RLIMIT_NOFILE)[0] == hard, "the daemon does not use all descriptors it may")
    connections = crowd(daemon, min(1100, hard - 200))
    try:
        check_in_reach(daemon)
    finally:
        leave(connections)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@with_daemon(SYMBOLS, OPEN)
def test_out_of_descriptors(daemon, exchange):
    held = len(os.listdir(f"/proc/{daemon.process.child.pid}/fd"))
    limit(daemon, resource.RLIMIT_NOFILE, held + 30)
    connections = crowd(daemon, 60)
    try:
        check_in_reach(daemon)
    finally:
        leave(connections)


def is_plain(problem):
    """Words for people, and the way on."""
    text = problem["detail"]
    return "error(" not in text and "try again" in text.lower() and problem["code"] in ("JOURNAL", "INTERRUPTED")


def refused(daemon, target, body):
    status, _, text = daemon.http.ask("POST", target, body)
    problem = json.loads(text)
    check(status == 503 and is_plain(problem), f"{target}: {status} {text}")


@with_daemon(SYMBOLS, OPEN)
def test_a_file_at_its_size_limit_is_a_full_disk(daemon, exchange):
    daemon.mention("AAA", conviction=1, external_id="before")
    daemon.settled_books(exchange)
    log = os.path.join(daemon.folder, "var", "heed.db-wal")
    before = limit(daemon, resource.RLIMIT_FSIZE, os.path.getsize(log) + 1000)
    call = {"symbol": "BBB", "action": "buy", "conviction": 1, "external_id": "while-full"}
    refused(daemon, "/api/v1/mentions", call)
    # Each ends the account's desk, which starts again: whatever the moment, there is an answer that says what to do.
    for _ in range(20):
        refused(daemon, KILL, {"level": "stop_opening"})
    code, out, err = daemon.cli("--config", daemon.config, "kill", "stop-opening")
    check(code == 69 and "try again" in err.lower(), f"the kill switch: exit {code}: {out}{err}")
    check(daemon.process.child.poll() is None, "the process ended")
    check("is full" in daemon.process.err(), daemon.process.err()[-2000:])

    resource.prlimit(daemon.process.child.pid, resource.RLIMIT_FSIZE, before)

    def killed():
        status, _, text = daemon.http.ask("POST", KILL, {"level": "none"})
        if status != 200:
            raise Failure(text)
        return True

    wait_for("it goes on by itself", killed)
    daemon.settle(exchange)
    answer = daemon.mention(**call)
    check(len(answer["accepted"]) == 1, f"what was refused while it was full is accepted: {answer}")
    daemon.settled_books(exchange)
    check(daemon.terminate() == 0, "exit is not 0")


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(run_tests([value for name, value in list(globals().items()) if name.startswith("test_")], sys.argv[1:]))
