#!/usr/bin/env python3
"""Backtests that are asked for by HTTP, against the real daemon: what they give is what `heed backtest` gives of the same
input, and they are there after a restart."""
import json
import os
import shutil
import subprocess
import sys

from heedbox import Daemon, Exchange, Failure, check, run_tests, wait_for

SAMPLE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "backtest", "sample")
RULES = {"min_conviction": "0.65", "on_repeat_buy": "roll"}
ENDED = ("done", "failed", "cancelled", "interrupted")


class Box:
    """A daemon with the committed sample as its past."""

    def __init__(self, heed, folder):
        self.heed, self.folder = heed, folder
        shutil.copytree(SAMPLE, os.path.join(folder, "past"))
        self.exchange = Exchange(heed, folder, "2025-06-02T14:00:00Z", synthetic=7, symbols=["AAA"])
        self.daemon = Daemon(heed, folder, self.exchange.url)
        self.daemon.write_config(self.daemon.read_config() +
                                 f'[backtest]\nbars = "{folder}/past/bars"\nmentions = "{folder}/past"\nqueue_max = 3\n')
        self.daemon.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.daemon.stop()
        self.exchange.stop()

    def ask(self, **fields):
        return self.daemon.post("/api/v1/backtests", {"mentions": "calls.jsonl", **fields}, expect=(202,))["run_id"]

    def get(self, run):
        return self.daemon.get(f"/api/v1/backtests/{run}")

    def ended(self, run, seconds=60.0):
        def look():
            shown = self.get(run)
            return shown if shown["status"] in ENDED else None

        return wait_for(f"{run} ends", look, seconds)

    def cancel(self, run):
        return self.daemon.http.ask("DELETE", f"/api/v1/backtests/{run}")

    def command(self, *more):
        """What `heed backtest --json` says of the same."""
        done = subprocess.run([self.heed, "backtest", "--mentions", "past/calls.jsonl", "--bars", "past/bars", "--json",
                               "--no-store", "--config", self.daemon.config, *more], cwd=self.folder, capture_output=True, text=True,
                              timeout=60, env={**os.environ, **self.daemon.env()})
        check(done.returncode == 0, done.stderr)
        return json.loads(done.stdout)


def long_sweep(box):
    """Many sets: still under way when the next question comes. Its progress is seen to grow."""
    run = box.ask(grid={"min_conviction": "0:0.9:0.01", "stop_pct": "0.01:0.5:0.005"}, folds=100)
    seen = []

    def grows():
        shown = box.get(run)
        if shown["status"] in ENDED:
            raise Failure(f"{run} ended before it was seen: {shown['status']}, {shown['error']}")
        seen.append(shown["progress"])
        return shown["status"] == "running" and seen[-1] > seen[0]

    wait_for("progress", grows, 30)
    check(seen == sorted(seen) and 0 < seen[-1] < 1, f"progress {seen}")
    return run


def same_past(heed, folder):
    """The digest, and with it everything, is that of the command line."""
    with Box(heed, folder) as box:
        run = box.ended(box.ask(settings=RULES, capital=50000))
        check(run["status"] == "done" and run["progress"] == 1, f"{run['status']}: {run['error']}")
        told = box.command("--capital", "50000", *(x for k, v in RULES.items() for x in ("--set", f"{k}={v}")))
        for name in ("digest", "params", "metrics", "dispositions", "breakdown", "trades", "equity_curve",
                     "benchmark_curve"):
            check(json.dumps(run[name], default=float) == json.dumps(told[name], default=float), f"{name} differs")
        check(run["metrics"]["trade_count"] == len(run["trades"]) > 5, str(run["metrics"]))
        check(box.daemon.get("/api/v1/backtests/latest")["run_id"] == run["run_id"], "it is not the latest")


def cancelled_and_refused(heed, folder):
    """One that runs and one that waits are cancelled; when too many wait, the next is refused, and trading is ready all
    along."""
    with Box(heed, folder) as box:
        running = long_sweep(box)
        waiting = [box.ask() for _ in range(3)]
        status, headers, text = box.daemon.http.ask("POST", "/api/v1/backtests", {"mentions": "calls.jsonl"})
        check(status == 503 and json.loads(text)["code"] == "BACKTESTS_FULL", f"{status} {text}")
        check("Retry-After" in headers, str(headers))
        check(box.daemon.status()["ready"], "not ready")
        check(box.cancel(waiting[1])[0] == 202, "one that waits is not cancelled")
        check(box.cancel(running)[0] == 202, "one that runs is not cancelled")
        for run, how in ((running, "cancelled"), (waiting[0], "done"), (waiting[1], "cancelled"), (waiting[2], "done")):
            check(box.ended(run)["status"] == how, f"{run} is {box.get(run)['status']}, not {how}")
        status, _, text = box.cancel(running)
        check(status == 409 and json.loads(text)["code"] == "BACKTEST_FINISHED", f"{status} {text}")
        status, _, text = box.daemon.http.ask("POST", "/api/v1/backtests", {"settings": {"stop_pct": "2"}})
        check(status == 400 and json.loads(text)["field"] == "settings.stop_pct", f"{status} {text}")


def lists_after_restarts(heed, folder):
    """Stopped in its middle, and killed in its middle: told as interrupted. What was done is there, to the last digit."""
    with Box(heed, folder) as box:
        done = box.ended(box.ask(settings=RULES))
        sweep = box.ended(box.ask(list={"on_repeat_buy": ["top_up", "roll", "ignore"]}))
        check(sweep["kind"] == "sweep" and len(sweep["runs"]) == 3, str(sweep)[:400])
        stopped, waited = long_sweep(box), box.ask()
        check(box.daemon.terminate() == 0, "SIGTERM: exit is not 0")
        box.daemon.start()
        for run in (stopped, waited):
            check(box.get(run)["status"] == "interrupted", f"{run} is {box.get(run)['status']}")
        killed = long_sweep(box)
        box.daemon.kill()
        box.daemon.start()
        check(box.get(killed)["status"] == "interrupted" and box.get(killed)["finished_at"], str(box.get(killed)))
        check(box.get(done["run_id"]) == done, "the stored run is another")
        check(box.get(sweep["run_id"]) == sweep, "the stored sweep is another")
        runs = [row["run_id"] for row in box.daemon.all("backtests")]
        check(runs == [done["run_id"], sweep["run_id"], stopped, waited, killed], str(runs))
        runs = [row["run_id"] for row in box.daemon.all("backtests", status="interrupted")]
        check(runs == [stopped, waited, killed], str(runs))
        after = box.ended(box.ask(settings=RULES))
        check(after["digest"] == done["digest"] and after["run_id"] not in runs, "it is not the same past")


def kept_by_commands(heed, folder):
    """What `heed backtest` and `heed sweep` made is kept in the store of --config, and the same to a reader of the store
    and to the daemon's clients."""
    with Box(heed, folder) as box:
        cli, config = box.daemon.cli, box.daemon.config
        code, said, _ = cli("backtests", "run", "--config", config, "--mentions", "calls.jsonl", "--set", "stop_pct=0.06")
        check(code == 0, said)
        first = box.ended(said.split()[0])
        code, _, said = cli("backtests", "run", "--config", config, "--set", "stop_pct=6")
        check(code == 65 and "stop_pct = 6" in said, f"exit {code}: {said}")
        box.daemon.terminate()
        past = ("--mentions", "past/calls.jsonl", "--bars", "past/bars", "--config", config)
        code, text, said = cli("backtest", *past, "--json", "--set", "stop_pct=0.06")
        check(code == 0 and "kept as b-" in said, f"exit {code}: {said}")
        second, told = said.split("kept as ")[1].split(";")[0], json.loads(text)
        check(told["digest"] == first["digest"], "it is not the same past")
        code, _, said = cli("backtest", *past, "--no-store")
        check(code == 0 and "kept" not in said, said)
        code, text, said = cli("sweep", *past, "--list", "on_repeat_buy=top_up,roll", "--json")
        check(code == 0 and "kept as b-" in said, f"exit {code}: {said}")
        third, swept = said.split("kept as ")[1].split(";")[0], json.loads(text)
        code, listed, said = cli("backtests", "list", "--config", config, "--json")
        rows = json.loads(listed)["items"]
        check([r["run_id"] for r in rows] == [third, second, first["run_id"]], f"exit {code}: {listed} {said}")
        shown = json.loads(cli("backtests", "show", second, "--config", config, "--json")[1])
        for name in told.keys() - {"input"}:
            check(shown[name] == told[name], f"{name} differs")
        code, table, _ = cli("backtests", "list", "--config", config, "--kind", "sweep")
        check(code == 0 and third in table and second not in table, table)
        code, _, said = cli("backtests", "show", "b-none", "--config", config)
        check(code == 1 and "b-none" in said, f"exit {code}: {said}")
        box.daemon.start()
        again = json.loads(cli("backtests", "list", "--config", config, "--json")[1])["items"]
        check(again == rows, "the daemon lists other runs than the store has")
        check(json.loads(cli("backtests", "show", second, "--config", config, "--json")[1]) == shown, "it shows another")
        code, text, said = cli("backtest", *past, "--json", "--set", "stop_pct=0.06")
        check(code == 0 and "kept as b-" in said, f"beside the daemon: exit {code}: {said}")
        fourth = box.ended(said.split("kept as ")[1].split(";")[0])
        for name in json.loads(text).keys() - {"input"}:
            check(json.dumps(fourth[name], default=float) == json.dumps(shown[name]), f"{name} differs")
        code, text, _ = cli("backtests", "show", third, "--config", config)
        check(code == 0 and third in text and swept["digest"] in text and "best of 2 sets by sharpe" in text, text)
        running = long_sweep(box)
        code, said, _ = cli("backtests", "cancel", running, "--config", config)
        check(code == 0 and box.ended(running)["status"] == "cancelled", said)
        code, _, said = cli("backtests", "cancel", running, "--config", config)
        check(code == 3 and "nothing to cancel" in said, f"exit {code}: {said}")


if __name__ == "__main__":
    sys.exit(run_tests([same_past, cancelled_and_refused, lists_after_restarts, kept_by_commands], sys.argv[1:]))
