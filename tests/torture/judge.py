"""What must hold after the torture: the exchange's ledger, the daemon's answers, its tables as they lie on the disk, and
what callers were told, held against each other. Each check gives problems: (sentence, what `heed explain` can tell
the story of)."""
import os
import sqlite3
import subprocess
import threading
import time
from decimal import Decimal

from heedbox import HALF_CENT, VENUE_DONE

ZERO = Decimal(0)


class Store:
    """The daemon's tables, read without the daemon."""

    def __init__(self, kind, where):
        self.kind, self.where = kind, where

    def rows(self, query):
        if self.kind == "sqlite":
            db = sqlite3.connect(f"file:{os.path.abspath(self.where)}?mode=ro", uri=True)
            try:
                return [tuple("" if v is None else str(v) for v in row) for row in db.execute(query)]
            finally:
                db.close()
        out = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-F", "\x1f", "-R", "\x1e", "-c", query, self.where],
                             capture_output=True, text=True, check=True).stdout
        return [tuple(row.split("\x1f")) for row in out.rstrip("\n").split("\x1e") if row]


def signed(execution):
    return Decimal(execution["qty"]) * (1 if execution["side"] == "buy" else -1)


def is_entry(name):
    parts = name.split(".")
    return len(parts) == 4 and parts[2] == "en"


def check_acknowledged(calls, signals):
    """Nothing that was acknowledged is lost, nothing exists that was not sent, each has one final disposition."""
    problems = []
    by_id = {s["signal_id"]: s for s in signals}
    by_key = {}
    for s in signals:
        by_key.setdefault((s["source"], s["idempotency_key"]), []).append(s["signal_id"])
    problems += [(f"{key}: {len(ids)} signals of one key: {ids}", ids[0]) for key, ids in by_key.items() if len(ids) > 1]
    sent = {(c.source, c.key) for c in calls}
    problems += [(f"signal {ids[0]} of {key} was never sent", ids[0]) for key, ids in by_key.items() if key not in sent]
    for call in calls:
        if call.signal and call.signal not in by_id:
            problems.append((f"ACKNOWLEDGED AND LOST: {call} as {call.signal}", call.signal))
    for s in signals:
        if len(s["decisions"]) != 1:
            problems.append((f"{s['signal_id']}: {len(s['decisions'])} decisions", s["signal_id"]))
        problems += [(f"{s['signal_id']}: {d['disposition']} is not final: {d['reason']}", s["signal_id"])
                     for d in s["decisions"] if not d["final"]]
    return problems


def check_names(ledger, orders, intents):
    """Every order at the exchange is one that the journal planned; one entry per intent; none above its intent's word."""
    problems, seen, entries = [], set(), {}
    own = {o["client_order_id"]: o for o in orders}
    signal_of = {i["intent_id"]: i["signal"] for i in intents}
    for order in ledger["orders"]:
        name = order["client_order_id"]
        if name in seen:
            problems.append((f"{order['symbol']}: {name} twice at the exchange", name))
        seen.add(name)
        if not name.startswith("heed1."):
            continue
        row = own.get(name)
        if row is None:
            problems.append((f"{order['symbol']}: order {name} is not in the journal", f"paper/{order['symbol']}"))
        elif Decimal(order["filled_qty"]) > Decimal(row["quantity"]):
            problems.append((f"{name}: {order['filled_qty']} executed of {row['quantity']} planned", name))
        elif order["status"] in VENUE_DONE and Decimal(row["cum_qty"]) != Decimal(order["filled_qty"]):
            problems.append((f"{name}: {order['filled_qty']} executed, {row['cum_qty']} in the journal", name))
    made = {}
    for row in orders:
        made.setdefault((row["intent"], row["leg"], row["revision"]), []).append(row["client_order_id"])
        if row["leg"] == "entry":
            entries.setdefault(row["intent"], []).append(row["client_order_id"])
    problems += [(f"intent {key[0]}: {len(names)} orders for {key[1]} revision {key[2]}", signal_of.get(key[0], names[0]))
                 for key, names in made.items() if len(names) > 1]
    problems += [(f"intent {intent}: {len(names)} entries: {names}", signal_of.get(intent, names[0]))
                 for intent, names in entries.items() if len(names) > 1]
    return problems


def check_flips(ledger):
    """No execution crosses zero; no order first reduces and then opens; only entries open."""
    problems, held, role = [], {}, {}
    for e in ledger["executions"]:
        symbol, by = e["symbol"], signed(e)
        before = held.get(symbol, ZERO)
        after = held[symbol] = before + by
        if before * after < 0:
            problems.append((f"{symbol}: FLIPPED from {before} to {after} by {e}", f"paper/{symbol}"))
        now = "reduces" if before * by < 0 else "opens"
        first = role.setdefault(e["order_id"], now)
        if first != now:
            problems.append((f"{symbol}: order {e['client_order_id']} first {first}, then {now}: {e}", f"paper/{symbol}"))
        if now == "opens" and not is_entry(e["client_order_id"]):
            problems.append((f"{symbol}: opened by an exit: {e}", f"paper/{symbol}"))
    return problems


def check_books(ledger, positions):
    """Quantities equal, all of it protected, nothing half done, no order on a flat symbol."""
    problems = []
    held = {p["symbol"]: Decimal(p["qty"]) for p in ledger["positions"]}
    ours = {p["symbol"]: p for p in positions}
    for symbol in sorted(set(held) | set(ours)):
        row, qty, about = ours.get(symbol), held.get(symbol, ZERO), f"paper/{symbol}"
        book = Decimal(row["quantity"]) if row else ZERO
        if book != qty:
            problems.append((f"{symbol}: holds {book}, the exchange says {qty}", about))
        elif qty and Decimal(row["protected_quantity"]) != abs(qty):
            problems.append((f"{symbol}: {row['protected_quantity']} of {qty} protected, phase {row['phase']}", about))
        if row and row["phase"] not in ("Flat", "Open"):
            problems.append((f"{symbol}: phase {row['phase']} at rest", about))
    for symbol, working in working_by_symbol(ledger["orders"]).items():
        qty = held.get(symbol, ZERO)
        if not qty:
            problems += [(f"{symbol}: flat with a working {o['type']} order {o['client_order_id']}", f"paper/{symbol}")
                         for o in working]
        elif covered(working, qty) != abs(qty):
            problems.append((f"{symbol}: the exchange has stops for {covered(working, qty)} of {qty}", f"paper/{symbol}"))
    return problems


def working_by_symbol(orders):
    found = {}
    for order in orders:
        if order["status"] not in VENUE_DONE:
            found.setdefault(order["symbol"], []).append(order)
    return found


def covered(working, held):
    """What stops the other way would take off. A stop that is "held" is in force when its sibling works, and not while
    both wait for their entry."""
    side = "sell" if held > 0 else "buy"
    left = {"live": ZERO, "held": ZERO, "siblings": ZERO}
    for o in working:
        if o["side"] != side:
            continue
        stop = o["type"] in ("stop", "stop_limit")
        kind = ("held" if o["status"] == "held" else "live") if stop else "siblings"
        if stop or (o["status"] != "held" and o["order_class"] in ("bracket", "oco")):
            left[kind] += Decimal(o["qty"]) - Decimal(o["filled_qty"])
    return left["live"] + min(left["held"], left["siblings"])


def check_money(ledger, fills, trades):
    """Every execution is booked once and at its price; cash, fees and gains to the cent."""
    problems = []
    booked = {}
    for f in fills:
        booked.setdefault(f["execution_id"], []).append(f)
    for e in ledger["executions"]:
        rows = booked.get(e["execution_id"], [])
        if sum((Decimal(r["quantity"]) for r in rows), ZERO) != Decimal(e["qty"]):
            # A fill that was inferred from an order's total stands for one or more executions.
            if not any(f["inferred"] for f in fills if f["symbol"] == e["symbol"]):
                problems.append((f"{e['symbol']}: execution {e} is booked as {rows}", f"paper/{e['symbol']}"))
    sums = {}
    cash = Decimal(ledger["opening_cash"])
    for f in fills:
        value = Decimal(f["quantity"]) * Decimal(f["price"])
        s = sums.setdefault(f["symbol"], {"buy": ZERO, "sell": ZERO, "paid": ZERO, "received": ZERO, "realized": ZERO,
                                          "fee": ZERO})
        s[f["side"]] += Decimal(f["quantity"])
        s["paid" if f["side"] == "buy" else "received"] += value
        s["realized"] += Decimal(f["realized"])
        s["fee"] += Decimal(f["fee"])
        cash += (value if f["side"] == "sell" else -value) - Decimal(f["fee"])
    gains = {}
    for t in trades:
        gains[t["symbol"]] = gains.get(t["symbol"], ZERO) + Decimal(t["pnl"])
    for p in ledger["positions"]:
        s, about = sums.get(p["symbol"]), f"paper/{p['symbol']}"
        if s is None:
            problems.append((f"{p['symbol']}: no fills, the exchange says {p}", about))
            continue
        for ours, theirs in (("buy", "bought_qty"), ("sell", "sold_qty")):
            if s[ours] != Decimal(p[theirs]):
                problems.append((f"{p['symbol']} {ours}: fills of {s[ours]}, the exchange says {p[theirs]}", about))
        for name in ("paid", "received"):
            if abs(s[name] - Decimal(p[name])) >= HALF_CENT:
                problems.append((f"{p['symbol']} {name}: fills {s[name]}, the exchange says {p[name]}", about))
        if not Decimal(p["qty"]):
            for what, ours in (("fills", s["realized"]), ("trades", gains.get(p["symbol"], ZERO))):
                if abs(ours + s["fee"] - Decimal(p["realized_pl"])) >= HALF_CENT:
                    problems.append((f"{p['symbol']}: realized {ours} by {what}, the exchange says {p['realized_pl']}",
                                     about))
    if abs(cash - Decimal(ledger["cash"])) >= HALF_CENT:
        problems.append((f"cash by fills {cash}, the exchange says {ledger['cash']}", ""))
    return problems


def check_store(store, since, calls, signals, orders, fills):
    """The tables say what the daemon said; of signals, those that came since then."""
    problems = []
    stored = dict(store.rows(f"select signal, idempotency_key from signals where received_at >= '{since[:19]}'"))
    for call in calls:
        if call.signal and stored.get(call.signal) != call.key:
            problems.append((f"ACKNOWLEDGED AND NOT IN THE TABLE: {call}", call.signal))
    if set(stored) != {s["signal_id"] for s in signals}:
        problems.append((f"{len(stored)} signals in the table, {len(signals)} told", ""))
    finals = store.rows("select signal, count(*) from decisions where account = 'paper' "
                        f"and signal in (select signal from signals where received_at >= '{since[:19]}') group by signal")
    problems += [(f"{signal}: {count} decisions in the table", signal) for signal, count in finals if count != "1"]
    if {s for s, _ in finals} != set(stored):
        problems.append(("a signal without a decision in the table", ""))
    quantities = dict(store.rows("select client_order_id, cum_qty from orders"))
    for order in orders:
        if Decimal(quantities.get(order["client_order_id"], "-1")) != Decimal(order["cum_qty"]):
            problems.append((f"{order['client_order_id']}: told {order['cum_qty']}, the table has "
                             f"{quantities.get(order['client_order_id'])}", order["client_order_id"]))
    told = {(f["execution_id"], f["lot"], Decimal(f["quantity"])) for f in fills}
    kept = {(e, lot, Decimal(q)) for e, lot, q in store.rows("select execution_id, lot, quantity from fills")}
    if told != kept:
        problems.append((f"fills: {len(kept)} in the table, {len(told)} told, {len(told ^ kept)} differ", ""))
    return problems


class NakedWatch:
    """Looks at the exchange every few milliseconds: how long is something held without a stop for it, while the daemon
    was there to place one? The time adds up over restarts until all is covered, so a daemon that is killed before it
    gets to it does not look good."""

    def __init__(self, look, can_act):
        self.look, self.can_act = look, can_act
        self.spells, self.naked, self.worst = [], {}, (0.0, "")
        self.looks, self.stopped = 0, threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        last = time.monotonic()
        able = False
        while not self.stopped.wait(0.05):
            try:
                ledger = self.look()
            except Exception:  # the exchange is away: nobody can act
                last, able = time.monotonic(), False
                continue
            now = time.monotonic()
            self.judge(ledger, now - last if able and self.can_act() else 0.0)
            last, able = now, self.can_act()
            self.looks += 1

    def judge(self, ledger, passed):
        working = working_by_symbol(ledger["orders"])
        held = {p["symbol"]: Decimal(p["qty"]) for p in ledger["positions"]}
        bare = {s for s, qty in held.items() if qty and covered(working.get(s, []), qty) < abs(qty)}
        for symbol in list(self.naked):
            if symbol not in bare:
                self.spells.append(self.naked.pop(symbol))
        for symbol in bare:
            self.naked[symbol] = self.naked.get(symbol, 0.0) + (passed if symbol in self.naked else 0.0)
            self.worst = max(self.worst, (self.naked[symbol], symbol))

    def stop(self):
        self.stopped.set()
        self.thread.join(5)
        self.spells += self.naked.values()
        return sorted(self.spells)
