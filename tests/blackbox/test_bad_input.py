#!/usr/bin/env python3
"""Rows of the bad-input catalogue through every door of the real program: each gets the error that names the field, the
line or the key; the daemon stays well; nothing trades."""
import json
import os
import socket
import sqlite3
import subprocess
import sys

from heedbox import INBOX, Daemon, Exchange, Process, check, jsonl_source, run_tests, wait_for

OPEN = "2025-06-02T14:00:00Z"
SYMBOLS = ["AAA", "BBB"]
BUY = '"symbol":"AAA","action":"buy","conviction":1'
OPEN_INTENT = '"account":"paper","strategy":"mentions","symbol":"AAA","action":"OPEN","side":"buy"'

# body of POST /api/v1/mentions -> status, and the problem's code or the rejected field
MENTIONS = [
    ("", 400, "JSON_INVALID"),
    ("null", 400, "BODY_INVALID"),
    ("7", 400, "BODY_INVALID"),
    ('"AAA"', 400, "BODY_INVALID"),
    ("{", 400, "JSON_INVALID"),
    ("{%s} {%s}" % (BUY, BUY), 400, "JSON_INVALID"),
    ("{%s,%s}" % (BUY, '"symbol":"BBB"'), 400, "JSON_INVALID"),
    ("\ufeff{%s}" % BUY, 400, "JSON_INVALID"),
    ('{"symbol":"AAA","action":"buy","conviction":NaN}', 400, "JSON_INVALID"),
    ('{"symbol":"AAA","action":"buy","conviction":1e400}', 400, "JSON_INVALID"),
    ('{"symbol":"\\ud800","action":"buy"}', 400, "JSON_INVALID"),
    ("[" * 10000, 400, "JSON_INVALID"),
    (b'{"symbol":"A\xc0\xae","action":"buy"}', 400, "JSON_INVALID"),
    ('{"action":"buy"}', 202, "symbol"),
    ('{"symbol":"AAA"}', 202, "action"),
    ('{"symbol":"AAA","action":"bui"}', 202, "action"),
    ('{"symbol":"AAA","action":true}', 202, "action"),
    ('{"symbol":"NASDAQ:AAA","action":"buy"}', 202, "symbol"),
    ('{"symbol":"NQ1!","action":"buy"}', 202, "symbol"),
    ('{"symbol":"{{ticker}}","action":"buy"}', 202, "symbol"),
    ('{"symbol":"A\\u0410A","action":"buy"}', 202, "symbol"),
    ('{"symbol":"AAA\\u202e","action":"buy"}', 202, "symbol"),
    ('{"symbol":"\'; DROP TABLE orders","action":"buy"}', 202, "symbol"),
    ('{"symbol":"AAAAAAAAAAAAAAAAA","action":"buy"}', 202, "symbol"),
    ('{"symbol":"AAA","action":"buy","conviction":1.5}', 202, "conviction"),
    ('{"symbol":"AAA","action":"buy","conviction":-0.1}', 202, "conviction"),
    ('{"symbol":"AAA","action":"buy","conviction":"0,5"}', 202, "conviction"),
    ('{"symbol":"AAA","action":"buy","conviction":true}', 202, "conviction"),
    ("{%s}" % (BUY + ',"time_horizon":"soon"'), 202, "time_horizon"),
    ("{%s}" % (BUY + ',"published_at":1732200000'), 202, "published_at"),
    ("{%s}" % (BUY + ',"published_at":"2025-06-02T10:00:00"'), 202, "published_at"),
    ("{%s}" % (BUY + ',"created_at":"2035-01-01T00:00:00Z"'), 202, "created_at"),
    ("{%s}" % (BUY + ',"external_id":"%s"' % ("x" * 400)), 202, "external_id"),
    ("{%s}" % (BUY + ',"title":"a\\u001b[31mb"'), 202, "title"),
    ("{%s}" % (BUY + ',"convicton":1'), 202, "convicton"),
]

# body of POST /api/v1/intents -> the field that is named
INTENTS = [
    ("{}", "account"),
    ('{%s,"size":{"quantity":1}}' % OPEN_INTENT.replace("paper", "nobody"), "account"),
    ("{%s}" % OPEN_INTENT, "size"),
    ('{%s,"size":{"quantity":"0"}}' % OPEN_INTENT, "size.quantity"),
    ('{%s,"size":{"quantity":"-5"}}' % OPEN_INTENT, "size.quantity"),
    ('{%s,"size":{"quantity":"1,5"}}' % OPEN_INTENT, "size.quantity"),
    ('{%s,"size":{"quantity":"12345678901234567890"}}' % OPEN_INTENT, "size.quantity"),
    ('{%s,"size":{"quantity":1,"dollars":1}}' % OPEN_INTENT, "size.kind"),
    ('{%s,"size":{"quantity":1},"order_type":"limit"}' % OPEN_INTENT, "limit_price"),
    ('{%s,"size":{"quantity":1},"order_type":"limit","limit_price":"0"}' % OPEN_INTENT, "limit_price"),
    ('{%s,"size":{"quantity":1},"order_type":"maybe"}' % OPEN_INTENT, "order_type"),
    ('{%s,"size":{"quantity":1},"leverage":2}' % OPEN_INTENT, "leverage"),
    ('{%s,"size":{"quantity":1},"protection":{"stop":{"percent":100}}}' % OPEN_INTENT, "protection.stop.value"),
]

# method, target, headers, body -> status, code
REQUESTS = [
    ("GET", "/api/v1/nothing", {}, None, 404, "ROUTE_UNKNOWN"),
    ("GET", "/%2e%2e/%2e%2e/etc/passwd", {}, None, 404, "ROUTE_UNKNOWN"),
    ("GET", "/api/v1/orders/%c0%ae", {}, None, 400, "TARGET_INVALID"),
    ("GET", "/api/v1/orders?limit=0", {}, None, 400, "QUERY_INVALID"),
    ("GET", "/api/v1/orders?cursor=x", {}, None, 400, "LIST_CURSOR"),
    ("GET", "/api/v1/orders?from=yesterday", {}, None, 400, "QUERY_INVALID"),
    ("GET", "/api/v1/signals?status=nonsense", {}, None, 400, "QUERY_INVALID"),
    ("GET", "/api/v1/stream?types=foo", {}, None, 400, "QUERY_INVALID"),
    ("PUT", "/api/v1/kill", {}, "{}", 405, "METHOD_NOT_ALLOWED"),
    ("POST", "/api/v1/kill", {}, "", 400, "JSON_INVALID"),
    ("POST", "/api/v1/kill", {}, '{"level":1}', 400, "FIELD_INVALID"),
    ("GET", "/api/v1/orders?symbl=AAA", {}, None, 400, "QUERY_UNKNOWN"),
    ("GET", "/api/v1/orders?symbol=A&symbol=B", {}, None, 400, "QUERY_REPEATED"),
    ("DELETE", "/api/v1/mentions", {}, None, 405, "METHOD_NOT_ALLOWED"),
    ("POST", "/api/v1/mentions", {"Content-Type": "text/plain"}, "{%s}" % BUY, 415, "CONTENT_TYPE_UNSUPPORTED"),
    ("POST", "/api/v1/mentions", {"Content-Encoding": "gzip"}, b"\x1f\x8b", 415, "ENCODING_UNSUPPORTED"),
    ("POST", "/api/v1/mentions", {"Origin": "https://evil.example"}, "{%s}" % BUY, 403, "ORIGIN_FOREIGN"),
    ("POST", "/api/v1/mentions?source=nowhere", {}, "{%s}" % BUY, 400, "SOURCE_UNKNOWN"),
    ("POST", "/api/v1/mentions", {}, "[" + " " * (1 << 20) + "]", 413, "CONTENT_TOO_LARGE"),
    ("POST", "/api/v1/kill", {}, '{"level":"everything"}', 400, "FIELD_INVALID"),
    ("POST", "/api/v1/positions/nobody/AAA/close", {}, "{}", 404, "ACCOUNT_UNKNOWN"),
    ("POST", "/api/v1/positions/paper/AAA/close", {}, '{"quantity":"-1"}', 400, "FIELD_INVALID"),
    ("POST", "/api/v1/intents", {}, '{%s,"size":{"quantity":1}}' % OPEN_INTENT, 400, "IDEMPOTENCY_KEY_MISSING"),
]

# what a rude peer sends on a bare socket, and the status it may get; None: the connection may just end
RAW = [
    (b"GARBAGE\r\n\r\n", ("400", None)),
    (b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 20000 + b"\r\n\r\n", ("431", "400", None)),
    (b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", ("414", "431", "400", None)),
    (b"GET /healthz HTTP/1.1\r\n" + b"H: v\r\n" * 5000 + b"\r\n", ("431", "400", None)),
    (b"POST /api/v1/mentions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: -1\r\n\r\n",
     ("400", "411", None)),
    (b"POST /api/v1/mentions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
     b"Transfer-Encoding: chunked\r\n\r\n{}", ("400", "411", None)),
    (b"GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n", ("421",)),
    (b"GET http://127.0.0.1/healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", ("400", "404", "421")),
    (b"TRACE /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", ("405", "400", "501")),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64, ("400", None)),
]

# a line of a followed file -> the field that is named; None: a call that is taken
LINES = [
    ('{"symbol":"AAA","action":"hold","external_id":"good-1"}', None),
    ("not json", "line"),
    ('{"symbol":"AAA","action":"buy"', "line"),
    ('{"symbol":"aaa bbb","action":"buy","conviction":1}', "symbol"),
    ('{"symbol":"AAA","action":"buy","conviction":2}', "conviction"),
    ('{"symbol":"AAA","action":"bye"}', "action"),
    ('{"symbol":"AAA","action":"buy","conviction":1,"created_at":"yesterday"}', "created_at"),
    ("[1,2]", "mention"),
    ('{"symbol":"BBB","action":"watch","external_id":"good-2"}', None),
]

# lines added to or changed in a sound configuration -> what the error must name
CONFIGS = [
    ("[daemon]", "[daemon]\ndata_dri = 'x'", "daemon.data_dri"),
    ("drain_seconds = 10", "drain_seconds = 0", "daemon.drain_seconds"),
    ("drain_seconds = 10", "drain_seconds = 'ten'", "daemon.drain_seconds"),
    ("starting_equity = 100000", "starting_equity = 100000.5", "account.paper.starting_equity"),
    ("starting_equity = 100000", "starting_equity = inf", "account.paper.starting_equity"),
    ("starting_equity = 100000", "starting_equity = -1", "account.paper.starting_equity"),
    ('kind = "mention"', 'kind = "mention"\nmin_conviction = nan', "strategy.mentions.min_conviction"),
    ('kind = "mention"', 'kind = "mention"\nstop_pct = 8', "strategy.mentions.stop_pct"),
    ('exit_scan = "35 9 * * 1-5"', 'exit_scan = "35 25 * * 1-5"', "schedule.exit_scan"),
    ('exit_scan = "35 9 * * 1-5"', 'exit_scan = "35 9 * * 1-5"\nzone = "Europe/Nowhere"', "schedule.zone"),
    ('strategy = "mentions"', 'strategy = "mention"', "route[1].strategy"),
    ("[schedule]", "[schedule]\n[schedule]", "schedule"),
    ('venue = "alpaca"', 'venue = "alpaca"\nmode = "live"', "account.paper.mode"),
    ("${HEED_TEST_KEY}", "${HEED_NOT_SET}", "HEED_NOT_SET"),
]


def with_world(test, sources=INBOX):
    def run(heed, folder):
        exchange = Exchange(heed, folder, OPEN, synthetic=7, symbols=SYMBOLS)
        daemon = Daemon(heed, folder, exchange.url, sources=sources.replace("FOLDER", folder))
        try:
            test(daemon, exchange)
        finally:
            daemon.stop()
            exchange.stop()

    run.__name__ = test.__name__
    return run


def nothing_traded(daemon, exchange):
    daemon.settle(exchange)
    check(daemon.status()["ready"], "the daemon is not well")
    check(not daemon.all("orders"), f"orders: {daemon.all('orders')}")
    check(not exchange.ledger()["orders"], "the exchange got an order")


def http_doors(daemon, exchange):
    wrong = []

    def expect(what, got, want):
        if got != want:
            wrong.append(f"{what}: {got}, not {want}")

    for body, status, name in MENTIONS:
        got, _, text = daemon.http.ask("POST", "/api/v1/mentions", body)
        answer = json.loads(text)
        named = answer["code"] if status == 400 else (answer.get("rejected") or [{}])[0].get("field")
        expect(f"mentions {body[:60]!r}", (got, named), (status, name))
    for i, (body, field) in enumerate(INTENTS):
        got, _, text = daemon.http.ask("POST", "/api/v1/intents", body, {"Idempotency-Key": f"bad-{i}"})
        check(got in (400, 404), f"intents {body}: {got} {text}")
        named = field if field == "account" and field in text else json.loads(text).get("field")
        expect(f"intents {body}", named, field)
    for method, target, headers, body, status, code in REQUESTS:
        got, _, text = daemon.http.ask(method, target, body, headers)
        expect(f"{method} {target}", (got, json.loads(text).get("code")), (status, code))
    check(not wrong, "\n".join(wrong))


@with_world
def test_http(daemon, exchange):
    daemon.start()
    http_doors(daemon, exchange)
    mixed = daemon.post("/api/v1/mentions", [{"symbol": "AAA", "action": "hold", "external_id": "m"},
                                             {"symbol": "AAA", "action": "sel"}, {"symbol": "BBB", "action": "watch"}])
    check(len(mixed["accepted"]) == 2 and [r["index"] for r in mixed["rejected"]] == [1], f"{mixed}")
    again = daemon.post("/api/v1/mentions", {"symbol": "AAA", "action": "hold", "external_id": "m"})
    check(again["duplicates"] == [dict(mixed["accepted"][0], index=0)] and not again["accepted"], f"{again}")
    other = daemon.post("/api/v1/mentions", {"symbol": "AAA", "action": "buy", "conviction": 1, "external_id": "m"})
    check([r["field"] for r in other["rejected"]] == ["external_id"] and not other["duplicates"], f"{other}")
    kept = sorted(row["field"] for row in daemon.all("rejected-inputs"))
    refused = sorted([field for _, status, field in MENTIONS if status == 202] + ["action", "external_id"])
    check(kept == refused, f"kept {kept}, refused {refused}")
    nothing_traded(daemon, exchange)


@with_world
def test_raw_sockets(daemon, exchange):
    daemon.start()
    for sent, allowed in RAW:
        with socket.create_connection(("127.0.0.1", daemon.port), timeout=10) as peer:
            peer.sendall(sent)
            peer.shutdown(socket.SHUT_WR)
            got = b""
            try:
                while chunk := peer.recv(4096):
                    got += chunk
            except ConnectionError:
                pass
        status = got.split(b" ")[1].decode() if got.startswith(b"HTTP/1.") else None
        check(status in allowed, f"{sent[:50]!r}: {status}, not one of {allowed}: {got[:200]!r}")
    partial = b'POST /api/v1/mentions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n' \
              b'Content-Length: 47\r\n\r\n{"symbol":"AAA","action":"buy","conviction":1.0}'
    for cut in range(1, len(partial) - 1, 7):  # gone in the middle
        with socket.create_connection(("127.0.0.1", daemon.port), timeout=10) as peer:
            peer.sendall(partial[:cut])
    nothing_traded(daemon, exchange)
    check(not daemon.all("signals"), "half a request became a call")


def another_file_in_its_place(daemon, path):
    """As long as the one that was read: its calls are heard, and what it refuses is kept beside what stood there."""
    signals, rejected = len(daemon.all("signals")), len(daemon.all("rejected-inputs"))
    lines = ['{"symbol":"AAA","action":"hold","external_id":"good-3"}', "no JSON either"]
    filler = '{"symbol":"BBB","action":"watch","external_id":"good-4","title":"%s"}'
    missing = os.path.getsize(path) - len("\n".join(lines + [filler % ""])) - 1
    with open(path + ".next", "w") as f:
        f.write("".join(line + "\n" for line in lines + [filler % ("x" * missing)]))
    check(os.path.getsize(path + ".next") == os.path.getsize(path), "not of the same size")
    os.replace(path + ".next", path)
    wait_for("the other file is read", lambda: len(daemon.all("signals")) == signals + 2)
    positions = [row["position"].split("#")[0] for row in daemon.all("rejected-inputs")]
    check(len(positions) == rejected + 1 and positions.count("calls.jsonl:2") == 2, f"{positions}")
    log = daemon.process.err()
    check(log.count("calls.jsonl is another file") == 1, log)


def lines_of_a_followed_file(daemon, exchange):
    path = os.path.join(daemon.folder, "calls.jsonl")
    with open(path, "w") as f:
        f.write("".join(line + "\n" for line, _ in LINES))
    daemon.start()
    wait_for("all lines are read", lambda: len(daemon.all("rejected-inputs")) == sum(f is not None for _, f in LINES)
             and len(daemon.all("signals")) == sum(f is None for _, f in LINES))
    rejected = {row["position"].split("#")[0]: row for row in daemon.all("rejected-inputs")}
    for number, (line, field) in enumerate(LINES, 1):
        row = rejected.get(f"calls.jsonl:{number}")
        check((row is None) == (field is None), f"line {number}: {row}")
        check(row is None or (row["field"] == field and row["reason"]), f"line {number}: {row}, not {field}")
    another_file_in_its_place(daemon, path)
    nothing_traded(daemon, exchange)


test_lines_of_a_followed_file = with_world(lines_of_a_followed_file, jsonl_source("FOLDER/calls.jsonl"))
test_lines_of_a_followed_file.__name__ = "test_lines_of_a_followed_file"


@with_world
def test_configurations(daemon, exchange):
    good = daemon.read_config()
    code, out, err = daemon.cli("config", "check", daemon.config)
    check(code == 0, f"the sound one: {code} {out}{err}")
    for old, new, named in CONFIGS:
        check(old in good, f"nothing to change: {old}")
        daemon.write_config(good.replace(old, new))
        for command in (["config", "check", daemon.config], ["run", "--config", daemon.config]):
            code, out, err = daemon.cli(*command, seconds=20)
            check(code == 78, f"{new!r}: {command[0]}: exit {code}: {out}{err}")
            check(named in out + err, f"{new!r}: {command[0]}: {named} is not named: {out}{err}")
            check("heed.toml:" in out + err, f"{new!r}: no line: {out}{err}")
    check(not os.path.exists(os.path.join(daemon.folder, "var")), "a refused start left a data folder")


LOCAL = """[daemon]
data_dir = "local"
[api]
listen = "127.0.0.1:0"
[inspect]
enabled = false
[[account]]
id = "paper"
venue = "exchange"
[exchange]
listen = "127.0.0.1:0"
bars = "BARS"
[[source]]
id = "inbox"
kind = "inbox"
[[strategy]]
id = "mentions"
kind = "mention"
[[route]]
sources = ["inbox"]
strategy = "mentions"
accounts = ["paper"]
"""


def test_starts_that_fail(heed, folder):
    """What only a start finds out: it names the key, or the thing, and what to do; the exit code says whose turn it is."""
    synthetic = LOCAL.replace('bars = "BARS"', 'synthetic_seed = 7\nsymbols = ["AAA"]')
    path = os.path.join(folder, "heed.toml")

    def run(text, *more):
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o600)
        done = subprocess.run([heed, "run", "--config", path, *more], cwd=folder, capture_output=True, text=True,
                              timeout=60)
        return done.returncode, done.stdout + done.stderr

    def expect(what, got, code, *words):
        check(got[0] == code and all(w in got[1] for w in words), f"{what}: exit {got[0]}: {got[1]}; not {code}, {words}")

    for name in ("file", "garbage"):
        with open(os.path.join(folder, name), "w") as f:
            f.write("this is no database, but it is long enough to be looked at as one\n" * 40)
    expect("no bars", run(LOCAL.replace("BARS", "nowhere")), 69, "exchange.bars", "nowhere", "SYMBOL.csv")
    expect("a file for a folder", run(synthetic, "--set", "daemon.data_dir=file"), 69, "daemon.data_dir", "name a folder")
    expect("no database", run(synthetic, "--set", "journal.path=garbage"), 69, "garbage", "not a SQLite database")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        expect("the exchange's port", run(synthetic, "--set", f"exchange.listen={address}"), 69, "exchange.listen", address)
        expect("the API's port", run(synthetic, "--set", f"api.listen={address}"), 69, "api.listen", address)
    for text, words in ((synthetic.replace('venue = "exchange"', 'venue = "alpaca"\nkey = "file:nokey"'),
                         ("account.paper.key", "there is no such file", "nokey", "write the secret into it")),
                        (synthetic.replace("[[account]]", "[[acount]]"), ("acount", 'did you mean "account"')),
                        (synthetic + "[clock]\nsource = 'sundial'\n", ("clock.source", "system, exchange"))):
        expect(words[0], run(text), 78, "heed.toml:", *words)
    check(not os.path.exists(os.path.join(folder, "heed.sock")), "a failed start left its socket")
    database = os.path.join(folder, "local", "heed.db")
    with sqlite3.connect(database) as store:  # what a later version would have made of it
        store.execute("PRAGMA user_version = 99")
    store.close()
    expect("a later version's store", run(synthetic), 69, "heed.db", "newer")
    twice = subprocess.run([heed, "journal", "verify", "--config", path + "x"], cwd=folder, capture_output=True, text=True)
    check(twice.returncode == 66 and twice.stderr.count("there is no configuration file") == 1, f"{twice}")


@with_world
def test_a_broker_that_is_not_there(daemon, exchange):
    """The daemon starts, says what is missing, takes calls, trades nothing, and ends cleanly."""
    text = daemon.read_config().replace(exchange.url, "http://127.0.0.1:1").replace('source = "exchange"', 'source = "system"')
    daemon.write_config(text)
    daemon.process = Process("daemon", daemon.command(), daemon.folder, daemon.env())
    daemon.process.ready_line()

    def says_why():
        status, _, ready = daemon.http.ask("GET", "/readyz")
        return status == 503 and "Connection refused" in ready and "127.0.0.1:1" in ready

    wait_for("/readyz says what is missing", says_why)
    code, out, err = daemon.cli("--config", daemon.config, "status")
    check("not ready" in out and "Connection refused" in out, f"{code} {out}{err}")
    daemon.mention("AAA", conviction=1)
    check(not daemon.all("orders"), "an order was made without a broker")
    check(daemon.terminate() == 0, "the exit is not 0")


@with_world
def test_command_line(daemon, exchange):
    daemon.start()
    bad = os.path.join(daemon.folder, "bad.jsonl")
    with open(bad, "w") as f:
        f.write('{"symbol":"AAA","action":"hold","external_id":"c1"}\nnot json\n{"symbol":"AAA","action":"bye"}\n')
    run = ["--config", daemon.config]
    rows = [
        (["frobnicate"], 64, "frobnicate"),
        (["exchange", "--synthetic", "x"], 64, "--synthetic"),
        (["exchange", "--synthetic", "1", "--speed", "fast"], 64, "--speed"),
        (["exchange", "--synthetic", "1", "--start", "tomorrow"], 64, "--start"),
        ([*run, "mentions", "add", "AAA", "bye"], 65, "bye"),
        ([*run, "mentions", "add", "NASDAQ:AAA", "buy"], 65, "symbol"),
        ([*run, "mentions", "import", "missing.jsonl"], 66, "missing.jsonl"),
        ([*run, "mentions", "import", bad], 65, "2"),
        ([*run, "close", "nobody", "AAA"], 1, "nobody"),
        ([*run, "explain", "s-nothing"], 1, "s-nothing"),
        (["--url", "http://127.0.0.1:1", "status"], 69, "127.0.0.1:1"),
        (["inspect", "--connect", "127.0.0.1:1"], 69, "no daemon answers at 127.0.0.1:1\n"),
        (["inspect", "--connect", "x"], 64, "HOST:PORT"),
        (["confg", "check", "x"], 64, "did you mean \"config\""),
        (["--set", "daemon.log_level=info", "config", "check", daemon.config], 64, "stands before its command"),
        ([*run, "close", "paper"], 64, "symbol is required"),
        ([*run, "close", "paper", "AAA", "--quantity"], 64, "--quantity needs a value: N"),
        ([*run, "close", "paper", "AAA", "--quantity", "ten"], 65, "quantity must be a decimal"),
        ([*run, "close", "paper", "!!"], 65, "symbol is \"!!\""),
        ([*run, "positions", "--symbl", "AAA"], 64, "did you mean \"--symbol\""),
        ([*run, "orders", "--status", "foo"], 64, "status"),
        ([*run, "orders", "--limit", "0"], 64, "from 1 to 1000"),
        ([*run, "trades", "--from", "tomorrow"], 64, "is not an instant"),
        ([*run, "kill", "sideways"], 64, "stop-opening"),
        ([*run, "pause", "nobody"], 1, "known: paper"),
    ]
    wrong = []
    for command, exit_code, named in rows:
        code, out, err = daemon.cli(*command)
        if code != exit_code or named not in out + err:
            wrong.append(f"{' '.join(command)}: exit {code}, not {exit_code} with {named!r}: {out}{err}")
    check(not wrong, "\n".join(wrong))
    nothing_traded(daemon, exchange)


if __name__ == "__main__":
    sys.exit(run_tests([test_http, test_raw_sockets, test_lines_of_a_followed_file, test_configurations,
                        test_starts_that_fail, test_a_broker_that_is_not_there, test_command_line], sys.argv[1:]))
