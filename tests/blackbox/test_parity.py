#!/usr/bin/env python3
"""Live against the past, on the small sample in parity/, which shows every rule that may part them; and on real calls,
where HEED_SHARED_DATA says where they are (data/ beside it: mentions/, bars/)."""
import datetime
import os
import sys
from decimal import Decimal

import parity
from heedbox import check, run_tests

SAMPLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "parity")


def arguments(heed, mentions, bars, first, last):
    return parity.replay.parse(["--heed", heed, "--mentions", mentions, "--bars", bars, "--from", first, "--to", last,
                                "--wide"])


def judge(report, comparison, trades_min):
    parity.show(report, comparison)
    check(not report["problems"], "\n".join(report["problems"]))
    check(not comparison.problems, "not explained:\n" + "\n".join(comparison.problems))
    same = sum(comparison.past.trades.get(call) == trade for call, trade in comparison.live.trades.items())
    check(same >= trades_min, f"only {same} trades are the same: the data tests nothing")
    reasons = {t.reason for t in comparison.live.trades.values()}
    check({"TP_HIT", "SL_HIT", "TIME_EXIT", "STRATEGY_EXIT"} <= reasons, f"not every kind of exit: {reasons}")


def test_the_sample_trades_alike(heed, folder):
    args = arguments(heed, os.path.join(SAMPLE, "calls.jsonl"), os.path.join(SAMPLE, "bars"), "2024-06-10",
                     "2024-07-31")
    report, comparison = parity.compare(args, folder)
    judge(report, comparison, 35)
    needed = set(comparison.used)
    sure = {"still_open", "superseded", "decided_on_arrival", "protection_before_call", "asset_without_a_price",
            "follows_from_earlier"}
    check(sure <= needed, f"rules that the sample was made for were not needed: {sure - needed}")


def test_a_difference_is_told(heed, folder):
    """The comparison itself: what no rule explains is a problem, and each rule wants what it says."""
    bars = parity.Bars(os.path.join(SAMPLE, "bars"))
    call = {"id": 1, "symbol": "ALFA", "action": "buy", "time_horizon": "days", "created_at": "2024-06-11T22:00:00Z"}
    good = parity.Trade("1", "ALFA", "2024-06-12", "2024-06-14", Decimal(81), Decimal("61.06"), Decimal("58.40"),
                        "TIME_EXIT")
    days = {str(datetime.date(2024, 6, d)): f"2024-06-{d}T13:30:00" for d in range(10, 15)}

    def verdict(live, past, live_end="filled", past_end="filled"):
        side = lambda trade, end: parity.Side({"1": trade} if trade else {}, {"1": end}, {}, {"1": "2024-06-14T13:30:00Z"})
        c = parity.Comparison(side(live, live_end), side(past, past_end), {"1": call}, bars, {}, days)
        return c.run().problems

    changed = lambda **fields: parity.Trade(**{**good.__dict__, **fields})
    check(not verdict(good, good), "equal trades differ")
    for field, value in (("quantity", Decimal(80)), ("exit", "2024-06-13"), ("exit_price", Decimal("58.41")),
                         ("entry_price", Decimal("61.07")), ("reason", "SL_HIT"), ("entry", "2024-06-13")):
        check(verdict(changed(**{field: value}), good), f"another {field} went unnoticed")
    check(verdict(None, good), "a missing trade went unnoticed")
    check(verdict(good, None), "a trade too many went unnoticed")
    check(verdict(None, changed(reason="END_OF_DATA")), "what is not held is not still open")
    check(verdict(None, good, live_end="superseded"), "superseded by nothing")
    check(verdict(good, good, live_end="closed"), "another end went unnoticed")


def test_an_exit_and_a_call_in_one_instant(heed, folder):
    """Live the exit comes first: the call finds room, and its lot ends when its own horizon does."""
    bars = parity.Bars(os.path.join(SAMPLE, "bars"))
    call = lambda name, day, horizon: {"id": int(name), "symbol": "ALFA", "action": "buy", "time_horizon": horizon,
                                       "created_at": f"2024-06-{day}T22:00:00Z"}
    calls = {"1": call("1", 11, "weeks"), "2": call("2", 12, "days")}
    days = {f"2024-06-{d}": f"2024-06-{d}T13:30:00" for d in (11, 12, 13, 14, 17, 18, 20, 21, 24, 25, 26)}
    stopped = parity.Trade("1", "ALFA", "2024-06-12", "2024-06-13", Decimal(81), Decimal("61.06"), Decimal("55.85"),
                           "SL_HIT")
    live = parity.Trade("2", "ALFA", "2024-06-13", "2024-06-18", Decimal(89), Decimal("55.85"), Decimal("58.61"),
                        "TIME_EXIT")
    past = parity.Trade("2", "ALFA", "2024-06-13", "2024-06-26", Decimal(45), Decimal("55.85"), Decimal("59.12"),
                        "TIME_EXIT")

    def problems(live):
        side = lambda trade: parity.Side({"1": stopped, "2": trade}, {"1": "filled", "2": "filled"}, {},
                                         {"1": "2024-06-13T13:30:00Z"})
        return parity.Comparison(side(live), side(past), calls, bars, {}, days).run().problems

    check(not problems(live), f"not explained: {problems(live)}")
    for field, value in (("quantity", Decimal(88)), ("exit", "2024-06-17"), ("exit_price", Decimal("58.60")),
                         ("reason", "SL_HIT")):
        check(problems(parity.Trade(**{**live.__dict__, field: value})), f"another {field} went unnoticed")


def test_real_calls_trade_alike(heed, folder):
    data = os.environ.get("HEED_SHARED_DATA", "")
    mentions, bars = os.path.join(data, "mentions", "cramer_2020.jsonl"), os.path.join(data, "bars")
    if not data or not os.path.exists(mentions):
        print("        HEED_SHARED_DATA names no data: left out")
        return
    report, comparison = parity.compare(arguments(heed, mentions, bars, "2020-01-02", "2020-12-31"), folder)
    judge(report, comparison, 900)


if __name__ == "__main__":
    sys.exit(run_tests([test_a_difference_is_told, test_an_exit_and_a_call_in_one_instant, test_the_sample_trades_alike,
                        test_real_calls_trade_alike], sys.argv[1:]))
