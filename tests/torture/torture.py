#!/usr/bin/env python3
"""The crash test: the real daemon and the real exchange as processes, a proxy that spoils their talk between them, calls
handed in over HTTP all the while, the market moving, and the daemon killed with -9, frozen, cut off and started again,
hundreds of times; the exchange too, now and then. Then everything heals, and what was acknowledged, the exchange's
ledger and the database are held against each other.

  torture.py --heed build/heed --kills 500 --seed 7
  torture.py --heed build/heed --kills 500 --journal postgres     on a server of its own, which is killed too
  torture.py --heed build/heed --past past/heed.db       start on a journal that has a past; --kills as before

Ctrl-C ends the killing, and compares. The seed decides calls, faults and moments; processes and sockets have their own
pace, so a run is like the one of the same seed, not equal to it. Exit: 0 all held, 1 something did not, 77 that journal
cannot be had here.
"""
import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from decimal import Decimal

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "blackbox"))

import heedbox  # noqa: E402
import judge  # noqa: E402
from callers import Callers  # noqa: E402
from heedbox import Daemon, Failure, Http, Process, wait_for  # noqa: E402
from postgres import NotInstalled, Postgres  # noqa: E402
from proxy import PROFILES, Proxy  # noqa: E402

MENTIONED = [f"M{c}" for c in "ABCDEFGHIJKLMNOP"]
INTENDED = [f"I{c}" for c in "ABCDEFGH"]
START = "2026-03-03T15:01:00Z"
CASH = "10000000"
ACCOUNT = "request_timeout_ms = 600\n"
STRATEGY = "max_position_pct = 0\nblocklist_days = 0\n"
READY_SECONDS = 30


class Exchange:
    """`heed exchange` going on by itself at a fixed address, with a memory, so that it may be killed."""

    def __init__(self, heed, folder, seed, symbols):
        self.folder, self.symbols = folder, symbols
        self.port = heedbox.free_port()
        self.command = [heed, "exchange", "--speed", "4", "--market-hours", "always", "--listen",
                        f"127.0.0.1:{self.port}", "--start", START, "--cash", CASH, "--slippage", "0",
                        "--partial-fills", "20", "--synthetic", str(seed), "--symbols", ",".join(symbols),
                        "--state", os.path.join(folder, "exchange.state")]
        self.process = None
        self.start()
        self.prices = {s: Decimal(str(self.ask("GET", f"/v2/stocks/quotes/latest?symbols={s}")["quotes"][s]["ap"]))
                       for s in symbols}
        for symbol in symbols:  # from now on prices move by move() alone
            self.move(symbol, Decimal(1))

    def start(self):
        self.process = Process("exchange", self.command, self.folder)
        self.process.ready_line(60)

    def connection(self):
        import http.client
        return Http(lambda: http.client.HTTPConnection("127.0.0.1", self.port, timeout=10),
                    {"APCA-API-KEY-ID": "heed", "APCA-API-SECRET-KEY": "heed"})

    def ask(self, method, target, body=None):
        link = self.connection()
        try:
            return link.json(method, target, body)
        finally:
            link.close()

    def move(self, symbol, factor, path="slide"):
        self.prices[symbol] = max(Decimal(20), (self.prices[symbol] * factor).quantize(Decimal("0.01")))
        self.ask("POST", "/sim/price", {"symbol": symbol, "price": str(self.prices[symbol]), "path": path})

    def kill(self):
        self.process.kill()

    def ledger(self):
        return self.ask("GET", "/sim/ledger")

    def stop(self):
        if self.process.child.poll() is None:
            self.process.terminate()


class Torture:
    def __init__(self, args, folder):
        self.args, self.folder = args, folder
        self.chance = random.Random(args.seed)
        self.problems, self.events = [], {}
        self.starts_calm, self.starts_all, self.heal_seconds = [], [], 0.0
        self.kills = 0
        self.may_end = False  # the database was taken from it
        self.alive = False  # ready, not frozen, its broker within reach
        self.database = Postgres() if args.journal == "postgres" else None
        symbols = MENTIONED + INTENDED
        self.exchange = Exchange(args.heed, folder, args.seed, symbols)
        self.proxy = Proxy(self.exchange.port, args.seed + 1)
        self.daemon = Daemon(args.heed, folder, self.proxy.url, risk=heedbox.WIDE_OPEN, strategy=STRATEGY,
                             account=ACCOUNT, equity=int(CASH))
        self.store = self.set_up_journal()
        self.callers = Callers(self.daemon.socket, args.seed + 2, MENTIONED, INTENDED)
        looker = self.exchange.connection()
        self.watch = judge.NakedWatch(lambda: looker.json("GET", "/sim/ledger?orders=working"),
                                      lambda: self.alive and self.proxy.link == "up")

    def set_up_journal(self):
        if self.database:
            self.daemon.write_config(self.daemon.read_config().replace(
                '[journal]\nkind = "sqlite"', '[journal]\nkind = "postgres"\nurl = "${HEED_TEST_JOURNAL}"'))
            os.environ["HEED_TEST_JOURNAL"] = self.database.url
            return judge.Store("postgres", self.database.url)
        path = os.path.join(self.folder, "var", "heed.db")
        if self.args.past:
            os.makedirs(os.path.dirname(path), mode=0o700)
            shutil.copyfile(self.args.past, path)
            os.chmod(path, 0o600)
        return judge.Store("sqlite", path)

    # --- the daemon's lives
    def count(self, what):
        self.events[what] = self.events.get(what, 0) + 1

    def launch(self):
        self.daemon.http.close()
        self.may_end = False
        self.begun = time.monotonic()
        self.calm_start = self.proxy.profile is PROFILES["calm"] and self.proxy.link == "up"
        self.daemon.process = Process("daemon", self.daemon.command(), self.folder, self.daemon.env())

    def is_ready(self):
        code = self.daemon.process.child.poll()
        if code is not None and not self.may_end:
            self.problem(f"the daemon ended by itself with {code}:\n{self.daemon.process.err()[-3000:]}")
        if code is not None:
            self.launch()
        if "ready" not in self.daemon.process.out():
            return False
        try:
            return self.daemon.get("/api/v1/status")["ready"]
        except (OSError, Failure, ValueError, heedbox.http.client.HTTPException):
            self.daemon.http.close()
            return False

    def await_ready(self, patience):
        """False when it was not in time, which only without faults it must be."""
        try:
            wait_for("the daemon is ready", self.is_ready, patience, 0.002)
        except Failure:
            if self.calm_start:
                raise
            return False
        took = time.monotonic() - self.begun
        self.starts_all.append(took)
        if self.calm_start:
            self.starts_calm.append(took)
        self.alive = True
        return True

    def kill(self):
        self.alive = False
        self.daemon.process.kill()
        self.daemon.http.close()
        self.kills += 1

    # --- one life
    def life(self):
        # Every other life begins in peace, so that its start can be measured; the rest in whatever there is.
        self.proxy.set_profile("calm" if self.chance.random() < 0.5 else self.chance.choice(list(PROFILES)))
        self.launch()
        if self.chance.random() < 0.25:
            self.count("killed while starting")
            time.sleep(self.chance.random() * 0.25)
            return self.kill()
        if not self.await_ready(READY_SECONDS if self.calm_start else self.chance.random() * 4):
            self.count("killed while not ready under faults")
            return self.kill()
        for _ in range(self.chance.randrange(1, 4)):
            self.proxy.set_profile(self.chance.choice(list(PROFILES)))
            self.trouble()
            time.sleep(self.chance.random() * 0.4)
        if self.chance.random() < 0.06:
            return self.ask_to_end()
        self.kill()

    def trouble(self):
        what = self.chance.random()
        if what < 0.45:
            self.move_market()
        elif what < 0.55:
            self.count("frozen (SIGSTOP)")
            self.alive = False
            self.daemon.process.signal(signal.SIGSTOP)
            time.sleep(self.chance.random() * 1.2)
            if self.chance.random() < 0.5:
                self.move_market()
            self.daemon.process.signal(signal.SIGCONT)
            self.alive = True
        elif what < 0.65:
            self.proxy.set_link(self.chance.choice(("cut", "stalled")))
            time.sleep(self.chance.random() * 0.8)
            self.proxy.set_link("up")
        elif what < 0.69:
            self.restart_exchange()
        elif what < 0.73 and self.database:
            self.restart_database()

    def restart_exchange(self):
        self.count("exchange killed -9")
        self.alive = False
        self.exchange.kill()
        time.sleep(self.chance.random() * 0.3)
        self.exchange.start()
        self.alive = self.daemon.process.child.poll() is None

    def restart_database(self):
        """A daemon that cannot know whether its commit was made ends, and is started again."""
        self.count("database shut down in the middle")
        self.alive = False
        self.may_end = True
        self.database.kill()
        time.sleep(self.chance.random() * 0.3)
        self.database.start()

    def ask_to_end(self):
        """SIGTERM, which must end it in time whatever the broker does."""
        self.count("asked to end (SIGTERM)")
        self.alive = False
        self.daemon.process.signal(signal.SIGTERM)
        try:
            code = self.daemon.process.wait(20)
            if code != 0 and not self.may_end:
                self.problem(f"SIGTERM: exit {code}:\n{self.daemon.process.err()[-2000:]}")
        except Failure as e:
            self.problem(f"SIGTERM: {e}")
            self.kill()

    def move_market(self):
        """Some prices go far enough to meet stops and targets, by sliding there or over a gap."""
        for symbol in self.chance.sample(self.exchange.symbols, 4):
            self.count("price moved")
            percent = self.chance.choice((-12, -9, -6, -3, 3, 7, 13, 22))
            if self.exchange.prices[symbol] > 2000:
                percent = -abs(percent)
            self.exchange.move(symbol, 1 + Decimal(percent) / 100, self.chance.choice(("slide", "slide", "jump")))

    def run(self):
        begun, hundreds = time.monotonic(), 0
        try:
            self.callers.start()
            while self.kills < self.args.kills and len(self.problems) < 5:
                self.life()
                if self.kills // 100 > hundreds:
                    hundreds = self.kills // 100
                    print(f"{self.kills} kills, {len(self.callers.calls)} calls, {time.monotonic() - begun:.0f} s", flush=True)
                if self.chance.random() < 0.5:
                    self.move_market()  # while nobody is there to see it
                if self.chance.random() < 0.03:
                    self.restart_exchange()
                time.sleep(self.chance.random() * 0.2)
            self.heal()
            self.compare()
        except Failure as e:
            self.problem(f"{e}\n{self.daemon.process.err()[-2000:]}")
        finally:
            self.callers.stop()
            self.daemon.stop()
            self.exchange.stop()
            self.proxy.stop()
            if self.database:
                self.database.stop()
        self.report(time.monotonic() - begun)
        return 1 if self.problems else 0

    # --- the end
    def heal(self):
        self.proxy.set_profile("calm")
        self.launch()
        self.await_ready(READY_SECONDS)
        begun = time.monotonic()
        self.callers.finish()
        same, last = 0, None

        def at_rest():
            nonlocal same, last
            status = self.daemon.status()
            ledger = self.exchange.ledger()
            positions = self.daemon.all("positions", status="all")
            wrong = judge.check_books(ledger, positions)
            now = (status["decisions_final"], len(ledger["orders"]), len(ledger["executions"]))
            quiet = status["in_flight"] == 0 and status["decisions_under_way"] == 0 and status["orders_unknown"] == 0
            same = same + 1 if quiet and not wrong and now == last else 0
            last = now
            if not quiet or wrong:
                raise Failure(f"in flight {status['in_flight']}, undecided {status['decisions_under_way']}, unknown "
                              f"{status['orders_unknown']}; " + "; ".join(text for text, _ in wrong[:3]))
            return same >= 4

        try:
            wait_for("everything comes to rest with right books", at_rest, 90, 0.1)
        except Failure as e:
            self.problem(str(e))
        self.heal_seconds = time.monotonic() - begun

    def compare(self):
        spells = self.watch.stop()
        self.spells = spells
        daemon, ledger = self.daemon, self.exchange.ledger()
        signals, orders, intents, fills, trades, positions = (
            daemon.all(what, **more) for what, more in (("signals", {"from": START}), ("orders", {}), ("intents", {}), ("fills", {}),
                                                        ("trades", {}), ("positions", {"status": "all"})))
        calls = self.callers.calls
        self.counts = {"calls": len(calls), "acknowledged": sum(bool(c.signal) for c in calls),
                       "attempts": sum(c.attempts for c in calls), "signals": len(signals), "orders": len(ledger["orders"]),
                       "executions": len(ledger["executions"]), "trades": len(trades),
                       "repeated and recognized": self.callers.recognized}
        self.funnel = {}
        for s in signals:
            for d in s["decisions"]:
                name = d["disposition"].split(":")[0] if d["disposition"].startswith("duplicate") else d["disposition"]
                self.funnel[name] = self.funnel.get(name, 0) + 1
        found = [(text, "") for text in self.callers.problems]
        found += judge.check_acknowledged(calls, signals) + judge.check_names(ledger, orders, intents)
        found += judge.check_flips(ledger) + judge.check_books(ledger, positions)
        found += judge.check_money(ledger, fills, trades)
        verified = daemon.get("/api/v1/journal/verify")
        self.counts["journal rows"] = verified.get("events", 0)
        if not verified["ok"]:
            found.append((f"the journal does not verify: {verified}", ""))
        if self.watch.worst[0] > self.args.naked_seconds:
            found.append((f"{self.watch.worst[1]}: held without a stop for {self.watch.worst[0]:.1f} s of the daemon's "
                          "time", f"paper/{self.watch.worst[1]}"))
        for text, about in found:
            self.problem(text, about)
        self.ask_to_end()
        for text, about in judge.check_store(self.store, START, calls, signals, orders, fills):
            self.problem(text, about)

    def problem(self, text, about=""):
        print(f"PROBLEM {text}", flush=True)
        if about and len(self.problems) < 5 and self.daemon.process.child.poll() is None:
            try:
                code, out, err = self.daemon.cli("--config", self.daemon.config, "explain", about)
                print(f"--- heed explain {about}\n{out[-6000:]}{err}---", flush=True)
            except (OSError, subprocess.SubprocessError) as e:
                print(f"--- heed explain {about}: {e}", flush=True)
        self.problems.append(text)

    def report(self, seconds):
        print(f"\ntorture: seed {self.args.seed}, journal {self.args.journal}"
              f"{' with a past' if self.args.past else ''}, {self.kills} kills in {seconds:.0f} s, load "
              f"{os.getloadavg()[0]:.1f}")
        for title, table in (("done to the processes", {"daemon killed -9": self.kills, **self.events}),
                             (f"done to {self.proxy.requests} requests and {self.proxy.frames} frames", self.proxy.counts),
                             ("counted", getattr(self, "counts", {})), ("decisions", getattr(self, "funnel", {}))):
            print(f"  {title}:")
            for name, count in sorted(table.items(), key=lambda item: -item[1]):
                print(f"    {count:8} {name}")
        print(f"  from exec to ready, broker healthy: {spread(self.starts_calm)}; all: {spread(self.starts_all)}")
        print(f"  held without a stop, daemon's time: {spread(getattr(self, 'spells', []))}, {self.watch.looks} looks")
        print(f"  from heal to rest: {self.heal_seconds:.1f} s")
        print(f"  problems: {len(self.problems)}", flush=True)
        if self.args.json:
            with open(self.args.json, "w") as out:
                json.dump({"seed": self.args.seed, "journal": self.args.journal, "kills": self.kills, "seconds": seconds,
                           "events": self.events, "faults": self.proxy.counts, "requests": self.proxy.requests,
                           "counted": getattr(self, "counts", {}), "decisions": getattr(self, "funnel", {}),
                           "ready_healthy": self.starts_calm, "ready_all": self.starts_all,
                           "naked": getattr(self, "spells", []), "problems": self.problems}, out, indent=1)


def spread(seconds):
    if not seconds:
        return "never"
    rows = sorted(seconds)
    at = lambda q: rows[min(len(rows) - 1, int(q * len(rows)))]
    return f"{len(rows)} times, p50 {at(0.5) * 1000:.0f} ms, p99 {at(0.99) * 1000:.0f} ms, most {rows[-1] * 1000:.0f} ms"


def parse(argv):
    p = argparse.ArgumentParser(description="Kills the daemon hundreds of times, and compares all books.")
    p.add_argument("--heed", required=True, help="the binary")
    p.add_argument("--kills", type=int, default=20)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--journal", choices=("sqlite", "postgres"), default="sqlite")
    p.add_argument("--past", help="a SQLite journal to begin with")
    p.add_argument("--naked-seconds", type=float, default=10, help="the longest that something may be without a stop")
    p.add_argument("--json", help="write the report there too")
    p.add_argument("--keep", help="folder to keep data, logs and configuration in")
    return p.parse_args(argv)


def main(argv):
    args = parse(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    signal.signal(signal.SIGINT, lambda *_: setattr(args, "kills", 0))  # Ctrl-C: enough kills, compare
    args.heed = os.path.abspath(args.heed)
    folder = os.path.abspath(args.keep) if args.keep else tempfile.mkdtemp(prefix="heed-torture-")
    os.makedirs(folder, exist_ok=True)
    print(f"torture: seed {args.seed}, {args.kills} kills, in {folder}", flush=True)
    try:
        torture = Torture(args, folder)
    except NotInstalled as e:
        print(f"skipped: {e}")
        return 77
    failed = torture.run()
    if not args.keep and not failed:
        shutil.rmtree(folder, ignore_errors=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
