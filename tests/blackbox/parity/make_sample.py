#!/usr/bin/env python3
"""Makes the calls and bars of this folder, out of chance alone: nobody's prices, nobody's calls. Days are wild, so that
stops, targets and openings beyond them are met; calls come in the evening and before the opening; one
symbol is called twice in one moment, another is bought in the evening and sold in the morning; there is a half day,
and holidays.

    make_sample.py [SEED]      writes calls.jsonl and bars/ here
"""
import datetime
import json
import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
FIRST, SESSIONS, CALLS = datetime.date(2024, 6, 10), 36, 220
HOLIDAYS = {datetime.date(2024, 6, 19), datetime.date(2024, 7, 4)}
SYMBOLS = ["ALFA", "BRVO", "CHRL", "DLTA", "ECHO", "FXTR", "GOLF", "HOTL", "INDI", "JULI"]
DEAR, SHORT, NO_BARS = "KILO", "LIMA", "NOBAR"
TWICE, TORN = "MIKE", "NOVA"
EVENING, LATE, MORNING = "22:00:00", "22:30:00", "12:00:00"  # in New York 18:00, 18:30, 08:00
SHORT_DAYS = 8  # SHORT has bars of these alone


def sessions():
    day, out = FIRST, []
    while len(out) < SESSIONS:
        if day.weekday() < 5 and day not in HOLIDAYS:
            out.append(day)
        day += datetime.timedelta(days=1)
    return out


def write_bars(chance, symbol, days, price, wild):
    with open(os.path.join(HERE, "bars", symbol + ".csv"), "w") as out:
        out.write("date,open,high,low,close,volume\n")
        for day in days:
            begins = price * (1 + chance.uniform(-0.5, 0.5) * wild)
            ends = begins * (1 + chance.uniform(-0.6, 0.6) * wild)
            high = max(begins, ends) * (1 + chance.random() * wild * 0.5)
            low = min(begins, ends) * (1 - chance.random() * wild * 0.5)
            out.write(f"{day},{begins:.2f},{high:.2f},{low:.2f},{ends:.2f},{chance.randrange(10**5, 10**6)}\n")
            price = ends


def main(seed):
    chance = random.Random(seed)
    days = sessions()
    os.makedirs(os.path.join(HERE, "bars"), exist_ok=True)
    write_bars(chance, "SPY", days, 400, 0.02)
    for symbol in SYMBOLS:
        write_bars(chance, symbol, days, chance.uniform(15, 300), 0.14)
    for symbol in (TWICE, TORN):
        write_bars(chance, symbol, days, 80, 0.03)
    write_bars(chance, DEAR, days, 6000, 0.02)
    write_bars(chance, SHORT, days[:SHORT_DAYS], 50, 0.02)
    calls = []

    def call(symbol, day, clock, action, **fields):
        at = f"{day}T{clock}Z"
        calls.append({"symbol": symbol, "action": action, "conviction": chance.choice((None, 0.5, 0.7, 0.9, 1.0)),
                      "time_horizon": chance.choice(("days", "weeks", "unspecified", "unspecified", "intraday")),
                      "rationale_quote": "", "source": "made up", **fields, "created_at": at, "published_at": at})

    acted = set()  # one call a symbol and session, but for those below
    for _ in range(CALLS):
        at = chance.randrange(len(days) - 2)
        clock = chance.choice((EVENING, EVENING, LATE, MORNING))
        symbol = chance.choice(SYMBOLS * 3 + [DEAR, SHORT, NO_BARS])
        acts = (symbol, at if clock == MORNING else at + 1)
        if acts in acted or (symbol == SHORT and at <= SHORT_DAYS):  # what is held of it could never be sold
            continue
        acted.add(acts)
        call(symbol, days[at], clock, chance.choice(["buy"] * 9 + ["sell", "sell", "avoid", "hold", "watch"]))
    sure = {"conviction": 0.9, "time_horizon": "unspecified"}
    call(TWICE, days[3], EVENING, "buy", **sure)
    call(TWICE, days[3], EVENING, "buy", **sure)
    call(TORN, days[5], EVENING, "buy", **sure)
    call(TORN, days[6], MORNING, "sell")
    calls.sort(key=lambda call: call["created_at"])
    with open(os.path.join(HERE, "calls.jsonl"), "w") as out:
        for number, call in enumerate(calls, 1):
            out.write(json.dumps({"id": number, **call}) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4)
