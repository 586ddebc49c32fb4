#!/usr/bin/env python3
"""Plays real calls through the live daemon and the built-in exchange, over sockets, in stepped time.

  replay.py --heed build/heed --mentions cramer_2020.jsonl --bars bars/ --from 2020-01-02 --to 2020-12-31 --wide
  replay.py ... --kills 20 --seed 7     kill -9 that often on the way; the trades must be those of a quiet run

Each session: its opening (deferred entries go out), the exit scan at 09:35, the low, the high, the close; calls at
their own instants. After every step nothing may be on its way, the daemon's books must equal the exchange's, and what
is held must be protected; at each close the averages and costs are the exchange's. Exit: 0 all held, 1 something did
not, 77 no data there.
"""
import argparse
import datetime
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from decimal import Decimal

import heedbox
from heedbox import Daemon, Exchange, Failure

CASH = "10000000"


def new_york(day, clock):
    """The instant at which a wall in New York shows `clock`, HH:MM[:SS], on a day."""
    first_sunday = lambda month, skip: next(
        d for n in range(7) if (d := datetime.date(day.year, month, 1 + n + 7 * skip)).weekday() == 6)
    summer = first_sunday(3, 1) <= day < first_sunday(11, 0)
    local = datetime.datetime.combine(day, datetime.time.fromisoformat(clock))
    return local + datetime.timedelta(hours=4 if summer else 5)


def rfc3339(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


class Replay:
    def __init__(self, args, folder, kills=0):
        self.folder = folder
        os.makedirs(folder)
        self.first, self.last = args.first, args.last
        self.mentions, self.calls = self.take_calls(args)
        start = new_york(self.first, "09:00")
        cash = CASH if args.wide else "100000"
        self.exchange = Exchange(args.heed, folder, rfc3339(start), bars=args.bars, cash=cash,
                                 slippage=args.slippage, partial_fills=args.partial_fills)
        self.daemon = Daemon(args.heed, folder, self.exchange.url, sources=heedbox.jsonl_source(self.mentions),
                             risk=heedbox.WIDE_OPEN if args.wide else heedbox.STEPPED, equity=cash,
                             strategy="max_position_pct = 0\n" if args.wide else "")
        self.steps = self.plan(start)
        chance = random.Random(args.seed)
        self.kill_at = {i: (chance.choice(("before", "after")), chance.random() * 0.08)
                        for i in chance.sample(range(len(self.steps)), min(kills, len(self.steps)))}
        self.problems = []
        self.slowest = (0.0, "")
        self.partial_fills = args.partial_fills > 0
        self.restarts = []
        self.verbose = args.verbose

    def take_calls(self, args):
        """The calls of the period, in a file of their own."""
        path = os.path.join(self.folder, "calls.jsonl")
        instants, count = [], 0
        until = args.last.isoformat()
        with open(args.mentions) as source, open(path, "w") as out:
            for line in source:
                at = json.loads(line)["created_at"]
                if args.first.isoformat() <= at[:10] <= until:
                    out.write(line)
                    instants.append(at)
                    count += 1
        self.instants = sorted(set(instants))
        return path, count

    def plan(self, start):
        """[(instant, what)] in order."""
        steps = set()
        for date, opening, closing in self.exchange.sessions(self.first.isoformat(), self.last.isoformat()):
            day = datetime.date.fromisoformat(date)
            begins, ends = new_york(day, opening), new_york(day, closing)
            steps.add((begins, "open"))
            steps.add((begins + datetime.timedelta(minutes=5), "exit scan"))
            steps.add((begins + (ends - begins) * 5 / 13, "low"))
            steps.add((begins + (ends - begins) * 9 / 13, "high"))
            steps.add((ends - datetime.timedelta(seconds=1), "last"))
            steps.add((ends, "close"))
        for text in self.instants:
            at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(datetime.timezone.utc)
            steps.add((at.replace(tzinfo=None, microsecond=0) + datetime.timedelta(seconds=1), "calls"))
        return sorted(step for step in steps if step[0] > start)

    def run(self):
        begun = time.monotonic()
        try:
            self.daemon.start()
            for i, (at, what) in enumerate(self.steps):
                self.step(i, rfc3339(at), what)
                if len(self.problems) > 20:
                    break
            return self.report(time.monotonic() - begun)
        finally:
            self.daemon.stop()
            self.exchange.stop()

    def step(self, i, at, what):
        when, delay = self.kill_at.get(i, ("", 0))
        if when == "before":
            self.daemon.kill()
        self.exchange.advance(at)
        if when == "after":
            time.sleep(delay)
            self.daemon.kill()
        if when:
            begun = time.monotonic()
            self.daemon.start()
            self.restarts.append(time.monotonic() - begun)
        try:
            if what == "exit scan":
                self.wait_for_scan(at)
            took = self.come_to_rest(at, i)
            self.slowest = max(self.slowest, (took, f"{at} {what}"))
        except Failure as e:
            self.problem(f"{at} {what}: {e}")
        if what == "close":
            for text in heedbox.check_averages(self.daemon, self.exchange):
                self.problem(f"{at} close: {text}")
        if self.verbose and what in ("close", "calls"):
            s = self.daemon.status()
            print(f"{at} {what}: {s['signals_in']} in, {s['decisions_final']} final", flush=True)

    def wait_for_scan(self, at):
        """A daemon that has not yet begun with the scan looks at rest."""
        def scanned():
            rows = self.daemon.get("/api/v1/schedule")["items"]
            return any(row["name"] == "exit_scan" and (row["last_at"] or "")[:19] >= at[:19] for row in rows)

        heedbox.wait_for("the exit scan has run", scanned)

    def come_to_rest(self, at, i):
        """The rest of an order filled in part, and the second look for a lost one, need market time; it stands still
        unless it is moved, which it never is as far as the next step."""
        for seconds in range(2, 42, 2):
            later = datetime.datetime.strptime(at, "%Y-%m-%dT%H:%M:%SZ") + datetime.timedelta(seconds=seconds)
            if i + 1 < len(self.steps) and later >= self.steps[i + 1][0]:
                break
            try:
                return self.daemon.settled_books(self.exchange, 0.5 if self.partial_fills else 3)
            except Failure:
                self.exchange.advance(rfc3339(later))
        return self.daemon.settled_books(self.exchange)

    def problem(self, text):
        print("PROBLEM", text, flush=True)
        self.problems.append(text)

    def report(self, seconds):
        daemon, exchange = self.daemon, self.exchange
        for check in (heedbox.check_money, heedbox.check_orders):
            for text in check(daemon, exchange):
                self.problem(text)
        # Calls of the last evening wait for an opening that is not played any more.
        for text in heedbox.check_dispositions(daemon, self.calls, all_final=False):
            self.problem(text)
        trades = heedbox.trades_of(daemon)
        rejected = len(daemon.all("rejected-inputs"))
        verified = daemon.get("/api/v1/journal/verify")
        if not verified["ok"]:
            self.problem(f"journal: {verified}")
        ledger, funnel = exchange.ledger(), grouped(daemon.funnel())
        if daemon.terminate() != 0:
            self.problem(f"SIGTERM: exit {daemon.process.child.returncode}")
        return {
            "calls": self.calls, "sessions": sum(what == "close" for _, what in self.steps),
            "steps": len(self.steps), "funnel": funnel, "rejected_inputs": rejected, "trades": len(trades),
            "pnl": str(sum((Decimal(t[6]) for t in trades), Decimal(0))), "equity": ledger["equity"],
            "orders_at_exchange": len(ledger["orders"]), "executions": len(ledger["executions"]),
            "events": verified.get("events"), "seconds": round(seconds, 1), "slowest_step": self.slowest,
            "kills": len(self.restarts), "slowest_restart": max(self.restarts, default=0),
            "problems": self.problems, "trade_list": trades,
        }


def grouped(funnel):
    """Dispositions, without what differs from case to case."""
    out = {}
    for name, count in funnel.items():
        head = name.split(":")[0]
        key = head if head in ("deferred", "superseded", "duplicate_of") else name
        out[key] = out.get(key, 0) + count
    return dict(sorted(out.items(), key=lambda item: -item[1]))


def show(name, report):
    print(f"\n{name}: {report['calls']} calls, {report['sessions']} sessions, {report['steps']} steps "
          f"in {report['seconds']} s")
    for disposition, count in report["funnel"].items():
        print(f"  {count:6} {disposition}")
    print(f"  trades {report['trades']}, P&L {report['pnl']}, equity {report['equity']}; "
          f"{report['orders_at_exchange']} orders and {report['executions']} executions at the exchange; "
          f"{report['events']} events in the journal; {report['rejected_inputs']} rejected inputs")
    print(f"  slowest step {report['slowest_step'][0]:.2f} s ({report['slowest_step'][1]}); {report['kills']} kills, "
          f"slowest restart {report['slowest_restart']:.2f} s")
    print(f"  problems: {len(report['problems'])}", flush=True)


def raced(trades):
    """Symbols of which an exit filled at the very instant at which a call was sized: which came first is chance, in the
    real world too, and decides what was held then and so how much was bought."""
    closed = {(t[0], t[10]) for t in trades if t[7] in ("SL_HIT", "TP_HIT")}
    return {t[0] for t in trades if (t[0], t[9]) in closed}


def compare(quiet, killed):
    """(what the kills changed: must be nothing, symbols left out because an exit and a call met in one instant)."""
    a, b = {tuple(t) for t in quiet["trade_list"]}, {tuple(t) for t in killed["trade_list"]}
    excused = raced(a | b) & {t[0] for t in a ^ b}
    lines = [f"only without kills: {t}" for t in sorted(a - b) if t[0] not in excused]
    return lines + [f"only with kills: {t}" for t in sorted(b - a) if t[0] not in excused], sorted(excused)


def default_data():
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "shared", "data")
    return os.environ.get("HEED_SHARED_DATA", beside)


def parse(argv):
    data = default_data()
    p = argparse.ArgumentParser(description="Plays real calls through the live daemon and the built-in exchange.")
    p.add_argument("--heed", required=True, help="the binary")
    p.add_argument("--mentions", default=os.path.join(data, "mentions", "cramer_2020.jsonl"))
    p.add_argument("--bars", default=os.path.join(data, "bars"))
    p.add_argument("--from", dest="first", type=datetime.date.fromisoformat, default=datetime.date(2020, 1, 2))
    p.add_argument("--to", dest="last", type=datetime.date.fromisoformat, default=datetime.date(2020, 12, 31))
    p.add_argument("--wide", action="store_true", help="limits so wide that every call may trade; 10 million in cash")
    p.add_argument("--slippage", default="0")
    p.add_argument("--partial-fills", type=int, default=0)
    p.add_argument("--kills", type=int, default=0, help="kill -9 that often, and compare with a quiet run")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--json", help="write the reports there")
    p.add_argument("--keep", help="folder to keep data, logs and configuration in")
    p.add_argument("--verbose", action="store_true")
    return p.parse_args(argv)


def main(argv):
    args = parse(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    args.heed, args.bars = os.path.abspath(args.heed), os.path.abspath(args.bars)
    for path in (args.mentions, args.bars):
        if not os.path.exists(path):
            print(f"skipped: no {path}; set HEED_SHARED_DATA or give --mentions and --bars")
            return 77
    folder = os.path.abspath(args.keep) if args.keep else tempfile.mkdtemp(prefix="heed-replay-")
    reports = {}
    try:
        reports["quiet"] = Replay(args, os.path.join(folder, "quiet")).run()
        show("quiet run", reports["quiet"])
        if args.kills:
            reports["killed"] = Replay(args, os.path.join(folder, "killed"), args.kills).run()
            show(f"run with {args.kills} kills", reports["killed"])
            different, excused = compare(reports["quiet"], reports["killed"])
            print("  trades with kills: " + ("equal" if not different else f"{len(different)} differ") +
                  (f"; left out, an exit and a call met in one instant: {', '.join(excused)}" if excused else ""))
            for line in different[:20]:
                print("   ", line)
            reports["killed"]["problems"] += different
        if args.json:
            with open(args.json, "w") as out:
                json.dump(reports, out, indent=1, default=str)
        return 1 if any(r["problems"] for r in reports.values()) else 0
    finally:
        if not args.keep:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
