#!/usr/bin/env python3
"""The journal is deleted between two runs: what the account holds under Heed's names is Heed's again, its exits rest on
untouched, calls that come again make nothing twice, and what is somebody else's stays so."""
import os
import shutil
import sys
from decimal import Decimal

from heedbox import VENUE_DONE, check, run_tests, wait_for, with_daemon


def row_of(daemon, symbol):
    return next((r for r in daemon.all("positions", status="all") if r["symbol"] == symbol), None)


def working(exchange, symbol):
    """What rests, by the exchange's own ids: equal lists mean that nobody touched it."""
    return sorted((o["id"], o["client_order_id"], o["qty"], o["stop_price"], o["limit_price"])
                  for o in exchange.ledger()["orders"] if o["symbol"] == symbol and o["status"] not in VENUE_DONE)


def lose_journal(daemon):
    daemon.kill()
    folder = os.path.join(daemon.folder, "var")
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        (shutil.rmtree if os.path.isdir(path) and not os.path.islink(path) else os.remove)(path)
    daemon.start()


@with_daemon()
def test_a_journal_that_is_gone(daemon, exchange):
    daemon.mention("AAA", external_id="a-1")
    daemon.mention("BBB", external_id="b-1")
    daemon.settled_books(exchange)
    exchange.http.json("POST", "/v2/orders", {"symbol": "CCC", "qty": "7", "side": "buy", "type": "market",
                                              "time_in_force": "gtc", "client_order_id": "by-hand-CCC"})
    exchange.pass_time(5)
    daemon.settle(exchange)
    before = {symbol: (working(exchange, symbol), row_of(daemon, symbol)) for symbol in ("AAA", "BBB")}
    check(all(len(rests) == 2 for rests, _ in before.values()), f"{before}")
    orders = len(exchange.ledger()["orders"])

    lose_journal(daemon)

    def external_listed():
        exchange.pass_time()
        row = row_of(daemon, "CCC")
        return row and Decimal(row["external_quantity"]) == 7

    wait_for("what is somebody else's is listed", external_listed)
    for symbol, (rests, old) in before.items():
        new = row_of(daemon, symbol)
        check(working(exchange, symbol) == rests, f"{symbol}: {rests} became {working(exchange, symbol)}")
        for field in ("quantity", "strategies", "stop_price", "target_price", "protected_quantity", "avg_price", "due_session"):
            check(new[field] == old[field], f"{symbol}: {field} was {old[field]}, is {new[field]}")
        check(new["phase"] == "Open" and Decimal(new["external_quantity"]) == 0, f"{new}")
    check(row_of(daemon, "CCC")["strategies"] == "external", f"{row_of(daemon, 'CCC')}")
    check("OWNERSHIP_REBUILT" in daemon.process.err(), "nobody was told")
    signal = next(s for s in daemon.all("signals") if s["symbol"] == "AAA")
    code, story, err = daemon.cli("--config", daemon.config, "explain", signal["signal_id"])
    check(code == 0 and "names of its orders" in story, f"{story}{err}")

    daemon.mention("AAA", external_id="a-1")  # its source tells it again
    daemon.settle(exchange)
    check(len(exchange.ledger()["orders"]) == orders, "a call that was carried out made another order")

    daemon.kill()  # from now on it remembers
    daemon.start()
    daemon.settle(exchange)
    check({s: working(exchange, s) for s in before} == {s: rests for s, (rests, _) in before.items()}, "exits moved")
    stop = Decimal(before["BBB"][1]["stop_price"])
    exchange.price("BBB", stop - 1)

    def stopped():
        exchange.pass_time()
        return row_of(daemon, "BBB")["phase"] == "Flat"

    wait_for("its stop ends BBB", stopped)
    code, out, err = daemon.cli("--config", daemon.config, "close", "paper", "AAA")
    check(code == 0, f"{code} {out}{err}")
    wait_for("AAA is closed", lambda: exchange.pass_time() and row_of(daemon, "AAA")["phase"] == "Flat")
    trades = {t["symbol"]: t for t in daemon.all("trades")}
    check({s: (t["strategy"], t["reason"]) for s, t in trades.items()} ==
          {"AAA": ("mentions", "MANUAL_CLOSE"), "BBB": ("mentions", "SL_HIT")}, f"{trades}")
    check(not working(exchange, "AAA") and not working(exchange, "BBB"), f"{exchange.book()[1]}")


if __name__ == "__main__":
    sys.exit(run_tests([test_a_journal_that_is_gone], sys.argv[1:]))
