#!/usr/bin/env python3
"""Calls and prices made up here, played through the live daemon and the built-in exchange: books, protection, one order
per call, and the same trades with kill -9 in the middle."""
import datetime
import json
import os
import random
import sys

import replay
from heedbox import check, run_tests

SYMBOLS = ["ALFA", "BRVO", "CHRL", "DLTA", "ECHO", "FXTR", "GOLF", "HOTL", "INDI", "JULI"]
SESSIONS, CALLS = 15, 60
FIRST = datetime.date(2024, 3, 4)  # the clocks change on the way


def sessions():
    day = FIRST
    for _ in range(SESSIONS):
        yield day
        day += datetime.timedelta(days=3 if day.weekday() == 4 else 1)


def make_data(folder, seed=11):
    """(mentions, bars): days wild enough that stops and targets are hit, calls of every kind, bad lines too."""
    chance = random.Random(seed)
    days = list(sessions())
    bars = os.path.join(folder, "bars")
    os.makedirs(bars)
    for symbol in SYMBOLS:
        price = chance.uniform(15, 400)
        with open(os.path.join(bars, symbol + ".csv"), "w") as out:
            out.write("date,open,high,low,close,volume\n")
            for day in days:
                begins = price * chance.uniform(0.95, 1.05)
                ends = begins * chance.uniform(0.92, 1.08)
                high, low = max(begins, ends) * chance.uniform(1, 1.06), min(begins, ends) * chance.uniform(0.94, 1)
                out.write(f"{day},{begins:.2f},{high:.2f},{low:.2f},{ends:.2f},100000\n")
                price = ends
    mentions = os.path.join(folder, "mentions.jsonl")
    with open(mentions, "w") as out:
        for at, n in sorted((chance.randrange(len(days) - 1), n) for n in range(CALLS)):
            clock = chance.choice(("18:00:00", "18:00:00", "11:15:00"))
            instant = replay.rfc3339(replay.new_york(days[at], clock))
            call = {"symbol": chance.choice(SYMBOLS + ["NOBAR"]), "external_id": f"call-{n}", "published_at": instant,
                    "created_at": instant, "conviction": chance.choice((0.5, 0.7, 0.9, 1)),
                    "action": chance.choices(("buy", "sell", "avoid", "hold", "watch"), (8, 3, 1, 1, 1))[0],
                    "time_horizon": chance.choice(("days", "days", "weeks", "intraday"))}
            out.write(json.dumps(call) + "\n")
    return mentions, bars, days


def arguments(heed, folder, *more):
    mentions, bars, days = make_data(folder)
    return replay.parse(["--heed", heed, "--mentions", mentions, "--bars", bars, "--from", str(days[0]), "--to",
                         str(days[-1]), "--wide", *more])


def judge(report, trades_min):
    replay.show("replay", report)
    check(not report["problems"], "\n".join(report["problems"]))
    check(report["trades"] >= trades_min, f"only {report['trades']} trades: the data tests nothing")
    reasons = {t[7] for t in report["trade_list"]}
    check({"TP_HIT", "SL_HIT", "TIME_EXIT"} <= reasons, f"not every kind of exit happened: {reasons}")


def test_books_equal_with_slippage_and_partial_fills(heed, folder):
    args = arguments(heed, folder, "--slippage", "0.001", "--partial-fills", "30")
    judge(replay.Replay(args, os.path.join(folder, "run")).run(), 10)


def test_kill_minus_nine_changes_nothing(heed, folder):
    args = arguments(heed, folder, "--seed", "5")
    quiet = replay.Replay(args, os.path.join(folder, "quiet")).run()
    judge(quiet, 10)
    killed = replay.Replay(args, os.path.join(folder, "killed"), kills=5).run()
    judge(killed, 10)
    check(killed["kills"] == 5, f"{killed['kills']} kills")
    different, _ = replay.compare(quiet, killed)
    check(not different, "\n".join(different))
    check(quiet["funnel"] == killed["funnel"], f"{quiet['funnel']} is not {killed['funnel']}")


if __name__ == "__main__":
    sys.exit(run_tests([test_books_equal_with_slippage_and_partial_fills, test_kill_minus_nine_changes_nothing],
                       sys.argv[1:]))
