#!/usr/bin/env python3
"""`heed backtest` against oracle.py: the same trades, dispositions and equity on random data, and on a folder of real data
where one is named.

    compare.py --heed PATH [--seeds A..B] [--data FOLDER]     FOLDER holds bars/ and mentions/*.jsonl

Exits 1 at the first difference and says it; the data of that seed is kept.
"""
import argparse
import datetime as dt
import gzip
import json
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import oracle

ACTIONS = ["buy"] * 12 + ["sell"] * 3 + ["avoid"] * 2 + ["hold", "watch"]
HORIZONS = ["intraday", "days", "weeks", "months", "long_term", "unspecified", "unspecified", "days"]


def weekdays(first, count):
    day, out = first, []
    while len(out) < count:
        if day.weekday() < 5:
            out.append(day)
        day += dt.timedelta(days=1)
    return out


def write_bars(rng, path, dates, price, wild):
    rows = ["date,open,high,low,close,volume"]
    for day in dates:
        opening = max(0.2, price * (1 + rng.gauss(0, 0.01 * wild)))
        close = max(0.2, opening * (1 + rng.gauss(0.0005, 0.02 * wild)))
        high = max(opening, close) * (1 + abs(rng.gauss(0, 0.01 * wild)))
        low = max(0.1, min(opening, close) * (1 - abs(rng.gauss(0, 0.01 * wild))))
        places = rng.choice([2, 2, 4])
        text = [f"{x:.{places}f}" for x in (opening, high, low, close)]
        rows.append(f"{day},{','.join(text)},{rng.randrange(1, 10**7)}")
        price = close
    text = "\n".join(rows) + "\n"
    if rng.random() < 0.3:
        with gzip.open(f"{path}.csv.gz", "wt") as f:
            f.write(text)
    else:
        Path(f"{path}.csv").write_text(text)


def make_data(rng, folder):
    bars = folder / "bars"
    bars.mkdir()
    dates = weekdays(dt.date(2019, rng.randrange(1, 12), 3), rng.randrange(40, 260))
    dates = [d for d in dates if rng.random() > 0.02]
    write_bars(rng, bars / "SPY", dates, 300, 0.4)
    symbols = [f"S{i}" for i in range(rng.randrange(2, 30))]
    for symbol in symbols[:-1]:
        some = [d for d in dates if rng.random() > 0.03]
        a, b = sorted((rng.randrange(len(some)), rng.randrange(len(some))))
        if rng.random() < 0.6:
            a, b = 0, len(some) - 1
        write_bars(rng, bars / symbol, some[a:b + 1], rng.choice([0.9, 1.05, 5, 40, 300, 4000]),
                   rng.choice([0.5, 1, 3, 8]))
    lines, ids = [], list(range(1, rng.randrange(5, 400)))
    rng.shuffle(ids)
    for number in ids:
        day = rng.choice(dates) + dt.timedelta(days=rng.choice([0, 0, 0, 1, 2, -20 if rng.random() < 0.05 else 0]))
        clock = rng.choice(["22:00:00Z", "23:00:00Z", "13:29:59Z", "13:30:00Z", "14:30:00Z", "03:59:59.5Z", "05:00:00Z",
                            "18:00:00-04:00"])
        conviction = rng.choice([None, 1, 0.5, 0.6, 0.55, 0.4, round(rng.random(), rng.choice([1, 2, 6]))])
        mention = dict(id=number, symbol=rng.choice(symbols), action=rng.choice(ACTIONS), conviction=conviction,
                       time_horizon=rng.choice(HORIZONS), rationale_quote="", source="made up; seed",
                       published_at=f"{day}T{clock}", created_at=f"{day}T{clock}")
        lines.append(json.dumps(mention))
    (folder / "calls.jsonl").write_text("\n".join(lines) + "\n")
    return dates


def make_options(rng, dates):
    out = {}
    if rng.random() < 0.2:
        return {"profile": "plain"}
    choices = {
        "entry": ["next_open", "next_day_open"], "risk": ["off", "live"], "fractional": ["true", "false"],
        "slippage": ["0", "0.01", "0.0005"], "commission_per_order": ["1", "0.35"], "commission_per_share": ["0.005"],
        "capital": ["3000", "20000", "1000000"], "on_repeat_buy": ["roll", "ignore", "top_up"],
        "min_conviction": ["1", "0.3", "0.75"], "stop_pct": ["0.02", "0.3"], "target_pct": ["0.03", "0.5"],
        "max_position_pct": ["0", "0.02", "0.5"], "default_conviction": ["0.7", "0.9"], "blocklist_days": ["2", "30"],
        "avoid_closes_longs": ["false"], "buy_clears_blocklist": ["true"], "hold_sessions_unspecified": ["1", "4"],
        "hold_sessions_days": ["1"], "aggregator.boost_counts": ["any_action"], "aggregator.window_hours": ["24", "300"],
        "aggregator.step": ["0.1"], "risk.trades_per_day_strategy": ["1", "2"], "risk.open_positions_max": ["1", "3"],
        "risk.dollars_per_day_strategy": ["4000"], "risk.daily_loss_fraction": ["0.001", "0.005"],
        "risk.drawdown_equity_fraction": ["0.97", "0.99"], "risk.drawdown_from_peak": ["true"],
        "risk.daily_loss_pause_seconds": ["300000"], "risk.cooldown_seconds": ["3600", "86400", "1000000"],
        "risk.trades_per_day_account": ["1", "3"], "risk.dollars_per_day_account": ["6000.005"],
        "base_pct": ["0.02", "0.1"], "min_trade": ["100", "0.01", "2000.5"], "max_trade": ["2500.555", "20000"],
        "max_per_ticker": ["3000.006", "5000", "25000"], "aggregator.cap": ["0.1", "1"],
        "hold_sessions_weeks": ["2"], "hold_sessions_months": ["15"], "hold_sessions_long_term": ["30"],
        "benchmark": ["S0"]}
    for key, values in choices.items():
        if rng.random() < 0.2:
            out[key] = rng.choice(values)
    if rng.random() < 0.2:
        a, b = sorted(rng.sample(dates, 2))
        out["from"], out["to"] = a.isoformat(), b.isoformat()
    return out


def heed(binary, folder, mentions, bars, options):
    command = [binary, "backtest", "--mentions", mentions, "--bars", bars, "--json", "--dispositions",
               folder / "dispositions.csv"]
    for key, value in options.items():
        command += ["--profile", value] if key == "profile" else ["--set", f"{key}={value}"]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode != 0:
        return None, done.stderr
    out = json.loads(done.stdout)
    out["by_call"] = {}
    for line in (folder / "dispositions.csv").read_text().splitlines()[1:]:
        fields = line.split(",")
        out["by_call"][int(fields[0])] = fields[5]
    return out, done.stderr


def difference(got, want):
    """What differs first, in words; empty when nothing does."""
    for id_, disposition in want["dispositions"].items():
        if got["by_call"].get(id_) != disposition:
            return f"call {id_}: {got['by_call'].get(id_)}, and should be {disposition}"
    mine = sorted(({k: v for k, v in t.items() if k != "pnl_pct"} for t in got["trades"]),
                  key=lambda t: (t["entry_date"], t["mention_id"]))
    for a, b in zip(mine, want["trades"]):
        if a != b:
            return f"trade {a}\nand should be {b}"
    if len(mine) != len(want["trades"]):
        return f"{len(mine)} trades, and should be {len(want['trades'])}"
    for a, b in zip(got["equity_curve"], want["equity_curve"]):
        if a != b:
            return f"equity {a}, and should be {b}"
    for name, value in want["metrics"].items():
        mine = got["metrics"][name]
        if (mine is None) != (value is None) or value is not None and abs(mine - value) > 1e-6 * max(1, abs(value)):
            return f"{name} {mine}, and should be {value}"
    return "" if len(got["equity_curve"]) == len(want["equity_curve"]) else "sessions differ"


def oracle_options(options):
    out = {}
    for key, value in options.items():
        out.update(oracle.PLAIN if key == "profile" else dict([oracle.parse_option(f"{key}={value}")]))
    return out


def compare(binary, folder, mentions, bars, options):
    got, said = heed(binary, folder, mentions, bars, options)
    test = oracle.Backtest(oracle.read_mentions(mentions), oracle.read_bars(bars), oracle_options(options))
    if not test.sessions:
        return ("" if got is None else "a result without a session"), 0
    if got is None:
        return f"heed failed: {said}", 0
    return difference(got, test.run().result()), len(got["trades"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--heed", required=True)
    parser.add_argument("--seeds", default="1..60")
    parser.add_argument("--data")
    arguments = parser.parse_args()
    first, last = (int(x) for x in arguments.seeds.split(".."))
    trades = 0
    for seed in range(first, last + 1):
        rng = random.Random(seed)
        folder = Path(tempfile.mkdtemp(prefix="heed-oracle-"))
        options = make_options(rng, make_data(rng, folder))
        wrong, count = compare(arguments.heed, folder, folder / "calls.jsonl", folder / "bars", options)
        trades += count
        if wrong:
            print(f"seed {seed}, {options}, data in {folder}:\n{wrong}")
            return 1
        shutil.rmtree(folder)
    print(f"{last - first + 1} random sets, {trades} trades: the same")
    if arguments.data:
        data, folder = Path(arguments.data), Path(tempfile.mkdtemp(prefix="heed-oracle-"))
        for mentions in sorted((data / "mentions").glob("*.jsonl")):
            for options in ({}, {"profile": "plain"}, {"default_conviction": "0.8", "risk": "off"},
                            {"default_conviction": "0.8", "entry": "next_open"}):
                wrong, count = compare(arguments.heed, folder, mentions, data / "bars", options)
                print(f"{mentions.name} {options}: {wrong or f'{count} trades, the same'}", flush=True)
                if wrong:
                    return 1
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
