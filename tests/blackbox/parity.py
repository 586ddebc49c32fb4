#!/usr/bin/env python3
"""Live against the past: the same calls through the daemon and the built-in exchange, over sockets, and through
`heed backtest` with the daemon's own configuration. The trades must be the same: call, lot, entry and exit session,
quantity, prices and reason; so must the end of every call. What differs must follow from one of the rules in RULES,
each of which says what live has to show instead, and is checked in full. No rule, no excuse.

  parity.py --heed build/heed --mentions cramer_2020.jsonl --bars bars/ --from 2020-01-02 --to 2020-12-31
  parity.py ... --expect still_open,superseded    these rules, and no others, must have been needed

Limits are so wide that every call may trade: which of the calls of one opening gets the last place under a limit is
decided live by which position asks first, and only by their order in the past. Exit: 0 the same, 1 not, 77 no data.
"""
import collections
import csv
import datetime
import glob
import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

import replay

STOP_PCT, TARGET_PCT = Decimal("0.08"), Decimal("0.20")
MAX_TRADE, MAX_PER_TICKER, MIN_TRADE = Decimal(5000), Decimal(7500), Decimal(500)
CENT = Decimal("0.01")
HOLD = {"days": 3, "weeks": 10, "months": 45, "long_term": 90, "unspecified": 10}  # sessions


@dataclass(frozen=True)
class Trade:
    call: str
    symbol: str
    entry: str
    exit: str
    quantity: Decimal
    entry_price: Decimal
    exit_price: Decimal
    reason: str

    def text(self):
        return (f"{self.quantity} from {self.entry} at {self.entry_price} to {self.exit} at {self.exit_price}, "
                f"{self.reason}")


@dataclass(frozen=True)
class Side:
    """What one of the two made of the calls."""
    trades: dict    # by call
    ends: dict      # disposition by call
    opened: dict    # instants by call; of the past: none
    closed: dict


class Bars:
    def __init__(self, folder):
        self.folder, self.known = folder, {}

    def of(self, symbol, session):
        """Open, high, low, close of a session; None without a bar."""
        if symbol not in self.known:
            rows = {}
            for path in glob.glob(os.path.join(self.folder, symbol + ".csv*")):
                with (gzip.open(path, "rt") if path.endswith(".gz") else open(path)) as file:
                    rows = {row["date"]: row for row in csv.DictReader(file)}
            self.known[symbol] = rows
        row = self.known[symbol].get(session)
        return row and tuple(Decimal(row[name]) for name in ("open", "high", "low", "close"))


def levels(trade):
    """(stop, target) of a lot: a cent above one dollar, away from the entry."""
    stop = (trade.entry_price * (1 - STOP_PCT) / CENT).to_integral_value(ROUND_DOWN) * CENT
    target = trade.entry_price * (1 + TARGET_PCT) / CENT
    return stop, target.to_integral_value("ROUND_UP") * CENT


def size(held_cost, price):
    """Shares that a buy takes with so much held of the symbol: none when at the cap or under the least trade."""
    dollars = min(MAX_TRADE, MAX_PER_TICKER - held_cost)
    return (dollars / price).to_integral_value(ROUND_DOWN) if dollars >= MIN_TRADE else Decimal(0)


class Comparison:
    def __init__(self, live, past, calls, bars, held_at_end, openings):
        self.live, self.past, self.calls, self.bars, self.held_at_end = live, past, calls, bars, held_at_end
        self.openings = openings  # instant by session
        self.used = collections.Counter()
        self.notes, self.problems = [], []
        self.disturbed = {}  # symbol -> calls of it whose difference was explained: later sizes may follow from it

    def run(self):
        for call in sorted(self.calls, key=self.order_of):
            a, b = self.live.trades.get(call), self.past.trades.get(call)
            if a != b:
                self.explain(call, a, b)
            elif self.end_of(self.live, call) != self.end_of(self.past, call):
                self.explain(call, a, b)
        return self

    def end_of(self, side, call):
        """The disposition, in words that both have."""
        end = side.ends.get(call, "missing")
        return SAME_END.get(end, end.split(":")[0] if end.startswith("superseded") else end)

    def explain(self, call, a, b):
        symbol = self.calls[call]["symbol"]
        for rule in RULES:
            if rule(self, call, a, b):
                self.used[rule.__name__] += 1
                self.disturbed.setdefault(symbol, []).append(call)
                self.notes.append(f"{rule.__name__}: call {call} {symbol}: live {self.say(self.live, call)}; "
                                  f"past {self.say(self.past, call)}")
                return
        self.problems.append(f"call {call} {symbol}: live {self.say(self.live, call)}; past {self.say(self.past, call)}")

    def say(self, side, call):
        trade = side.trades.get(call)
        return (trade.text() + ", " if trade else "") + side.ends.get(call, "missing")

    def order_of(self, call):
        return self.calls[call]["created_at"], int(self.calls[call]["id"])

    def lots_before(self, side, call, session):
        """Lots of the call's symbol that a side held when the call's turn came at a session's opening."""
        symbol, turn = self.calls[call]["symbol"], self.order_of(call)
        return [t for t in side.trades.values() if t.symbol == symbol and t.exit >= session and
                (t.entry < session or (t.entry == session and self.order_of(t.call) < turn))]

    def met_at_open(self, trade, session):
        """The opening of that session lies beyond the lot's stop or target."""
        bar = self.bars.of(trade.symbol, session)
        stop, target = levels(trade)
        return bar is not None and (bar[0] <= stop or bar[0] >= target)

    def session_of(self, call):
        """Where the call acted: the session of whichever trade it made, else None."""
        for side in (self.live, self.past):
            if call in side.trades:
                return side.trades[call].entry
        return None


# Live and past have different words for these: live asks the broker, the past looks for bars.
SAME_END = {
    "no_op:no_data": "no_op:not_tradable",     # the exchange lists what it has bars of
    "no_op:no_price": "risk_denied:stale_price",  # it has some, but none of today
    "no_op:at_ticker_cap": "no_op:no_room", "no_op:below_min_trade": "no_op:no_room",
}


# ---- the rules: each takes (comparison, call, live trade, past trade) and says whether it explains the difference -----

def still_open(c, call, a, b):
    """Live does not end with the data. What the past closes as END_OF_DATA live still holds, all of it."""
    if a is not None or b is None or b.reason != "END_OF_DATA" or c.live.ends.get(call) != "filled":
        return False
    lots = [t for t in c.past.trades.values() if t.symbol == b.symbol and t.reason == "END_OF_DATA"]
    return sum(t.quantity for t in lots) == c.held_at_end.get(b.symbol, 0)


def protection_before_scan(c, call, a, b):
    """Resting orders meet the opening; the exit scan comes at 09:35. The past sends closes that are due to the opening
    itself. An opening beyond stop or target: the same session, quantity and price (the opening), another reason."""
    if a is None or b is None or b.reason != "TIME_EXIT" or a.reason not in ("SL_HIT", "TP_HIT"):
        return False
    bar = c.bars.of(a.symbol, a.exit)
    stop, target = levels(a)
    wanted = "SL_HIT" if bar[0] <= stop else "TP_HIT" if bar[0] >= target else None
    return (a.reason == wanted and (a.exit, a.quantity, a.entry, a.entry_price) ==
            (b.exit, b.quantity, b.entry, b.entry_price) and a.exit_price == b.exit_price == bar[0])


def protection_before_call(c, call, a, b):
    """The same for a sell call that waits for the opening: a resting order that the opening fills is not there to be
    cancelled any more. The past lets calls act before stops and targets."""
    if a is None or b is None or b.reason != "STRATEGY_EXIT" or a.reason not in ("SL_HIT", "TP_HIT"):
        return False
    bar = c.bars.of(a.symbol, a.exit)
    return (c.met_at_open(a, a.exit) and (a.exit, a.quantity, a.entry_price) == (b.exit, b.quantity, b.entry_price)
            and a.exit_price == b.exit_price == bar[0])


def decided_on_arrival(c, call, a, b):
    """A sell call is decided when it arrives: what an earlier call will buy at the opening is not held yet. The past
    decides both at the opening, one after the other, and closes what it has just opened."""
    mine = c.calls[call]
    if a is None and b is None:  # the sell call itself
        if (c.live.ends.get(call), c.past.ends.get(call)) != ("no_op:not_held", "closed"):
            return False
        torn = [t for t in c.past.trades.values() if t.symbol == mine["symbol"] and t.reason == "STRATEGY_EXIT"
                and t.entry == t.exit]
        return any(c.calls[t.call]["created_at"] < mine["created_at"] < c.openings[t.entry] for t in torn)
    return (a is not None and b is not None and b.reason == "STRATEGY_EXIT" and b.entry == b.exit == a.entry and
            (a.quantity, a.entry_price) == (b.quantity, b.entry_price) and b.exit_price == b.entry_price and
            any(o["symbol"] == mine["symbol"] and o["action"] == "sell" and
                mine["created_at"] < o["created_at"] < c.openings[b.entry] for o in c.calls.values()))


def nothing_left_to_sell(c, call, a, b):
    """The other half of protection_before_call: the sell call finds nothing held."""
    if a is not None or b is not None or (c.live.ends.get(call), c.past.ends.get(call)) != ("no_op:not_held", "closed"):
        return False
    symbol = c.calls[call]["symbol"]
    closed = [t for t in c.past.trades.values() if t.symbol == symbol and t.reason == "STRATEGY_EXIT"]
    return any(c.live.trades.get(t.call) and c.live.trades[t.call].exit == t.exit and c.met_at_open(t, t.exit)
               for t in closed)


def exit_and_call_in_one_instant(c, call, a, b):
    """An opening that fills a resting exit is the instant at which a call of that symbol is sized. Live the exit may
    come first, and the symbol has room again; in the past calls act before stops and targets. Both sizes must be
    what the rules give for what each held."""
    session = c.session_of(call)
    if session is None:
        return False
    gone = [t for t in c.lots_before(c.live, call, session)
            if t.exit == session and c.met_at_open(t, session) and c.live.closed[t.call][:19] == c.openings[session]]
    if not gone or not sized_by_what_is_held(c, call, a, b, session, {t.call for t in gone}):
        return False
    return same_way(a, b) or goes_by_its_own_horizon(c, call, a, b)


def due_of_a_lot_that_is_gone(c, call, a, b):
    """Of that instant too: a lot that the opening takes away lends its later due session to no other, live. Then the
    new lot goes by its own horizon, at the opening price of that session."""
    return (a is not None and b is not None and a.quantity == b.quantity and
            any(t.exit == a.entry and c.met_at_open(t, a.entry) for t in c.lots_before(c.live, call, a.entry)) and
            goes_by_its_own_horizon(c, call, a, b))


def follows_from_earlier(c, call, a, b):
    """The symbol is held in another quantity, because of a difference explained before. Each side's size must be what
    the rules give for what it held."""
    session = c.session_of(call)
    earlier = c.disturbed.get(c.calls[call]["symbol"], [])
    touching = {t.call for side in (c.live, c.past) for t in c.lots_before(side, call, session or "")}
    return (bool(session and touching.intersection(earlier)) and
            sized_by_what_is_held(c, call, a, b, session, set()) and same_way(a, b))


def superseded(c, call, a, b):
    """Of several calls on a symbol that arrive together the last stands, live. The past takes each by itself."""
    if a is not None or not c.live.ends.get(call, "").startswith("superseded"):
        return False
    mine = c.calls[call]
    return any(o["symbol"] == mine["symbol"] and o["created_at"] == mine["created_at"] and
               int(o["id"]) > int(mine["id"]) for o in c.calls.values())


def asset_without_a_price(c, call, a, b):
    """The exchange lists what it has bars of, and finds out that today has none when it comes to the price. Without a
    bar of the session the past refuses where tradability is asked, ahead of the other gates."""
    if a is not None or b is not None or c.past.ends.get(call) != "no_op:no_price":
        return False
    session = next((day for day in sorted(c.openings) if c.openings[day] > c.calls[call]["created_at"]), None)
    return (session is not None and c.bars.of(c.calls[call]["symbol"], session) is None and
            c.live.ends.get(call) in ("no_op:low_conviction", "no_op:intraday_horizon", "no_op:blocklisted"))


RULES = [still_open, protection_before_scan, protection_before_call, decided_on_arrival, nothing_left_to_sell,
         superseded, asset_without_a_price, exit_and_call_in_one_instant, due_of_a_lot_that_is_gone,
         follows_from_earlier]


def sized_by_what_is_held(c, call, a, b, session, gone_live):
    """Each side's size is what the rules give for what it held."""
    for side, trade, gone in ((c.live, a, gone_live), (c.past, b, set())):
        held = sum((t.quantity * t.entry_price for t in c.lots_before(side, call, session) if t.call not in gone),
                   Decimal(0))
        price = c.bars.of(c.calls[call]["symbol"], session)[0]
        if (trade.quantity if trade else Decimal(0)) != size(held, price):
            return False
    return True


def same_way(a, b):
    """Entry price, exit session, exit price and reason agree as far as both traded."""
    return a is None or b is None or (a.entry, a.entry_price, a.exit, a.exit_price, a.reason) == (
        b.entry, b.entry_price, b.exit, b.exit_price, b.reason)


def goes_by_its_own_horizon(c, call, a, b):
    """Live, the lot ends at the opening of its own due session; in the past, later."""
    if a is None or b is None or a.reason != "TIME_EXIT" or (a.entry, a.entry_price) != (b.entry, b.entry_price):
        return False
    days = sorted(c.openings)
    return (days.index(a.exit) - days.index(a.entry) == HOLD[c.calls[call]["time_horizon"]] and b.exit > a.exit and
            a.exit_price == c.bars.of(a.symbol, a.exit)[0])


# ---- both runs ----------------------------------------------------------------------------------------------------------

class Live(replay.Replay):
    """The replay, which also keeps what a comparison needs."""

    def take_calls(self, args):
        """As the base, and each call with a name that leads from its signal back to it."""
        path, count = super().take_calls(args)
        with open(path) as file:
            calls = [json.loads(line) for line in file]
        self.calls_by_id = {}
        with open(path, "w") as out:
            for call in calls:
                call["external_id"] = str(call["id"])
                self.calls_by_id[str(call["id"])] = call
                out.write(json.dumps(call) + "\n")
        return path, count

    def report(self, seconds):
        daemon = self.daemon
        names = {m["signal"]: m["external_id"] for m in daemon.all("mentions")}
        self.trades, self.opened, self.closed = {}, {}, {}
        for t in daemon.all("trades"):
            call = names[t["signal"]]
            if call in self.trades:
                self.problem(f"call {call} made two trades")
            self.trades[call] = Trade(call, t["symbol"], t["entry_session"], t["exit_session"], Decimal(t["quantity"]),
                                      Decimal(t["entry_price"]), Decimal(t["exit_price"]), t["reason"])
            self.opened[call], self.closed[call] = t["opened_at"], t["closed_at"]
        self.ends = {names[s["signal_id"]]: s["decisions"][0]["disposition"] for s in daemon.all("signals")
                     if s["signal_id"] in names}
        self.held = {p["symbol"]: Decimal(p["quantity"]) for p in daemon.all("positions")}
        self.openings = {date: replay.rfc3339(replay.new_york(datetime.date.fromisoformat(date), opening))[:19]
                         for date, opening, _ in self.exchange.sessions(self.first.isoformat(), self.last.isoformat())}
        return super().report(seconds)


def backtest(args, live):
    """The same calls with the daemon's own configuration file."""
    ends = os.path.join(live.folder, "ends.csv")
    command = [args.heed, "backtest", "--config", live.daemon.config, "--mentions", live.mentions, "--bars", args.bars,
               "--from", args.first.isoformat(), "--to", args.last.isoformat(), "--capital", replay.CASH,
               "--default-conviction", "0.7", "--set", f"slippage={args.slippage}", "--set", "entry=next_open",
               "--dispositions", ends, "--json", "--no-cache"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **live.daemon.env()})
    if done.returncode != 0:
        raise SystemExit(f"heed backtest: {done.returncode} {done.stderr}")
    trades = {}
    for t in json.loads(done.stdout)["trades"]:
        call = str(t["mention_id"])
        trades[call] = Trade(call, t["symbol"], t["entry_date"], t["exit_date"], Decimal(t["quantity"]),
                             Decimal(t["entry_price"]), Decimal(t["exit_price"]), t["reason"])
    with open(ends) as file:
        return Side(trades, {row["mention_id"]: row["disposition"] for row in csv.DictReader(file)}, {}, {})


def compare(args, folder):
    """(the replay's report, the comparison)"""
    live = Live(args, os.path.join(folder, "live"))
    report = live.run()
    comparison = Comparison(Side(live.trades, live.ends, live.opened, live.closed), backtest(args, live),
                            live.calls_by_id, Bars(args.bars), live.held, live.openings)
    return report, comparison.run()


def show(report, comparison):
    replay.show("live", report)
    live, past = comparison.live, comparison.past
    same = sum(past.trades.get(call) == trade for call, trade in live.trades.items())
    print(f"\nparity: {len(comparison.calls)} calls; {len(live.trades)} trades live, {len(past.trades)} in the past, "
          f"{same} the same in every field")
    for rule in RULES:
        if comparison.used[rule.__name__]:
            print(f"  {comparison.used[rule.__name__]:5} {rule.__name__}: {' '.join(rule.__doc__.split())}")
    for note in comparison.notes[:40]:
        print("    ", note)
    print(f"  not explained: {len(comparison.problems)}")
    for problem in comparison.problems[:40]:
        print("    ", problem)


def main(argv):
    expected = None
    if "--expect" in argv:
        at = argv.index("--expect")
        expected = set(argv[at + 1].split(","))
        argv = argv[:at] + argv[at + 2:]
    args = replay.parse([*argv, "--wide"])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    args.heed, args.bars = os.path.abspath(args.heed), os.path.abspath(args.bars)
    for path in (args.mentions, args.bars):
        if not os.path.exists(path):
            print(f"skipped: no {path}; set HEED_SHARED_DATA or give --mentions and --bars")
            return 77
    folder = os.path.abspath(args.keep) if args.keep else tempfile.mkdtemp(prefix="heed-parity-")
    try:
        report, comparison = compare(args, folder)
        show(report, comparison)
        wrong = report["problems"] + comparison.problems
        if expected is not None and expected != set(comparison.used):
            wrong.append("rules")
            print(f"  rules needed: {sorted(comparison.used)}, expected: {sorted(expected)}")
        return 1 if wrong else 0
    finally:
        if not args.keep:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
