#!/usr/bin/env python3
"""Beginnings, ends, reloads and looks inside: what an operator does to the process."""
import json
import os
import signal
import socket
import sys
import time

from heedbox import Daemon, Exchange, Process, check, check_books, run_tests, wait_for, with_daemon

SYMBOLS = ["AAA", "BBB", "CCC"]
OPEN = "2025-06-02T14:00:00Z"


def exchange_of(heed, folder):
    return Exchange(heed, folder, OPEN, synthetic=7, symbols=SYMBOLS)


@with_daemon(SYMBOLS, OPEN)
def test_sigterm_drains(daemon, exchange):
    """A call whose order is with the broker is finished; the exit is 0 within the bound; nothing is left to resolve."""
    exchange.faults([{"kind": "delay", "method": "POST", "path": "^/v2/orders", "delay_ms": 300, "count": 1}])
    daemon.mention("AAA", conviction=1)
    wait_for("the order is on its way", lambda: any(o["leg"] == "entry" for o in daemon.all("orders")))
    begun = time.monotonic()
    code = daemon.terminate(15)
    check(code == 0, f"SIGTERM: exit {code}\n{daemon.process.err()}")
    check(time.monotonic() - begun < 12, "draining took longer than drain_seconds and a little")
    check("everything that was begun is finished" in daemon.process.err(), daemon.process.err())
    exchange.faults([])
    daemon.start()
    daemon.settled_books(exchange)
    check(len([o for o in exchange.ledger()["orders"] if o["side"] == "buy"]) == 1, "not exactly one entry")


@with_daemon(SYMBOLS, OPEN)
def test_questions_to_actors_do_not_keep_it_from_ending(daemon, exchange):
    """Routes that ask actors leave nothing behind that the end would wait for."""
    for target in ("/api/v1/accounts/paper", "/api/v1/accounts/paper/risk", "/api/v1/inspect/tree",
                   "/api/v1/inspect/actors/governor:paper"):
        daemon.get(target)
    begun = time.monotonic()
    check(daemon.terminate(15) == 0, "exit is not 0")
    check(time.monotonic() - begun < 12, "it ended late")


@with_daemon(SYMBOLS, OPEN)
def test_the_service_manager_is_told(daemon, exchange):
    """Ready, alive while its actors answer, reloading, stopping."""
    daemon.terminate()
    path = os.path.join(daemon.folder, "notify.sock")
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(path)
    manager.settimeout(20)
    daemon.env = lambda: {"HEED_TEST_KEY": "heed", "NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"}
    daemon.start()

    def hears(what):
        while True:
            heard = manager.recv(4096).decode()
            if heard.startswith(what):
                return
            check(heard == "WATCHDOG=1", heard)

    hears("READY=1\nSTATUS=heed: ready in ")
    hears("WATCHDOG=1")
    daemon.hup()
    hears("RELOADING=1\nMONOTONIC_USEC=")
    hears("READY=1")
    check(daemon.terminate(15) == 0, "exit is not 0")
    hears("STOPPING=1")
    manager.close()


@with_daemon(SYMBOLS, OPEN)
def test_drain_is_bounded(daemon, exchange):
    """A broker that answers nothing does not hold the process: it ends within drain_seconds, and the next start resolves."""
    daemon.terminate()
    daemon.write_config(daemon.read_config().replace("drain_seconds = 10", "drain_seconds = 1"))
    daemon.start()
    exchange.faults([{"kind": "lost_answer", "path": "^/v2/orders"}])
    daemon.mention("AAA", conviction=1)
    wait_for("the exchange has the order", lambda: exchange.ledger()["orders"])
    begun = time.monotonic()
    code = daemon.terminate(10)
    check(code == 0, f"exit {code}")
    check(time.monotonic() - begun < 6, f"took {time.monotonic() - begun:.1f} s")
    check("the next start resolves" in daemon.process.err(), daemon.process.err())
    exchange.faults([])
    daemon.start()
    daemon.settled_books(exchange)
    check(len([o for o in exchange.ledger()["orders"] if o["side"] == "buy"]) == 1, "not exactly one entry")
    check(daemon.funnel() == {"filled": 1}, f"{daemon.funnel()}")


@with_daemon(SYMBOLS, OPEN)
def test_sighup_reloads_all_or_nothing(daemon, exchange):
    good = daemon.read_config()
    daemon.write_config(good.replace("min_conviction", "x").replace("[schedule]", "[schedule]\nno_such_key = 1"))
    daemon.hup()
    wait_for("the bad configuration is refused", lambda: "reload refused" in daemon.process.err())
    check("no_such_key" in daemon.process.err(), "the refusal does not name the key")
    daemon.write_config(good.replace('id = "mentions"\nkind = "mention"', 'id = "mentions"\nkind = "mention"\nmin_conviction = 0.9')
                        .replace("orders_per_second = 1000", "orders_per_second = 1000\nopen_positions_max = 1"))
    daemon.hup()
    wait_for("the good one is taken", lambda: "min_conviction" in daemon.process.err())
    wait_for("the limit is in force",
             lambda: daemon.get("/api/v1/accounts/paper/risk")["limits"]["open_positions_max"] == 1)
    daemon.mention("AAA", conviction=0.8)
    daemon.mention("BBB", conviction=1)
    daemon.settled_books(exchange)
    daemon.mention("CCC", conviction=1)
    daemon.settled_books(exchange)
    funnel = daemon.funnel()
    check(funnel == {"no_op:low_conviction": 1, "filled": 1, "risk_denied:max_open": 1}, f"{funnel}")


@with_daemon(SYMBOLS, OPEN)
def test_a_second_daemon_is_refused(daemon, exchange):
    second = Process("second", daemon.command("--set", "inspect.enabled=false"), daemon.folder, daemon.env())
    check(second.wait() == 69, f"exit {second.child.returncode}: {second.err()}")
    check(str(daemon.process.child.pid) in second.err(), f"the pid is not named: {second.err()}")
    check(daemon.status()["ready"], "the first one suffered")


@with_daemon(SYMBOLS, OPEN)
def test_ports_in_use_are_told(daemon, exchange):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        other = ["--set", "daemon.data_dir=other"]
        for key in ("api.listen", "inspect.listen"):
            free = [] if key == "inspect.listen" else ["--set", "inspect.enabled=false"]
            second = Process("second", daemon.command(*other, *free, "--set", f"{key}=127.0.0.1:{port}"), daemon.folder,
                             daemon.env())
            check(second.wait() == 69, f"{key}: exit {second.child.returncode}: {second.err()}")
            check(str(port) in second.err(), f"{key}: the address is not named: {second.err()}")
        exchange_too = Process("third", [daemon.heed, "exchange", "--synthetic", "1", "--listen", f"127.0.0.1:{port}"],
                               daemon.folder)
        check(exchange_too.wait() == 69, f"exchange: exit {exchange_too.child.returncode}: {exchange_too.err()}")
        check(str(port) in exchange_too.err(), f"exchange: {exchange_too.err()}")


@with_daemon(SYMBOLS, OPEN)
def test_inspect_from_another_process(daemon, exchange):
    daemon.mention("AAA", conviction=1)
    daemon.settled_books(exchange)
    connect = ["inspect", "--connect", f"127.0.0.1:{daemon.inspect_port}"]
    code, out, err = daemon.cli("--json", *connect, "tree")
    check(code == 0, f"tree: exit {code}: {err}")
    actors = json.loads(out)["actors"]
    for name in ("journal", "scheduler", "supervisor", "gateway:paper", "governor:paper", "watcher:inbox"):
        check(name in actors, f"{name} is not in the tree: {sorted(actors)}")
    code, out, err = daemon.cli("--json", *connect, "show", "gateway:paper")
    check(code == 0 and json.loads(out)["state"]["link_up"] is True, f"show: exit {code}: {out}{err}")
    code, out, err = daemon.cli(*connect, "show", "gateway:nobody")
    check(code == 1 and "gateway:paper" in err, f"an unknown actor: exit {code}: {out}{err}")
    code, out, err = daemon.cli("inspect", "--connect", "127.0.0.1:1", "tree")
    check(code == 69, f"nobody there: exit {code}: {err}")


@with_daemon(SYMBOLS, OPEN)
def test_the_journal_verifies(daemon, exchange):
    daemon.mention("AAA", conviction=1)
    daemon.settled_books(exchange)
    check(daemon.get("/api/v1/journal/verify")["ok"] is True, "through the daemon")
    daemon.kill()
    code, out, err = daemon.cli("--config", daemon.config, "journal", "verify")
    check(code == 0, f"a sound journal: exit {code}: {out}{err}")
    import sqlite3
    path = os.path.join(daemon.folder, "var", "heed.db")
    with sqlite3.connect(path) as db:
        db.execute("update journal set payload = replace(payload, '\"buy\"', '\"sell\"') where type = 'order_planned'")
    db.close()
    code, out, err = daemon.cli("--config", daemon.config, "journal", "verify")
    check(code == 1, f"a journal that was meddled with: exit {code}: {out}{err}")


def test_missing_and_bad_configurations(heed, folder):
    def run(*command):
        process = Process("run", [heed, *command], folder)
        return process.wait(20), process.err()

    code, err = run("run", "--config", os.path.join(folder, "nothing.toml"))
    check(code in (66, 78) and "nothing.toml" in err, f"no file: exit {code}: {err}")
    code, err = run("run", "--config", folder)
    check(code in (66, 78), f"a folder: exit {code}: {err}")
    path = os.path.join(folder, "bad.toml")
    with open(path, "w") as f:
        f.write('[daemon]\ndata_dri = "var"\n')
    code, err = run("run", "--config", path)
    check(code == 78 and "data_dri" in err and "data_dir" in err and ":2" in err, f"an unknown key: exit {code}: {err}")
    check(not os.path.exists(os.path.join(folder, "var")), "a refused start left a data folder")
    code, err = run("exchange", "--bars", os.path.join(folder, "nobars"))
    check(code in (65, 66) and "nobars" in err, f"no bars: exit {code}: {err}")


@with_daemon(SYMBOLS, OPEN)
def test_kill_minus_nine_between_the_order_and_its_answer(daemon, exchange):
    """The exchange has the order, the daemon never heard: after the restart there is one order, one fill, protection."""
    exchange.faults([{"kind": "lost_answer", "method": "POST", "path": "^/v2/orders", "count": 1}])
    daemon.mention("AAA", conviction=1)
    wait_for("the exchange has the order", lambda: exchange.ledger()["orders"])
    daemon.kill()
    exchange.faults([])
    daemon.start()
    daemon.settled_books(exchange)
    check(len([o for o in exchange.ledger()["orders"] if o["side"] == "buy"]) == 1, "not exactly one entry")
    check(not check_books(daemon, exchange), f"{check_books(daemon, exchange)}")
    check(daemon.funnel() == {"filled": 1}, f"{daemon.funnel()}")


@with_daemon(SYMBOLS, OPEN)
def test_exits_that_filled_while_it_was_down_are_booked(daemon, exchange):
    daemon.mention("AAA", conviction=1)
    daemon.settled_books(exchange)
    position = daemon.get("/api/v1/positions/paper/AAA")
    daemon.kill()
    exchange.price("AAA", position["target_price"])
    check(not exchange.book()[0], "the target did not fill")
    filled_at = exchange.now()
    exchange.advance("2025-06-03T14:00:00Z")
    daemon.start()
    daemon.settled_books(exchange)
    trades = daemon.all("trades")
    check(len(trades) == 1 and trades[0]["reason"] == "TP_HIT", f"{trades}")
    check(trades[0]["closed_at"][:19] == filled_at[:19] and trades[0]["exit_session"] == "2025-06-02",
          f"closed when it filled, {filled_at}: {trades[0]}")


@with_daemon(SYMBOLS, OPEN)
def test_an_exit_scan_that_was_cut_off_is_made_up_for(daemon, exchange):
    """The scan is stored, its closes are not yet: the restart closes what is due, once."""
    daemon.write_config(daemon.read_config().replace('kind = "mention"\n', 'kind = "mention"\nhold_sessions_unspecified = 1\n'))
    daemon.terminate()
    daemon.start()
    for symbol in SYMBOLS:
        daemon.mention(symbol, conviction=1)
    daemon.settled_books(exchange)
    daemon.kill()
    exchange.advance("2025-06-03T13:35:00Z")  # due, and nobody there
    daemon.start()
    wait_for("all is sold", lambda: not exchange.book()[0])
    daemon.settled_books(exchange)
    reasons = [t["reason"] for t in daemon.all("trades")]
    check(reasons == ["TIME_EXIT"] * len(SYMBOLS), f"{reasons}")


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(run_tests([value for name, value in list(globals().items()) if name.startswith("test_")], sys.argv[1:]))
