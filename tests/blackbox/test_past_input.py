#!/usr/bin/env python3
"""What is wrong with calls, bars and parameters, told by `heed backtest` with file, line and field. Each kind goes on where
that is sound, and stops with --strict; what cannot be gone round ends with 65 either way."""
import gzip
import json
import os
import subprocess
import sys

from heedbox import check, run_tests

HEAD = "date,open,high,low,close,volume\n"
DAYS = [f"2024-03-{day:02}" for day in (4, 5, 6, 7, 8, 11, 12, 13, 14, 15)]


def rows(price, days=DAYS):
    return "".join(f"{day},{price},{price + 1},{price - 1},{price},100\n" for day in days)


def line(number, **fields):
    call = {"id": number, "symbol": "AA", "action": "buy", "conviction": 0.9, "time_horizon": "days",
            "created_at": "2024-03-05T22:00:00Z", **fields}
    return json.dumps({k: v for k, v in call.items() if v is not None}) + "\n"


class Past:
    def __init__(self, heed, folder):
        self.heed, self.folder = heed, folder
        os.makedirs(os.path.join(folder, "bars"))
        self.write("bars/SPY.csv", HEAD + rows(400))
        self.write("bars/AA.csv", HEAD + rows(50))
        self.write("calls.jsonl", line(1) + line(2, created_at="2024-03-07T22:00:00Z"))

    def write(self, name, data):
        with open(os.path.join(self.folder, name), "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())

    def run(self, *more):
        """(exit code, what it wrote on standard error, result or None)"""
        done = subprocess.run([self.heed, "backtest", "--mentions", "calls.jsonl", "--bars", "bars", "--json", *more],
                              cwd=self.folder, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stderr, json.loads(done.stdout) if done.returncode == 0 else None


def goes_on(past, told, trades=2, ends=None):
    """Told, gone round, and with --strict not."""
    code, said, result = past.run()
    check(code == 0, f"exit {code}: {said}")
    check(told in said, f"not told: {told}\nbut: {said}")
    check(any(told in note for note in result["input"]["notes"]), "the result does not hold it")
    check(result["metrics"]["trade_count"] == trades, f"{result['metrics']['trade_count']} trades, not {trades}")
    for name, count in (ends or {}).items():
        check(result["dispositions"].get(name) == count, f"{name}: {result['dispositions']}")
    again = past.run()
    check(again == (code, said, result), "the second run, from the cache, says something else")
    code, said, _ = past.run("--strict")
    check(code == 65 and told in said and "--strict" in said, f"--strict: exit {code}: {said}")


def ends_with(past, exit_code, told, *more):
    for strict in ((), ("--strict",)):
        code, said, _ = past.run(*more, *strict)
        check(code == exit_code and told in said, f"exit {code}, not {exit_code} with {told}: {said}")


def test_nothing_wrong_says_nothing(heed, folder):
    code, said, result = Past(heed, folder).run("--strict")
    check((code, said) == (0, ""), f"exit {code}: {said}")
    check(result["metrics"]["trade_count"] == 2 and not result["input"]["notes"], str(result["input"]))


def test_call_on_an_unknown_symbol(heed, folder):
    past = Past(heed, folder)
    past.write("calls.jsonl", line(1) + line(2, symbol="ZZ", created_at="2024-03-06T22:00:00Z"))
    goes_on(past, "calls.jsonl:2: symbol: ZZ has no bars in bars", 1, {"no_op:no_data": 1})
    past.write("calls.jsonl", line(1) + "".join(line(n, symbol=s) for n, s in ((2, "ZZ"), (3, "YY"), (4, "YY"))))
    goes_on(past, "calls.jsonl:2: symbol: ZZ has no bars in bars, nor has 1 other symbol: 3 calls cannot trade", 1)
    _, said, _ = past.run("-v")
    check("calls.jsonl:3: symbol: YY has no bars in bars: 2 calls on it cannot trade" in said, said)


def test_high_under_low(heed, folder):
    past = Past(heed, folder)
    past.write("bars/AA.csv", HEAD + rows(50).replace("2024-03-06,50,51,49", "2024-03-06,50,48,49"))
    goes_on(past, "bars/AA.csv:4: high: is 48, under the low 49; row kept")


def test_dates_unsorted_and_twice(heed, folder):
    past = Past(heed, folder)
    past.write("bars/AA.csv", HEAD + rows(50) + "2024-03-06,70,70,70,70,1\n")
    goes_on(past, "bars/AA.csv:12: date: ")
    swapped = rows(50).splitlines(keepends=True)
    swapped[2], swapped[3] = swapped[3], swapped[2]
    past.write("bars/AA.csv", HEAD + "".join(swapped))
    code, said, result = past.run("--strict")  # sorted, nothing is lost: worth a word, no reason to stop
    check(code == 0 and "bars/AA.csv:5: date: " in said, f"exit {code}: {said}")
    check(result["metrics"]["trade_count"] == 2, str(result["metrics"]))


def test_empty_file(heed, folder):
    past = Past(heed, folder)
    past.write("bars/BB.csv", "")
    goes_on(past, "bars/BB.csv:1: is empty")
    past.write("bars/BB.csv", HEAD + rows(5))
    past.write("calls.jsonl", "")
    ends_with(past, 65, "calls.jsonl")


def test_column_missing(heed, folder):
    past = Past(heed, folder)
    past.write("bars/BB.csv", "date,open,high,low,volume\n2024-03-04,1,1,1,1\n")
    goes_on(past, "bars/BB.csv:1: close: ")


def test_gzip_cut_short(heed, folder):
    past = Past(heed, folder)
    packed = gzip.compress((HEAD + rows(5)).encode())
    past.write("bars/BB.csv.gz", packed[:len(packed) - 12])
    goes_on(past, "bars/BB.csv.gz")
    os.remove(os.path.join(folder, "bars", "BB.csv.gz"))
    calls = gzip.compress((line(1) + line(2)).encode())
    past.write("calls.jsonl", calls[:len(calls) - 12])
    ends_with(past, 65, "calls.jsonl")


def test_dates_without_the_benchmark(heed, folder):
    past = Past(heed, folder)
    past.write("bars/SPY.csv", HEAD + rows(400, DAYS[:4] + DAYS[5:]))
    goes_on(past, "bars/AA.csv:6: date: 2024-03-08 is no session: SPY has no bar of that date; never looked at")
    past.write("bars/SPY.csv", HEAD + rows(400))
    past.write("calls.jsonl", line(1, created_at="2024-02-20T22:00:00Z") + line(2) +
               line(3, created_at="2024-03-16T22:00:00Z"))
    goes_on(past, "calls.jsonl:1: created_at: 2024-02-20 is before the first bar of SPY, 2024-03-04; so is 1 other call "
            "outside", 1, {"outside": 2})
    _, said, _ = past.run("-v")
    check("calls.jsonl:3: created_at: 2024-03-16 is after the last bar of SPY, 2024-03-15" in said, said)
    os.remove(os.path.join(folder, "bars", "SPY.csv"))
    ends_with(past, 65, "SPY")


def test_fields_of_calls_and_bars(heed, folder):
    past = Past(heed, folder)
    for wrong, told in ((line(2, action="bui"), "action"), (line(2, conviction=1.5), "conviction"),
                        (line(2, created_at="yesterday"), "created_at"), (line(2, symbol="A A"), "symbol"),
                        (line(2, symbol=None), "symbol"), ("{\"id\": 2,\n", ""), (line(1), "id")):
        past.write("calls.jsonl", line(1) + wrong)
        goes_on(past, f"calls.jsonl:2: {told}", 1)
    past.write("calls.jsonl", line(1))
    for row, field in (("2024-13-06,1,1,1,1,1", "date"), ("2024-03-18,x,1,1,1,1", "open"),
                       ("2024-03-18,1,1,-1,1,1", "low"), ("2024-03-18,1,1,1", "")):
        past.write("bars/AA.csv", HEAD + rows(50) + row + "\n")
        goes_on(past, f"bars/AA.csv:12: {field}", 1)


def test_parameters_out_of_range(heed, folder):
    past = Past(heed, folder)
    for options, told in ((("--set", "stop_pct=2"), "stop_pct = 2"), (("--set", "slippage=0.9"), "slippage = 0.9"),
                          (("--capital", "0"), "capital = 0"), (("--from", "2024-02-31"), "from = 2024-02-31"),
                          (("--default-conviction", "1.1"), "default_conviction = 1.1"),
                          (("--set", "stop_pkt=0.1"), "did you mean \"stop_pct\"?"), (("--set", "stop_pct"), "key=value"),
                          (("--set", "risk.trades_per_day_account=-1"), "risk.trades_per_day_account = -1"),
                          (("--from", "2024-03-08", "--to", "2024-03-05"), "after --to"),
                          (("--profile", "fancy"), "fancy")):
        ends_with(past, 64, told, *options)
    ends_with(past, 65, "SPY has no bar from 2031-01-01", "--from", "2031-01-01", "--to", "2031-02-01")
    os.rename(os.path.join(folder, "bars"), os.path.join(folder, "moved"))
    ends_with(past, 66, "there is no bars")


if __name__ == "__main__":
    sys.exit(run_tests([test for name, test in sorted(globals().items()) if name.startswith("test_")], sys.argv[1:]))
