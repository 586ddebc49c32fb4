#!/usr/bin/env python3
"""The rules of the backtest once more: slow, plain, and written from the specification alone, in exact fractions. What the
program gives is held against what this gives, trade by trade and call by call.

    oracle.py MENTIONS BARS [key=value ...]      prints the result as JSON
"""
import csv
import datetime as dt
import gzip
import json
import math
import sys
from fractions import Fraction as F
from pathlib import Path

DEFAULTS = dict(
    capital=F(100000), benchmark="SPY", entry="next_day_open", risk="live", fractional=False, slippage=F("0.0005"),
    commission_per_order=F(0), commission_per_share=F(0), default_conviction=None, min_conviction=F("0.6"),
    blocklist_days=7, avoid_closes_longs=True, buy_clears_blocklist=False, base_pct=F("0.04"), min_trade=F(500),
    max_trade=F(5000), max_per_ticker=F(7500), max_position_pct=F("0.075"), on_repeat_buy="top_up",
    hold_sessions_days=3, hold_sessions_weeks=10, hold_sessions_months=45, hold_sessions_long_term=90,
    hold_sessions_unspecified=10, stop_pct=F("0.08"), target_pct=F("0.2"), window_hours=48, step=F("0.05"),
    cap=F("0.2"), boost_counts="same_action", trades_per_day_strategy=5, trades_per_day_account=10,
    dollars_per_day_strategy=F(15000), dollars_per_day_account=F(20000), open_positions_max=20,
    daily_loss_fraction=F("0.03"), daily_loss_pause_seconds=86400, drawdown_equity_fraction=F("0.8"),
    drawdown_from_peak=False, cooldown_seconds=0)
DEFAULTS["from"] = DEFAULTS["to"] = None

PLAIN = dict(stop_pct=F(0), target_pct=F(0), step=F(0), cap=F(0), risk="off", on_repeat_buy="roll", fractional=True,
             max_position_pct=F(0))


def half_even(value, digits):
    return F(round(value * 10**digits), 10**digits)  # Python rounds fractions half to even


def down(value, step):
    return math.floor(value / step) * step


def up(value, step):
    return math.ceil(value / step) * step


def sunday(year, month, n):
    first = dt.date(year, month, 1)
    return first + dt.timedelta(days=(6 - first.weekday()) % 7 + 7 * (n - 1))


def new_york(at):
    """Wall time in New York; daylight time since 2007, which is all that the tests need."""
    begin = dt.datetime.combine(sunday(at.year, 3, 2), dt.time(7))
    end = dt.datetime.combine(sunday(at.year, 11, 1), dt.time(6))
    if at.year < 2007:
        last = dt.date(at.year, 10, 31)
        begin = dt.datetime.combine(sunday(at.year, 4, 1), dt.time(7))
        end = dt.datetime.combine(last - dt.timedelta(days=(last.weekday() + 1) % 7), dt.time(6))
    return at - dt.timedelta(hours=4 if begin <= at < end else 5)


def to_utc(local):
    return next(u for u in (local + dt.timedelta(hours=h) for h in (4, 5)) if new_york(u) == local)


def instant(text):
    at = dt.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return at.astimezone(dt.timezone.utc).replace(tzinfo=None)


def read_mentions(path):
    out = []
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        if line.strip():
            m = json.loads(line, parse_float=str, parse_int=str)
            c = m.get("conviction")
            out.append(dict(id=int(m["id"]), symbol=m["symbol"].upper(), action=m["action"].lower(),
                            horizon=(m.get("time_horizon") or "unspecified").lower(),
                            conviction=None if c is None else F(c), at=instant(m["created_at"])))
    return sorted(out, key=lambda m: (m["at"], m["id"]))


def read_bars(folder):
    out = {}
    for path in sorted(Path(folder).iterdir()):
        name = path.name
        if name[0] in "_." or not (name.endswith(".csv") or name.endswith(".csv.gz")):
            continue
        open_it = gzip.open if name.endswith(".gz") else open
        with open_it(path, "rt") as f:
            rows = {dt.date.fromisoformat(r["date"]): [F(r[k]) for k in ("open", "high", "low", "close")]
                    for r in csv.DictReader(f)}
        out[name.split(".csv")[0]] = dict(sorted(rows.items()))
    return out


class Lot:
    def __init__(self, mention, quantity, price, session, o):
        self.mention, self.quantity, self.entry, self.session = mention, quantity, price, session
        level = lambda value, rounding: rounding(value, F(1, 100) if value >= 1 else F(1, 10000))
        self.stop = level(price * (1 - o["stop_pct"]), down) if o["stop_pct"] else None
        self.target = level(price * (1 + o["target_pct"]), up) if o["target_pct"] else None


class Backtest:
    def __init__(self, mentions, bars, options):
        self.o = {**DEFAULTS, **options}
        self.mentions, self.bars = mentions, bars
        self.dates = list(bars[self.o["benchmark"]])
        first = self.o["from"] or new_york(mentions[0]["at"]).date()
        last = self.o["to"] or min(self.dates[-1], new_york(mentions[-1]["at"]).date() + dt.timedelta(days=180))
        self.sessions = [d for d in self.dates if first <= d <= last]
        self.cash = self.o["capital"]
        self.lots = {}      # symbol -> open lots
        self.due = {}       # symbol -> index of a session
        self.blocked = {}   # symbol -> instant
        self.trades, self.dispositions, self.equity = [], {}, []
        self.paused_until, self.halted = None, False
        self.peak = self.o["capital"]
        self.closed = {}    # symbol -> instant at which it was sold off

    def acting_date(self, m):
        local = new_york(m["at"])
        if local.date() < self.dates[0]:
            return None
        for d in self.dates:
            if self.o["entry"] == "next_open":
                if dt.datetime.combine(d, dt.time(9, 30)) > local:
                    return d
            elif d > local.date():
                return d
        return None

    def effective(self, m):
        conviction = m["conviction"] if m["conviction"] is not None else self.o["default_conviction"]
        if conviction is None:
            return None
        begin = m["at"] - dt.timedelta(hours=self.o["window_hours"])
        n = sum(1 for x in self.by_symbol[m["symbol"]]
                if x is not m and begin < x["at"] <= m["at"]
                and (self.o["boost_counts"] == "any_action" or x["action"] == m["action"]))
        return min(F(1), conviction + min(self.o["cap"], self.o["step"] * n))

    def last_close_before(self, symbol, date):
        found = None
        for d, bar in self.bars[symbol].items():
            if d >= date:
                break
            found = bar[3]
        return found

    def last_close(self, symbol, date):
        return self.last_close_before(symbol, date + dt.timedelta(days=1))

    def equity_for_sizing(self, date):
        total = self.cash
        for symbol, lots in self.lots.items():
            close = self.last_close_before(symbol, date)
            for lot in lots:
                total += lot.quantity * (close if close is not None else lot.entry)
        return total

    def sold(self, price):
        return half_even(price * (1 - self.o["slippage"]), 4)

    def fee(self, quantity):
        return self.o["commission_per_order"] + self.o["commission_per_share"] * quantity

    def close(self, symbol, lot, price, reason, session):
        fees = self.fee(lot.quantity)
        self.cash += lot.quantity * price - fees
        self.lots[symbol].remove(lot)
        if not self.lots[symbol]:
            del self.lots[symbol], self.due[symbol]
            # What rests may fill at any time of the day: the close is when it is known.
            clock = dt.time(16) if reason in ("SL_HIT", "TP_HIT") else dt.time(9, 30)
            self.closed[symbol] = to_utc(dt.datetime.combine(self.sessions[session], clock))
        pnl = lot.quantity * (price - lot.entry) - 2 * fees
        self.trades.append(dict(symbol=symbol, mention_id=lot.mention["id"], entry=lot.session, exit=session,
                                entry_price=lot.entry, exit_price=price, quantity=lot.quantity, pnl=pnl, reason=reason))

    def act(self, m, index, date):
        o, symbol, bar = self.o, m["symbol"], self.bars.get(m["symbol"], {}).get(date)
        if m["action"] in ("hold", "watch"):
            return "no_op:ui_only"
        if m["action"] == "avoid":
            until = m["at"] + dt.timedelta(days=o["blocklist_days"])
            self.blocked[symbol] = max(self.blocked.get(symbol, until), until)
        if m["action"] in ("sell", "avoid"):
            if symbol not in self.lots:
                return "no_op:not_held"
            if m["action"] == "avoid" and not o["avoid_closes_longs"]:
                return "no_op:avoid_keeps_longs"
            if bar is None:
                return "no_op:no_price"
            for lot in list(self.lots[symbol]):
                self.close(symbol, lot, self.sold(bar[0]), "STRATEGY_EXIT", index)
            return "closed"
        eff = self.effective(m)
        if eff is None:
            return "invalid:conviction"
        if bar is None:
            return "no_op:no_price" if symbol in self.bars else "no_op:no_data"
        now = to_utc(dt.datetime.combine(date, dt.time(9, 30)))
        if self.halted or (self.paused_until and now < self.paused_until):
            return "no_op:paused"
        if eff < o["min_conviction"]:
            return "no_op:low_conviction"
        if m["horizon"] == "intraday":
            return "no_op:intraday_horizon"
        block = self.blocked.get(symbol)
        is_blocked = block is not None and m["at"] < block
        if is_blocked and not o["buy_clears_blocklist"]:
            return "no_op:blocklisted"
        due = index + o["hold_sessions_" + m["horizon"]]
        held = self.lots.get(symbol, [])
        if held and o["on_repeat_buy"] == "roll":
            self.due[symbol] = max(self.due[symbol], due)
            return "filled"
        if held and o["on_repeat_buy"] == "ignore":
            return "no_op:already_held"
        equity = self.equity_for_sizing(date)
        mult = F(1) if o["min_conviction"] == 1 else (eff - o["min_conviction"]) / (1 - o["min_conviction"])
        dollars = max(o["min_trade"], min(o["max_trade"], equity * o["base_pct"] * (F(1, 2) + mult / 2)))
        cost = sum((lot.quantity * lot.entry for lot in held), F(0))
        limit = o["max_per_ticker"]
        if o["max_position_pct"]:
            limit = min(limit, o["max_position_pct"] * equity)
        if limit - cost <= 0:
            return "no_op:at_ticker_cap" if equity > 0 else "no_op:below_min_trade"
        dollars = min(dollars, limit - cost)
        if dollars < o["min_trade"] or half_even(dollars, 2) == 0:
            return "no_op:below_min_trade"
        dollars = half_even(dollars, 2)
        price = half_even(bar[0] * (1 + o["slippage"]), 4)
        quantity = down(dollars / price, F(1, 10000) if o["fractional"] else F(1))
        if quantity == 0:
            return "no_op:price_above_size"
        value = quantity * price
        if value + self.fee(quantity) > self.cash:
            return "no_op:insufficient_cash"
        if o["risk"] == "live":
            if symbol in self.closed and now < self.closed[symbol] + dt.timedelta(seconds=o["cooldown_seconds"]):
                return "risk_denied:cooldown"
            if self.count >= min(o["trades_per_day_strategy"], o["trades_per_day_account"]):
                return "risk_denied:daily_trades"
            if self.opened + value > min(o["dollars_per_day_strategy"], o["dollars_per_day_account"]):
                return "risk_denied:daily_alloc"
            if not held and len(self.lots) >= o["open_positions_max"]:
                return "risk_denied:max_open"
        self.count += 1
        self.opened += value
        self.cash -= value + self.fee(quantity)
        self.lots.setdefault(symbol, []).append(Lot(m, quantity, price, index, o))
        self.due[symbol] = max(self.due.get(symbol, due), due)
        if is_blocked:
            del self.blocked[symbol]
        return "filled"

    def protect(self, symbol, lot, bar, index):
        opening, high, low, _ = bar
        if lot.stop is not None and opening <= lot.stop:
            self.close(symbol, lot, self.sold(opening), "SL_HIT", index)
        elif lot.target is not None and opening >= lot.target:
            self.close(symbol, lot, half_even(opening, 4), "TP_HIT", index)
        elif lot.stop is not None and low <= lot.stop:
            self.close(symbol, lot, self.sold(lot.stop), "SL_HIT", index)
        elif lot.target is not None and high >= lot.target:
            self.close(symbol, lot, lot.target, "TP_HIT", index)

    def run(self):
        self.by_symbol = {}
        for m in self.mentions:
            self.by_symbol.setdefault(m["symbol"], []).append(m)
        acting = {}
        for m in self.mentions:
            self.dispositions[m["id"]] = "outside"
            acting.setdefault(self.acting_date(m), []).append(m)
        equity = self.o["capital"]
        for index, date in enumerate(self.sessions):
            self.count, self.opened, opening_equity = 0, F(0), equity
            for m in acting.get(date, []):
                self.dispositions[m["id"]] = self.act(m, index, date)
            for symbol in list(self.lots):
                bar = self.bars[symbol].get(date)
                if bar and self.due[symbol] <= index:
                    for lot in list(self.lots[symbol]):
                        self.close(symbol, lot, self.sold(bar[0]), "TIME_EXIT", index)
            for symbol in list(self.lots):
                bar = self.bars[symbol].get(date)
                if bar:
                    for lot in list(self.lots[symbol]):
                        self.protect(symbol, lot, bar, index)
            if index == len(self.sessions) - 1:
                for symbol in list(self.lots):
                    for lot in list(self.lots[symbol]):
                        self.close(symbol, lot, self.sold(self.last_close(symbol, date)), "END_OF_DATA", index)
            equity = self.cash + sum(lot.quantity * self.last_close(symbol, date)
                                     for symbol, lots in self.lots.items() for lot in lots)
            self.equity.append(equity)
            self.peak = max(self.peak, equity)
            if self.o["risk"] == "live":
                loss = opening_equity - equity
                close = to_utc(dt.datetime.combine(date, dt.time(16)))
                if loss > 0 and loss >= opening_equity * self.o["daily_loss_fraction"]:
                    if not self.paused_until or self.paused_until <= close:
                        self.paused_until = close + dt.timedelta(seconds=self.o["daily_loss_pause_seconds"])
                base = self.peak if self.o["drawdown_from_peak"] else self.o["capital"]
                if equity < base * self.o["drawdown_equity_fraction"]:
                    self.halted = True
        return self

    def metrics(self):
        """The figures of the specification; None where they are not defined."""
        o, equity = self.o, [float(e) for e in self.equity]
        closes = [float(self.bars[o["benchmark"]][d][3]) for d in self.sessions]
        capital = float(o["capital"])
        r = [b / a - 1 for a, b in zip(equity, equity[1:])]
        rb = [b / a - 1 for a, b in zip(closes, closes[1:])]
        mean = lambda x: sum(x) / len(x)
        dev = lambda x: math.sqrt(sum((v - mean(x)) ** 2 for v in x) / (len(x) - 1)) if len(x) > 1 else 0
        over = lambda a, b: a / b if b else None
        out = dict(total_return_pct=(equity[-1] / capital - 1) * 100, trade_count=len(self.trades))
        days = (self.sessions[-1] - self.sessions[0]).days
        if days and equity[-1] > 0:
            out["cagr_pct"] = ((equity[-1] / capital) ** (365.25 / days) - 1) * 100
        if len(r) > 1:
            out["volatility_pct"] = dev(r) * math.sqrt(252) * 100
            out["sharpe"] = over(mean(r) * math.sqrt(252), dev(r))
            out["sortino"] = over(mean(r) * math.sqrt(252),
                                  math.sqrt(sum(min(v, 0) ** 2 for v in r) / (len(r) - 1)))
            cov = sum((a - mean(r)) * (b - mean(rb)) for a, b in zip(r, rb)) / (len(r) - 1)
            out["beta_vs_spy"] = over(cov, dev(rb) ** 2)
            if out["beta_vs_spy"] is not None:
                out["jensen_alpha_pct"] = (mean(r) - out["beta_vs_spy"] * mean(rb)) * 25200
            extra = [a - b for a, b in zip(r, rb)]
            out["information_ratio"] = over(mean(extra) * math.sqrt(252), dev(extra))
        peak, deepest = capital, 0.0
        for e in equity:
            peak = max(peak, e)
            deepest = max(deepest, (1 - e / peak) * 100)
        out["max_drawdown_pct"] = deepest
        if deepest and "cagr_pct" in out:
            out["calmar"] = out["cagr_pct"] / deepest
        pct = [float(t["pnl"] / (t["quantity"] * t["entry_price"]) * 100) for t in self.trades]
        wins = [p for p, t in zip(pct, self.trades) if t["pnl"] > 0]
        losses = [p for p, t in zip(pct, self.trades) if t["pnl"] <= 0]
        if pct:
            out["win_rate_pct"] = 100 * len(wins) / len(pct)
        out["avg_winner_pct"] = mean(wins) if wins else None
        out["avg_loser_pct"] = mean(losses) if losses else None
        out["profit_factor"] = over(float(sum(t["pnl"] for t in self.trades if t["pnl"] > 0)),
                                    -float(sum(t["pnl"] for t in self.trades if t["pnl"] <= 0)))
        out["alpha_vs_spy_pct"] = out["total_return_pct"] - (closes[-1] / closes[0] - 1) * 100
        return out

    def result(self):
        day = lambda i: self.sessions[i].isoformat()
        trades = [dict(symbol=t["symbol"], mention_id=t["mention_id"], entry_date=day(t["entry"]),
                       entry_price=decimal(t["entry_price"]), exit_date=day(t["exit"]),
                       exit_price=decimal(t["exit_price"]), quantity=decimal(t["quantity"]), pnl=decimal(t["pnl"], 2),
                       holding_sessions=t["exit"] - t["entry"], reason=t["reason"])
                  for t in sorted(self.trades, key=lambda t: (t["entry"], t["mention_id"]))]
        return dict(metrics=self.metrics(), trades=trades, dispositions=self.dispositions,
                    equity_curve=[[d.isoformat(), decimal(e, 2)] for d, e in zip(self.sessions, self.equity)])


def decimal(value, padded=0):
    """Exact decimal text; all values here have few decimals."""
    units = value * 10**9
    assert units.denominator == 1, value
    sign, units = ("-" if units < 0 else ""), abs(int(units))
    fraction = f"{units % 10**9:09d}".rstrip("0").ljust(padded, "0")
    return f"{sign}{units // 10**9}" + ("." + fraction if fraction else "")


def parse_option(text):
    key, value = text.split("=", 1)
    key = key.split(".")[-1]
    default = DEFAULTS[key]
    if key in ("from", "to"):
        return key, dt.date.fromisoformat(value)
    if isinstance(default, bool):
        return key, value == "true"
    if isinstance(default, str):
        return key, value
    return key, int(value) if isinstance(default, int) else F(value)


def run(mentions, bars, options):
    return Backtest(read_mentions(mentions), read_bars(bars), options).run().result()


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], sys.argv[2], dict(parse_option(a) for a in sys.argv[3:])), indent=1))
