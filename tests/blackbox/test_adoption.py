#!/usr/bin/env python3
"""A person takes over what somebody else bought at the broker: listed and untouched before, owned and protected after,
closed with right books; and every way of asking for the wrong thing."""
import json
import sys
from decimal import Decimal

from heedbox import check, run_tests, wait_for, with_daemon

def somebody_orders(exchange, symbol, quantity, side="buy", **fields):
    """An order by hand at the broker, under a name that is not Heed's."""
    order = {"symbol": symbol, "qty": str(quantity), "side": side, "type": "market", "time_in_force": "gtc",
             "client_order_id": f"by-hand-{symbol}-{side}-{quantity}", **fields}
    return exchange.http.json("POST", "/v2/orders", order)


def row_of(daemon, symbol):
    return next((r for r in daemon.all("positions", status="all") if r["symbol"] == symbol), None)


def listed(daemon, exchange, symbol, quantity):
    """The reconciler has seen it twice, and lists it."""
    def look():
        exchange.pass_time()
        row = row_of(daemon, symbol)
        return row if row and Decimal(row["external_quantity"]) == quantity else None

    return wait_for(f"{quantity} {symbol} are listed as external", look)


def exits_at(exchange, symbol):
    return [o for o in exchange.book()[1] if o["symbol"] == symbol and o["client_order_id"].startswith("heed1.")]


def adopt(daemon, symbol, expect=(202,), key=None, account="paper", **fields):
    body = {"strategy": "mentions", "side": "buy", **fields}
    status, _, text = daemon.http.ask("POST", f"/api/v1/positions/{account}/{symbol}/adopt", body,
                                      {"Idempotency-Key": key} if key else {})
    check(status in expect, f"adopt {symbol} {fields}: {status} {text}")
    return json.loads(text)


def disposition(answer):
    return answer["decision"]["disposition"]


@with_daemon()
def test_adopted_protected_and_closed(daemon, exchange):
    somebody_orders(exchange, "AAA", 10)
    row = listed(daemon, exchange, "AAA", 10)
    check(row["strategies"] == "external" and Decimal(row["protected_quantity"]) == 0, f"{row}")
    check(not exits_at(exchange, "AAA"), "somebody else's position was touched")

    code, out, err = daemon.cli("--config", daemon.config, "adopt", "paper", "AAA", "--strategy", "mentions")
    check(code == 0 and "filled" in out and "adopted long 10" in out, f"{code} {out}{err}")
    daemon.settled_books(exchange)
    row = row_of(daemon, "AAA")
    check(row["strategies"] == "mentions" and Decimal(row["external_quantity"]) == 0, f"{row}")
    check(Decimal(row["protected_quantity"]) == 10 and row["due_session"], f"{row}")
    average = Decimal(row["avg_price"])
    check(abs(Decimal(row["stop_price"]) - average * Decimal("0.92")) < Decimal("0.02"), f"{row}")
    check(abs(Decimal(row["target_price"]) - average * Decimal("1.2")) < Decimal("0.02"), f"{row}")
    check([o["order_class"] for o in exits_at(exchange, "AAA")] == ["oco"], f"{exchange.book()[1]}")

    signal = daemon.all("signals")[0]["signal_id"]
    story = daemon.cli("--config", daemon.config, "explain", signal)[1]
    for words in ("ADOPT", "lot_adopted", "for mentions", "adopted long 10", "stop_loss"):
        check(words in story, f"{words!r} is not in the story:\n{story}")
    usage = daemon.get("/api/v1/accounts/paper/risk")["usage"]
    used = {(u["limit"], u["strategy"]): Decimal(u["used"]) for u in usage["limits"]}
    check(used["max_open", ""] == 1 and used["daily_trades", ""] == 0, f"it holds a place, and is no trade of the day: {used}")
    check(abs(Decimal(usage["gross_exposure"]) - 10 * average) < Decimal("0.05"), f"{usage}")

    daemon.kill()  # its owner is remembered
    daemon.start()
    daemon.settled_books(exchange)
    check(row_of(daemon, "AAA")["strategies"] == "mentions", f"{row_of(daemon, 'AAA')}")
    code, out, err = daemon.cli("--config", daemon.config, "close", "paper", "AAA")
    check(code == 0, f"{code} {out}{err}")
    wait_for("it is closed", lambda: exchange.pass_time() and row_of(daemon, "AAA")["phase"] == "Flat")
    daemon.settled_books(exchange)
    check(not exchange.book()[0] and not exchange.book()[1], f"{exchange.book()}")
    trade = daemon.all("trades")[0]
    entry = next(p for p in exchange.ledger()["positions"] if p["symbol"] == "AAA")
    check(Decimal(trade["quantity"]) == 10 and trade["strategy"] == "mentions", f"{trade}")
    check(abs(Decimal(trade["pnl"]) - Decimal(entry["realized_pl"])) < Decimal("0.005"), f"{trade} {entry}")


@with_daemon()
def test_a_part_and_then_the_rest(daemon, exchange):
    somebody_orders(exchange, "AAA", 10)
    listed(daemon, exchange, "AAA", 10)
    first = adopt(daemon, "AAA", quantity="4", stop={"percent": "5"}, key="one")
    check(disposition(first) == "filled", f"{first}")
    again = adopt(daemon, "AAA", quantity="4", stop={"percent": "5"}, key="one")
    check(again["signal_id"] == first["signal_id"] and disposition(again) == "filled", f"{again}")
    daemon.settle(exchange)
    row = row_of(daemon, "AAA")
    check(Decimal(row["external_quantity"]) == 6 and Decimal(row["protected_quantity"]) == 4, f"{row}")
    adopt(daemon, "AAA", quantity="5", stop={"percent": "5"}, key="one", expect=(409,))
    check(disposition(adopt(daemon, "AAA", quantity="7")) == "invalid:quantity", "more than is left")
    check(disposition(adopt(daemon, "AAA")) == "filled", "the rest")
    check(disposition(adopt(daemon, "AAA")) == "no_op:nothing_external", "once more")
    daemon.settled_books(exchange)
    check(Decimal(row_of(daemon, "AAA")["protected_quantity"]) == 10, f"{row_of(daemon, 'AAA')}")


@with_daemon()
def test_beside_a_position_of_our_own(daemon, exchange):
    """The broker holds more than the books say: the symbol is quarantined, and adopting the difference explains it."""
    daemon.mention("BBB", conviction=1)
    daemon.settled_books(exchange)
    ours = Decimal(row_of(daemon, "BBB")["quantity"])
    check(ours > 0, "nothing was bought")
    somebody_orders(exchange, "BBB", 3)
    wait_for("it is quarantined", lambda: exchange.pass_time() and row_of(daemon, "BBB")["phase"] == "Quarantined")
    answer = adopt(daemon, "BBB", strategy="manual", stop={"percent": "10"})
    check(disposition(answer) == "filled", f"{answer}")
    wait_for("the quarantine is lifted", lambda: exchange.pass_time() and row_of(daemon, "BBB")["phase"] == "Open")
    row = row_of(daemon, "BBB")
    check(Decimal(row["quantity"]) == ours + 3 == Decimal(row["protected_quantity"]), f"{row}")
    check(set(row["strategies"].split(",")) == {"mentions", "manual"}, f"{row}")
    daemon.settled_books(exchange)


@with_daemon()
def test_the_wrong_thing(daemon, exchange):
    somebody_orders(exchange, "AAA", 10)
    listed(daemon, exchange, "AAA", 10)
    price = Decimal(row_of(daemon, "AAA")["avg_price"])
    rows = [  # fields -> disposition, and what the reason names
        ({"quantity": "11"}, "invalid:quantity", "the 10 that are not Heed's"),
        ({"side": "sell"}, "invalid:side", "long 10"),
        ({"strategy": "mention"}, "invalid:strategy", "configured: mentions"),
        ({"strategy": "manual"}, "invalid:protection", "neither stop nor target"),
        ({"stop": str(price * 2)}, "invalid:protection", "it would close at once"),
        ({"target": str(round(price / 2, 2))}, "invalid:protection", "it would close at once"),
    ]
    for fields, kind, words in rows:
        answer = adopt(daemon, "AAA", **fields)
        check(disposition(answer) == kind and words in answer["decision"]["reason"], f"{fields}: {answer}")
    check(disposition(adopt(daemon, "CCC")) == "no_op:nothing_external", "what nobody holds")
    answer = adopt(daemon, "NOPE")
    check(disposition(answer) in ("no_op:nothing_external", "failed:instrument", "failed:quote"), f"{answer}")
    adopt(daemon, "AAA", account="nobody", expect=(404,))
    somebody_orders(exchange, "AAA", 10, "sell", type="stop", stop_price=str(round(price / 2, 2)))
    answer = adopt(daemon, "AAA")
    check(disposition(answer) == "no_op:others_orders" and "sell 10 stop" in answer["decision"]["reason"], f"{answer}")
    check(not exits_at(exchange, "AAA"), "something was placed")
    run = ["--config", daemon.config, "adopt", "paper", "AAA"]
    for arguments, code, words in [(run, 64, "--strategy"),
                                   ([*run, "--strategy", "mentions", "--quantity", "ten"], 65, "quantity"),
                                   ([*run, "--strategy", "mentions", "--stop", "x%"], 65, "stop"),
                                   ([*run, "--strategy", "mentions", "--quantity", "99"], 1, "invalid:quantity"),
                                   ([*run, "--strategy", "mentions", "--key", "k\n"], 64, "--key must be"),
                                   ([*run, "--strategy", "mentions", "--key", "k" * 201], 65, "Idempotency-Key")]:
        got, out, err = daemon.cli(*arguments)
        check(got == code and words in out + err, f"{arguments}: {got} {out}{err}")


if __name__ == "__main__":
    sys.exit(run_tests([test_adopted_protected_and_closed, test_a_part_and_then_the_rest,
                        test_beside_a_position_of_our_own, test_the_wrong_thing], sys.argv[1:]))
