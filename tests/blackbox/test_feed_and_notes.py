#!/usr/bin/env python3
"""Calls that Heed fetches over HTTP, and notes that it sends to people, against real servers on loopback."""
import hashlib
import http.server
import json
import os
import sys
import threading

from heedbox import Daemon, Exchange, check, raise_first, check_books, run_tests, wait_for

SYMBOLS = ["AAA", "BBB", "CCC"]
OPEN = "2025-06-02T14:00:00Z"


class Outside:
    """A feed at /feed, which answers 304 where it can, and a receiver of notes at /hook."""

    def __init__(self):
        outside = self
        self.lock = threading.Lock()
        self.items, self.status, self.hook_status = [], 200, 200
        self.unchanged, self.notes, self.posts = 0, [], 0

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status, body=b"", headers=()):
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                with outside.lock:
                    if self.path != "/feed?token=secret" or outside.status != 200:
                        return self.answer(outside.status if outside.status != 200 else 404)
                    body = json.dumps({"items": outside.items}).encode()
                    tag = '"' + hashlib.sha256(body).hexdigest()[:16] + '"'
                    if self.headers.get("If-None-Match") == tag:
                        outside.unchanged += 1
                        return self.answer(304)
                self.answer(200, body, [("ETag", tag), ("Content-Type", "application/json")])

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with outside.lock:
                    outside.posts += 1
                    status = outside.hook_status
                    if status == 200:
                        outside.notes += body["notes"]
                self.answer(status)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def with_outside(test):
    def run(heed, folder):
        outside = Outside()
        for name, path in (("feed.url", "/feed?token=secret"), ("hook.url", "/hook")):
            with open(os.path.join(folder, name), "w") as f:
                f.write(f"http://127.0.0.1:{outside.port}{path}")
            os.chmod(os.path.join(folder, name), 0o600)
        sources = ('[[source]]\nid = "feed"\nkind = "http"\nurl = "file:feed.url"\npoll_interval_seconds = 1\n'
                   'start = "all"\n[notify]\nwebhook_url = "file:hook.url"\nper_minute_max = 600\n')
        exchange = Exchange(heed, folder, OPEN, synthetic=7, symbols=SYMBOLS)
        daemon = Daemon(heed, folder, exchange.url, sources=sources)
        try:
            test(daemon.start(), exchange, outside)
        finally:
            daemon.stop()
            exchange.stop()
            outside.stop()

    run.__name__ = test.__name__
    return run


def told(outside, kind):
    with outside.lock:
        return [n for n in outside.notes if n["kind"] == kind]


@with_outside
def test_a_call_of_a_feed_is_traded_and_told(daemon, exchange, outside):
    """One item, one entry, one note; asked again the feed says "unchanged"; a wrong item is kept with its reason."""
    call = {"external_id": "f-1", "symbol": "AAA", "action": "buy", "conviction": 0.9}
    with outside.lock:
        outside.items = [call, {"external_id": "f-2", "symbol": "AAA", "action": "hodl"}]

    def entered():
        exchange.pass_time()
        return told(outside, "entry")

    notes = wait_for("the entry is told", entered)
    check(notes[0]["symbol"] == "AAA" and "bought" in notes[0]["text"], notes)
    rejected = daemon.all("rejected-inputs", source="feed")
    check(len(rejected) == 1 and rejected[0]["field"] == "action", rejected)
    wait_for("the feed is unchanged", lambda: outside.unchanged > 0)
    with outside.lock:
        outside.items = [{"external_id": "f-3", "symbol": "AAA", "action": "sell", "conviction": 0.9}, call]

    def closed():
        exchange.pass_time()
        return told(outside, "exit")

    wait_for("the exit is told", closed)
    check(len(daemon.all("signals", source="feed")) == 2, "not one signal per call")
    sent = wait_for("what became of the notes is journaled", lambda: daemon.all("events", type="notification_sent"))
    check("secret" not in json.dumps(sent, default=str), "an address in the journal")
    daemon.settled_books(exchange)
    code, out, _ = daemon.cli("status", "--config", daemon.config)
    check(code == 0, out)


@with_outside
def test_a_restart_takes_nothing_twice(daemon, exchange, outside):
    """The cursor is durable: after kill -9 the same document brings nothing new."""
    with outside.lock:
        outside.items = [{"external_id": f"f-{i}", "symbol": s, "action": "hold"} for i, s in enumerate(SYMBOLS)]
    wait_for("all are taken", lambda: len(daemon.all("signals", source="feed")) == 3)
    daemon.kill()
    daemon.start()
    before = outside.unchanged
    wait_for("it is asked again", lambda: outside.unchanged > before)
    check(len(daemon.all("signals", source="feed")) == 3, "taken twice")
    check(daemon.funnel() == {"no_op:ui_only": 3}, daemon.funnel())


@with_outside
def test_failures_outside_stop_nobody(daemon, exchange, outside):
    """A feed that is down is said once and read when it is back; a receiver that refuses is journaled; trading goes on."""
    with outside.lock:
        outside.status, outside.hook_status = 500, 404
    wait_for("the log says so", lambda: "source feed: the feed answers HTTP 500" in daemon.process.err())
    with outside.lock:
        outside.status = 200
        outside.items = [{"external_id": "f-1", "symbol": "BBB", "action": "buy", "conviction": 0.9}]

    def failed():
        exchange.pass_time()
        return daemon.all("events", type="notification_failed")

    events = wait_for("the refusal is journaled", failed, 40)
    check(events[0]["payload"]["answer"] == "HTTP 404", events[0])
    check(daemon.status()["ready"], "not ready")
    metrics = daemon.http.ask("GET", "/metrics")[2]
    check('heed_notifications_total{outcome="failed"} 0' not in metrics, "not counted")
    check("token=secret" not in daemon.process.err(), "an address in the log")
    wait_for("books", lambda: not raise_first(check_books(daemon, exchange)), 20, 0.05)


if __name__ == "__main__":
    sys.exit(run_tests([value for name, value in list(globals().items()) if name.startswith("test_")], sys.argv[1:]))
