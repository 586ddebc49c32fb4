"""Heed from outside: starts the real program as processes, talks to it as any client would, and judges its books.

`Exchange` is `heed exchange --speed step`; `Daemon` is `heed run`; `check_books` holds what the daemon says against
what the exchange says. Standard library only.
"""
import datetime
import http.client
import json
import os
import signal
import socket
import subprocess
import time
from decimal import Decimal

ACCOUNT = "paper"
HALF_CENT = Decimal("0.005")
LIVE = {"initialized", "pending_new", "accepted", "partially_filled", "pending_cancel", "pending_replace", "unknown"}
VENUE_DONE = {"filled", "canceled", "expired", "rejected", "replaced", "done_for_day"}


class Failure(AssertionError):
    """Something that must hold does not."""


def wait_for(what, condition, seconds=20.0, pause=0.004):
    """Polls until `condition` gives something true, and returns it. It may raise Failure, which counts as not yet."""
    until = time.monotonic() + seconds
    while True:
        why = ""
        try:
            got = condition()
            if got:
                return got
        except Failure as e:
            why = str(e)
        if time.monotonic() >= until:
            raise Failure(f"{what}: not within {seconds} s{': ' + why if why else ''}")
        time.sleep(pause)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Http:
    """A connection that is kept, and made again when the other side has closed it."""

    def __init__(self, make, headers=None):
        self.make, self.headers, self.link = make, headers or {}, None

    def ask(self, method, target, body=None, headers=None):
        """(status, headers, text). A body that is neither text nor bytes is sent as JSON."""
        data = body
        all_headers = dict(self.headers)
        if body is not None:
            all_headers["Content-Type"] = "application/json"
            if not isinstance(body, (str, bytes)):
                data = json.dumps(body)
            if isinstance(data, str):
                data = data.encode("utf-8", "surrogatepass")
        all_headers.update(headers or {})
        for attempt in (1, 2):
            fresh = self.link is None
            if fresh:
                self.link = self.make()
            try:
                self.link.request(method, target, data, all_headers)
                answer = self.link.getresponse()
                text = answer.read().decode("utf-8", "replace")
                if answer.will_close:
                    self.close()
                return answer.status, dict(answer.getheaders()), text
            except (OSError, http.client.HTTPException):
                self.close()
                if fresh or attempt == 2 or method != "GET":
                    raise

    def json(self, method, target, body=None, expect=(200,)):
        status, _, text = self.ask(method, target, body)
        if status not in expect:
            raise Failure(f"{method} {target}: {status} {text[:400]}")
        return json.loads(text, parse_float=Decimal)

    def close(self):
        if self.link:
            self.link.close()
            self.link = None


class Process:
    """A child with its output in files, which is ended with the test whatever happens."""

    def __init__(self, name, command, folder, env=None):
        self.name, self.command, self.folder = name, command, folder
        self.out_path = os.path.join(folder, name + ".out")
        self.err_path = os.path.join(folder, name + ".err")
        with open(self.out_path, "w") as out, open(self.err_path, "a") as err:
            self.child = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                          env={**os.environ, **(env or {})}, start_new_session=True)

    def out(self):
        with open(self.out_path) as f:
            return f.read()

    def err(self):
        with open(self.err_path, errors="replace") as f:
            return f.read()

    def ready_line(self, seconds=60.0):
        def look():
            if self.child.poll() is not None:
                raise SystemExit(f"{self.name} ended with {self.child.returncode}:\n{self.out()}{self.err()[-2000:]}")
            text = self.out()
            return text.splitlines()[0] if "ready" in text and text.endswith("\n") else None

        return wait_for(f"{self.name} says ready", look, seconds)

    def wait(self, seconds=30.0):
        """The exit code; a negative one is the signal that killed it."""
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} is still running after {seconds} s") from None

    def signal(self, number):
        self.child.send_signal(number)

    def kill(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()

    def terminate(self, seconds=30.0):
        if self.child.poll() is None:
            self.child.terminate()
        return self.wait(seconds)


class Exchange:
    """`heed exchange` in stepped time: it goes on only by advance()."""

    def __init__(self, heed, folder, start, bars=None, synthetic=None, symbols=None, cash="100000", slippage="0",
                 partial_fills=0, extra=()):
        command = [heed, "exchange", "--speed", "step", "--listen", "127.0.0.1:0", "--start", start, "--cash", cash,
                   "--slippage", slippage, "--partial-fills", str(partial_fills), *extra]
        command += ["--bars", bars] if bars else ["--synthetic", str(synthetic)]
        if symbols:
            command += ["--symbols", ",".join(symbols)]
        self.process = Process("exchange", command, folder)
        line = self.process.ready_line(120)
        self.port = int(line.split("ready on ")[1].split(",")[0].rsplit(":", 1)[1])
        self.url = f"http://127.0.0.1:{self.port}"
        keys = {"APCA-API-KEY-ID": "heed", "APCA-API-SECRET-KEY": "heed"}
        self.http = Http(lambda: http.client.HTTPConnection("127.0.0.1", self.port, timeout=120), keys)

    def now(self):
        return self.http.json("GET", "/sim/clock")["now"]

    def advance(self, to):
        return self.http.json("POST", "/sim/advance", {"to": to})["now"]

    def pass_time(self, seconds=1):
        """A little later: what waits for market time to pass goes on."""
        now = datetime.datetime.strptime(self.now()[:19], "%Y-%m-%dT%H:%M:%S") + datetime.timedelta(seconds=seconds)
        return self.advance(now.strftime("%Y-%m-%dT%H:%M:%SZ"))

    def price(self, symbol, price, path="jump"):
        return self.http.json("POST", "/sim/price", {"symbol": symbol, "price": str(price), "path": path})

    def faults(self, rules):
        return self.http.json("POST", "/sim/faults", {"rules": rules})

    def fault_hits(self):
        return self.http.json("GET", "/sim/faults")["hits"]

    def disconnect(self):
        return self.http.json("POST", "/sim/disconnect", {})

    def ledger(self):
        return self.http.json("GET", "/sim/ledger")

    def book(self):
        """(held positions, working orders): as the ledger has them, and small however long the run."""
        orders = self.http.json("GET", "/v2/orders?status=open&limit=500&nested=false")
        if len(orders) < 500:
            return self.http.json("GET", "/v2/positions"), orders
        ledger = self.ledger()
        return ledger["positions"], [o for o in ledger["orders"] if o["status"] not in VENUE_DONE]

    def sessions(self, first, last):
        """[(date, open, close)] with the hours of New York as HH:MM."""
        days = self.http.json("GET", f"/v2/calendar?start={first}&end={last}")
        return [(day["date"], day["open"], day["close"]) for day in days]

    def stop(self):
        self.http.close()
        if self.process.child.poll() is None:
            self.process.terminate()


CONFIG = """[daemon]
data_dir = "var"
drain_seconds = 10
[clock]
source = "exchange"
[journal]
kind = "sqlite"
[api]
listen = "127.0.0.1:0"
[inspect]
listen = "127.0.0.1:{inspect_port}"
[[account]]
id = "paper"
venue = "alpaca"
base_url = "{exchange}"
data_url = "{exchange}"
key = "${{HEED_TEST_KEY}}"
secret = "${{HEED_TEST_KEY}}"
starting_equity = {equity}
poll_interval_seconds = 1
reconcile_interval_seconds = 1
rate_limit_per_minute = 100000
data_rate_limit_per_minute = 100000
rate_reserve_per_minute = 1000
partial_grace_ms = 100
resolve_grace_ms = 50
backoff_initial_ms = 20
backoff_max_ms = 200
{account}
[account.risk]
{risk}
{sources}
[[strategy]]
id = "mentions"
kind = "mention"
enable_trading = true
{strategy}
[[route]]
sources = [{source_ids}]
strategy = "mentions"
accounts = ["paper"]
[schedule]
exit_scan = "35 9 * * 1-5"
"""

INBOX = '[[source]]\nid = "inbox"\nkind = "inbox"\ndefault_conviction = 1\n'

# Time stands still between the steps of a replay, and orders of a morning go out in one instant.
STEPPED = "quote_age_seconds_max = 86400\norders_per_second = 1000\norders_per_minute = 60000\n"
WIDE_OPEN = STEPPED + """trades_per_day_account = 100000
trades_per_day_strategy = 100000
dollars_per_day_account = 1000000000
dollars_per_day_strategy = 1000000000
daily_loss_fraction = 1
position_dollars_max = 1000000
position_equity_fraction_max = 0
open_positions_max = 100000
drawdown_equity_fraction = 0
order_dollars_max = 1000000
price_deviation_fraction_max = 1
rejects_in_row = 0
"""


def jsonl_source(path):
    return (f'[[source]]\nid = "calls"\nkind = "jsonl"\npath = "{path}"\npoll_interval_seconds = 1\nstart = "all"\n'
            'release = "clock"\ndefault_conviction = 0.7\n')


class Daemon:
    """`heed run` on a data folder that outlives its processes."""

    def __init__(self, heed, folder, exchange_url, sources=INBOX, risk=STEPPED, strategy="", account="",
                 equity=100000):
        self.heed, self.folder = heed, folder
        self.socket = os.path.join(folder, "var", "heed.sock")
        self.config = os.path.join(folder, "heed.toml")
        self.inspect_port = free_port()
        ids = [line.split('"')[1] for line in sources.splitlines() if line.startswith("id = ")]
        self.write_config(CONFIG.format(exchange=exchange_url, sources=sources, risk=risk, strategy=strategy,
                                        account=account, equity=equity, inspect_port=self.inspect_port,
                                        source_ids=", ".join(f'"{i}"' for i in ids)))
        self.process = None
        self.http = Http(lambda: UnixConnection(self.socket, 60))
        self.starts = 0

    def write_config(self, text):
        with open(self.config, "w") as f:
            f.write(text)

    def read_config(self):
        with open(self.config) as f:
            return f.read()

    def command(self, *arguments):
        return [self.heed, "run", "--config", self.config, *arguments]

    def env(self):
        return {"HEED_TEST_KEY": "heed"}

    def start(self, *arguments):
        self.http.close()
        self.starts += 1
        self.process = Process("daemon", self.command(*arguments), self.folder, self.env())
        self.line = self.process.ready_line()
        self.port = int(self.line.split("(port ")[1].split(")")[0])
        wait_for("the daemon is ready", lambda: self.get("/api/v1/status")["ready"], 30)
        return self

    def cli(self, *arguments, stdin=None, seconds=60):
        """(exit code, output, errors) of a `heed` command against this daemon."""
        done = subprocess.run([self.heed, *arguments], cwd=self.folder, env={**os.environ, **self.env()},
                              input=stdin, capture_output=True, text=True, timeout=seconds)
        return done.returncode, done.stdout, done.stderr

    def kill(self):
        self.process.kill()
        self.http.close()

    def terminate(self, seconds=30.0):
        self.http.close()
        return self.process.terminate(seconds)

    def stop(self):
        if self.process and self.process.child.poll() is None:
            self.kill()
        self.http.close()

    def hup(self):
        self.process.signal(signal.SIGHUP)

    # --- questions
    def get(self, target):
        return self.http.json("GET", target)

    def post(self, target, body, expect=(200, 202)):
        return self.http.json("POST", target, body, expect)

    def status(self):
        try:
            return self.get("/api/v1/status")
        except (OSError, http.client.HTTPException) as e:
            if self.process.child.poll() is not None:
                raise SystemExit(f"the daemon ended with {self.process.child.returncode}:\n"
                                 f"{self.process.err()[-4000:]}") from e
            raise Failure(str(e)) from e

    def all(self, what, **filters):
        """Every row of a list, oldest first."""
        query = "&".join(f"{k}={v}" for k, v in {"limit": 1000, "sort": "oldest", **filters}.items())
        rows, cursor = [], None
        while True:
            page = self.get(f"/api/v1/{what}?{query}" + (f"&cursor={cursor}" if cursor else ""))
            rows += page["items"]
            cursor = page["next_cursor"]
            if not cursor:
                return rows

    def funnel(self):
        return self.get("/api/v1/funnel")["dispositions"]

    def mention(self, symbol, action="buy", **fields):
        return self.post("/api/v1/mentions", {"symbol": symbol, "action": action, **fields})

    # --- rest
    def settle(self, exchange, seconds=30.0, looks=4):
        """Until nothing is on its way and the daemon's time is the exchange's, for several looks in a row."""
        at = exchange.now()[:26].rstrip("Z")
        last, same = None, 0

        def look():
            nonlocal last, same
            s = self.status()
            journal = next(c["detail"] for c in s["components"] if c["name"] == "journal")
            quiet = s["ready"] and s["in_flight"] == 0 and s["now"].rstrip("Z").rstrip("0") == at.rstrip("0")
            same = same + 1 if quiet and journal == last else 0
            last = journal
            if same >= looks:
                return s
            if not quiet:
                raise Failure(f"now {s['now']} of {at}, in flight {s['in_flight']}, ready {s['ready']}: " +
                              "; ".join(f"{c['name']} {c['detail']}" for c in s["components"] if not c["ok"]))
            return None

        return wait_for("everything comes to rest", look, seconds, 0.003)

    def settled_books(self, exchange, seconds=20.0):
        """Comes to rest with right books; how long that took. Streams and questions to the venue need their moment."""
        begun = time.monotonic()
        self.settle(exchange, seconds)
        wait_for("books equal the exchange's", lambda: not raise_first(check_books(self, exchange)), seconds, 0.03)
        return time.monotonic() - begun


def raise_first(problems):
    if problems:
        raise Failure(f"{len(problems)} wrong, first: " + "; ".join(problems[:3]))
    return False


def same_cents(a, b):
    """Equal to the cent: rounding to cents would part 0.145 from 0.145000006."""
    return abs(Decimal(a) - Decimal(b)) < HALF_CENT


def check_books(daemon, exchange):
    """What differs between the daemon's books and the exchange's: a list of sentences, empty when all is well."""
    positions, working = exchange.book()
    rows = {row["symbol"]: row for row in daemon.all("positions", status="all")}
    problems = []
    held = {}
    for entry in positions:
        symbol, qty = entry["symbol"], Decimal(entry["qty"])
        held[symbol] = qty
        row = rows.get(symbol)
        ours = Decimal(row["quantity"]) if row else Decimal(0)
        if ours != qty:
            problems.append(f"{symbol}: holds {ours}, the exchange says {qty}")
            continue
        if qty < 0:
            problems.append(f"{symbol}: short {qty}")
        if qty and Decimal(row["protected_quantity"]) != abs(qty):
            problems.append(f"{symbol}: {row['protected_quantity']} of {qty} protected, phase {row['phase']}")
    problems += [f"{symbol}: phase {row['phase']} at rest" for symbol, row in rows.items()
                 if row["phase"] not in ("Flat", "Open")]
    problems += [f"{symbol}: holds {row['quantity']}, the exchange nothing" for symbol, row in rows.items()
                 if Decimal(row["quantity"]) and not held.get(symbol)]
    exits = {}
    for order in working:
        symbol = order["symbol"]
        if order["side"] != "sell":
            continue
        if not held.get(symbol) and order.get("order_class") not in ("bracket", "oco"):
            problems.append(f"{symbol}: flat with a working {order['type']} order {order['client_order_id']}")
        if order["type"] != "stop" and order["status"] != "held":
            exits[symbol] = exits.get(symbol, Decimal(0)) + Decimal(order["qty"]) - Decimal(order["filled_qty"])
    problems += [f"{symbol}: exits for {qty} of {held.get(symbol, 0)} held" for symbol, qty in exits.items()
                 if qty > held.get(symbol, Decimal(0))]
    return problems


def by_symbol(rows, value):
    sums = {}
    for row in rows:
        sums[row["symbol"]] = sums.get(row["symbol"], Decimal(0)) + value(row)
    return sums


def check_money(daemon, exchange):
    """Every execution booked once, at its price; cash, average and cost of what is held, and realized P&L of what is
    flat, to the cent. Fills are realized by lot, so while some of several lots are closed their sum is not the venue's.
    """
    ledger = exchange.ledger()
    fills = daemon.all("fills")
    problems = check_averages(daemon, exchange)
    sides = (("buy", "bought_qty", "paid"), ("sell", "sold_qty", "received"))
    for side, quantity, money in sides:
        rows = [f for f in fills if f["side"] == side]
        ours_qty = by_symbol(rows, lambda f: Decimal(f["quantity"]))
        ours_value = by_symbol(rows, lambda f: Decimal(f["quantity"]) * Decimal(f["price"]))
        for entry in ledger["positions"]:
            symbol = entry["symbol"]
            if ours_qty.get(symbol, Decimal(0)) != Decimal(entry[quantity]):
                problems.append(f"{symbol} {side}: fills of {ours_qty.get(symbol, 0)}, the exchange executed "
                                f"{entry[quantity]}")
            if not same_cents(ours_value.get(symbol, 0), entry[money]):
                problems.append(f"{symbol} {side}: fills for {ours_value.get(symbol, 0)}, the exchange says "
                                f"{entry[money]}")
    realized = by_symbol(fills, lambda f: Decimal(f["realized"]))
    fees = by_symbol(fills, lambda f: Decimal(f["fee"]))
    for entry in ledger["positions"]:
        symbol = entry["symbol"]
        ours = realized.get(symbol, Decimal(0))
        if not Decimal(entry["qty"]) and not same_cents(ours + fees.get(symbol, 0), entry["realized_pl"]):
            problems.append(f"{symbol}: realized {ours}, the exchange says {entry['realized_pl']}")
    cash = Decimal(ledger["opening_cash"]) - sum(fees.values(), Decimal(0))
    for fill in fills:
        value = Decimal(fill["quantity"]) * Decimal(fill["price"])
        cash += value if fill["side"] == "sell" else -value
    if not same_cents(cash, ledger["cash"]):
        problems.append(f"cash by fills {cash}, the exchange says {ledger['cash']}")
    return problems


def check_averages(daemon, exchange):
    """What is held has the venue's average and cost, however many lots it is made of and whichever were closed."""
    rows = {row["symbol"]: row for row in daemon.all("positions")}
    problems = []
    for held in exchange.book()[0]:
        quantity, average = Decimal(held["qty"]), Decimal(held["avg_entry_price"])
        row = rows.get(held["symbol"])
        if not quantity or row is None:
            continue
        if abs(Decimal(row["avg_price"]) - average) > Decimal("0.000001"):
            problems.append(f"{held['symbol']}: average {row['avg_price']}, the exchange says {average}")
        if not same_cents(row["cost"], average * abs(quantity)):
            problems.append(f"{held['symbol']}: cost {row['cost']}, the exchange says {average * abs(quantity)}")
    return problems


def check_orders(daemon, exchange):
    """Exactly once: no order twice, none that the journal does not know, never through zero."""
    ledger = exchange.ledger()
    problems = []
    own = {order["client_order_id"]: order for order in daemon.all("orders")}
    seen = set()
    for order in ledger["orders"]:
        name = order["client_order_id"]
        if name in seen:
            problems.append(f"{order['symbol']}: client_order_id {name} twice at the exchange")
        seen.add(name)
    named = [o for o in ledger["orders"] if o["client_order_id"].startswith("heed1.")]
    problems += [f"{o['symbol']}: order {o['client_order_id']} is not in the journal" for o in named
                 if o["client_order_id"] not in own]
    entries = {}
    for order in own.values():
        if order["leg"] == "entry" and order["revision"] == 0:
            entries.setdefault(order["intent"], []).append(order["client_order_id"])
    problems += [f"intent {intent}: {len(names)} entries" for intent, names in entries.items() if len(names) > 1]
    qty = {}
    for execution in ledger["executions"]:
        symbol = execution["symbol"]
        signed = Decimal(execution["qty"]) * (1 if execution["side"] == "buy" else -1)
        qty[symbol] = qty.get(symbol, Decimal(0)) + signed
        if qty[symbol] < 0:
            problems.append(f"{symbol}: flipped to {qty[symbol]} by {execution}")
    return problems


def check_dispositions(daemon, signals_expected=None, all_final=True):
    """In = out: one decision per signal and follower, and each of them final."""
    problems = []
    status = daemon.status()
    signals = daemon.all("signals")
    if signals_expected is not None and len(signals) != signals_expected:
        problems.append(f"{len(signals)} signals of {signals_expected} calls")
    if status["signals_in"] != len(signals):
        problems.append(f"status counts {status['signals_in']} decisions, the journal has {len(signals)} signals")
    open_decisions = 0
    for s in signals:
        if len(s["decisions"]) != 1:
            problems.append(f"{s['signal']['signal'] if 'signal' in s else s}: {len(s['decisions'])} decisions")
        open_decisions += sum(not d["final"] for d in s["decisions"])
    if open_decisions != status["decisions_under_way"]:
        problems.append(f"{open_decisions} decisions are open, status says {status['decisions_under_way']}")
    if all_final and open_decisions:
        problems.append(f"{open_decisions} decisions are not final")
    return problems


def trades_of(daemon):
    """What must not depend on crashes: one line per round trip, in an order of its own."""
    return sorted((t["symbol"], t["entry_session"], t["exit_session"], t["quantity"], t["entry_price"],
                   t["exit_price"], t["pnl"], t["reason"], t["signal"], t["opened_at"], t["closed_at"])
                  for t in daemon.all("trades"))


def with_daemon(symbols=("AAA", "BBB", "CCC"), start="2025-06-02T14:00:00Z"):
    """For tests that take (daemon, exchange): a daemon that runs on an exchange in stepped time, both ended after."""
    def decorate(test):
        def run(heed, folder):
            exchange = Exchange(heed, folder, start, synthetic=7, symbols=list(symbols))
            daemon = Daemon(heed, folder, exchange.url)
            try:
                test(daemon.start(), exchange)
            finally:
                daemon.stop()
                exchange.stop()

        run.__name__ = test.__name__
        return run

    return decorate


def run_tests(cases, argv):
    """Runs test functions that take (heed, folder); exit code for CTest. A name as argument runs that one alone."""
    import argparse
    import tempfile
    import traceback
    p = argparse.ArgumentParser()
    p.add_argument("--heed", required=True)
    p.add_argument("--only")
    args = p.parse_args(argv)
    failed = 0
    for case in cases:
        if args.only and args.only != case.__name__:
            continue
        begun = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="heed-box-") as folder:
            try:
                case(os.path.abspath(args.heed), folder)
                print(f"ok      {case.__name__}  {time.monotonic() - begun:.1f} s", flush=True)
            except (Exception, SystemExit):
                failed += 1
                print(f"FAILED  {case.__name__}", flush=True)
                traceback.print_exc()
                for name in ("daemon.err", "exchange.err"):
                    path = os.path.join(folder, name)
                    if os.path.exists(path):
                        with open(path, errors="replace") as f:
                            print(f"--- {name}\n" + "".join(f.readlines()[-25:]), flush=True)
    return 1 if failed else 0


def check(condition, what):
    if not condition:
        raise Failure(what)
