// What the journal says, held against what was seen from outside.
#include "sim/auditor.hpp"

#include <algorithm>

namespace heed::sim {

namespace {

template <class T, class Ask>
std::vector<T> all_pages(Auditor& auditor, ListFilter filter, const char* what, Ask ask) {
  std::vector<T> rows;
  for (;;) {
    auto page = ask(filter);
    if (!page) {
      auditor.violate("journal unreadable", std::string{what} + ": " + page.error().detail);
      return rows;
    }
    std::move(page.value().rows.begin(), page.value().rows.end(), std::back_inserter(rows));
    if (page.value().next_cursor.empty())
      return rows;
    filter.cursor = page.value().next_cursor;
  }
}

}  // namespace

ListFilter every_row() {
  ListFilter filter;
  filter.limit = 1000;
  filter.oldest_first = true;
  return filter;
}

void Auditor::after_start(JournalReader& reader) {
  for (const auto& [signal, call] : calls_) {
    if (!call.acknowledged)
      continue;
    const auto known = reader.has_signal(signal);
    if (!known)
      return;  // a failing disk; asked again at the next start and at the end
    if (!known.value())
      return violate("acknowledged call lost",
                     call.key + " " + call.symbol.str() + " was acknowledged at " + to_rfc3339(*call.acknowledged));
  }
}

void Auditor::journal_lost() {
  look();
  for (auto& [signal, call] : calls_) {
    call.acknowledged.reset();
    call.recorded = false;
  }
  executions_lost_ = executions_seen_;
  orders_lost_ = owners_.size();
  account_known_ = false;
  bodies_.clear();
  over_.clear();
  days_.clear();
  killed_at_.reset();  // a latch is a record too
}

void Auditor::account_known() { account_known_ = true; }

void Auditor::at_end(JournalReader& reader) {
  look();
  find_waiting(reader);
  compare_calls(reader);
  compare_orders(reader);
  compare_positions(reader);
  compare_fills(reader);
  compare_entries(reader);
  if (const auto verified = reader.verify(); !verified)
    violate("hash chain", verified.error().detail);
}

/// A limit order may rest as long as it likes, and what would open beside it waits its turn.
bool Auditor::waits_for_entry(const MadeCall& call) const {
  const auto& engine = host_.engine();
  return call.may_open && std::any_of(open_.begin(), open_.end(), [&](exchange::OrderIndex index) {
           const auto& order = engine.order(index);
           return owners_[index].entry && order.type == exchange::Type::limit &&
                  engine.assets()[order.asset].symbol == call.symbol.view();
         });
}

/// Somebody else's shares look like what an order of unknown fate may have bought, or sold: nothing can be concluded
/// while they are there. A person has to look.
bool Auditor::hidden_by_others(const OrderRow& order) const {
  const auto symbol = order.symbol.str();
  const auto& engine = host_.engine();
  const auto asset = std::ranges::find(engine.assets(), symbol, &exchange::Asset::symbol);
  if (!external_.contains(symbol) || asset == engine.assets().end() || asset->index >= books_.size())
    return false;
  const auto foreign = engine.accounts().front().positions[asset->index].qty - books_[asset->index].owned;
  return foreign.sign() == sign(order.side);
}

void Auditor::find_waiting(JournalReader& reader) {
  waiting_.clear();
  for (const auto& row :
       all_pages<OrderRow>(*this, every_row(), "orders", [&](const ListFilter& f) { return reader.orders(f); }))
    if (row.status == OrderStatus::unknown && hidden_by_others(row))
      waiting_.insert(row.symbol.str());
}

/// Every acknowledged call has one decision per follower, final, and became final once.
void Auditor::compare_calls(JournalReader& reader) {
  const auto views =
    all_pages<SignalView>(*this, every_row(), "signals", [&](const ListFilter& f) { return reader.signals(f); });
  std::map<SignalId, const SignalView*> stored;
  for (const auto& view : views) {
    stored[view.signal.signal] = &view;
    if (orders_lost_ > 0 && view.signal.source == SourceId{"broker"})
      continue;  // what the broker's lists gave back
    if (!calls_.contains(view.signal.signal))
      return violate("call from nowhere", view.signal.signal.str() + " " + view.signal.symbol.str());
    if (static_cast<std::int32_t>(view.decisions.size()) != view.signal.followers)
      return violate("decisions", view.signal.signal.str() + ": " + std::to_string(view.decisions.size()) +
                                    " decisions for " + std::to_string(view.signal.followers) + " followers");
    for (const auto& decision : view.decisions)
      if (!is_final(decision.disposition.kind) && !waiting_.contains(view.signal.symbol.str()) &&
          !waits_for_entry(calls_.at(view.signal.signal)))
        return violate("call without an end", view.signal.idempotency_key + " " + view.signal.symbol.str() + " " +
                                                view.signal.action + " is still " + decision.disposition.str() +
                                                ": " + decision.reason);
  }
  for (const auto& [signal, call] : calls_)
    if (call.acknowledged && !stored.contains(signal))
      return violate("acknowledged call lost", call.key + " " + call.symbol.str());
    else if (call.recorded && !stored.contains(signal))
      return violate("recorded call lost", call.key + " " + call.symbol.str());

  auto filter = every_row();
  filter.type = "decision";
  std::map<std::pair<SignalId, std::string>, std::int64_t> finals;
  for (const auto& event :
       all_pages<JournalEvent>(*this, filter, "events", [&](const ListFilter& f) { return reader.events(f); }))
    for (const auto name : EnumNames<DispositionKind>::names)
      if (is_final(*enum_from<DispositionKind>(name)) &&
          event.payload.find("\"kind\":\"" + std::string{name} + "\"") != std::string::npos)
        ++finals[{event.signal, event.account.str()}];
  for (const auto& [who, count] : finals)
    if (count > 1 && !who.first.empty())
      return violate("two ends of one call", who.first.str() + " became final " + std::to_string(count) + " times");
}

/// What is over at the exchange is over in the books, with the same quantity; and nothing is left unknown.
void Auditor::compare_orders(JournalReader& reader) {
  auto& engine = host_.engine();
  for (const auto& row :
       all_pages<OrderRow>(*this, every_row(), "orders", [&](const ListFilter& f) { return reader.orders(f); })) {
    const auto name = row.client_order_id.str();
    if (waiting_.contains(row.symbol.str()) &&
        (row.status == OrderStatus::unknown || row.status == OrderStatus::held))
      continue;
    if (row.status == OrderStatus::unknown)
      return violate("unknown order at the end", name);
    const auto id = exchange::Uuid::parse(row.venue_order_id.view());
    auto index = id ? engine.find_order(0, *id) : exchange::no_order;
    if (index == exchange::no_order)
      index = engine.find_client_order(0, name);
    if (index == exchange::no_order) {
      if (!is_terminal(row.status))
        return violate("order that never was", name + " is " + std::string{to_string(row.status)} + " in the books");
      if (!row.cum_qty.is_zero())
        return violate("fill that never was", name + " filled " + row.cum_qty.str());
      continue;
    }
    // An order that the exchange replaced by itself lives on in its successor.
    const auto* order = &engine.order(index);
    while (order->status == exchange::Status::replaced && order->replaced_by != exchange::no_order &&
           !engine.order(order->replaced_by).client_order_id.starts_with("heed1."))
      order = &engine.order(order->replaced_by);
    if (exchange::is_open(order->status) == is_terminal(row.status))
      return violate("order status", name + " is " + std::string{to_string(row.status)} + " in the books, " +
                                       std::string{to_string(order->status)} + " at the exchange");
  }
}

void Auditor::compare_positions(JournalReader& reader) {
  auto filter = every_row();
  filter.status = "all";
  std::map<std::string, PositionRow> rows;
  for (auto& row :
       all_pages<PositionRow>(*this, filter, "positions", [&](const ListFilter& f) { return reader.positions(f); }))
    rows[row.symbol.str()] = std::move(row);
  const auto& engine = host_.engine();
  for (const auto& asset : engine.assets()) {
    const auto held = engine.accounts().front().positions[asset.index].qty;
    const auto row = rows.find(asset.symbol);
    const auto booked = row == rows.end() ? Decimal{} : row->second.quantity;
    const bool foreign = external_.contains(asset.symbol);
    if (waiting_.contains(asset.symbol))
      continue;
    if (row != rows.end() && row->second.phase == "Quarantined") {
      if (!foreign)
        violate("quarantined at the end", asset.symbol + ": " + row->second.state.substr(0, 300));
      continue;
    }
    if (booked != held)
      return violate("books differ from the exchange",
                     asset.symbol + ": books " + booked.str() + ", exchange " + held.str());
    if (books_.size() <= asset.index)
      continue;
    const auto& book = books_[asset.index];
    if (!foreign && is_naked(asset, book) && !asset.halted)
      return violate("naked at the end", asset.symbol + ": " + book.owned.str());
    if (has_stray(asset, book))
      return violate("flat with a working exit", asset.symbol);
  }
}

/// Executions and fill rows tell the same quantities and the same money, symbol by symbol and side by side.
void Auditor::compare_fills(JournalReader& reader) {
  struct Sums {
    Decimal bought, sold, paid, received;
  };
  const auto& engine = host_.engine();
  std::map<std::string, Sums> seen, booked;
  std::map<std::string, Decimal> realized;
  std::map<std::string, std::int64_t> count;
  for (std::size_t i = executions_lost_; i < engine.executions().size(); ++i) {
    const auto& e = engine.executions()[i];
    if (!owners_[e.order].ours)
      continue;
    auto& sums = seen[engine.assets()[e.asset].symbol];
    ++count[engine.assets()[e.asset].symbol];
    (e.side == exchange::Side::buy ? sums.bought : sums.sold) += e.qty;
    (e.side == exchange::Side::buy ? sums.paid : sums.received) += e.qty * e.price;
  }
  for (const auto& row :
       all_pages<FillRow>(*this, every_row(), "fills", [&](const ListFilter& f) { return reader.fills(f); })) {
    auto& sums = booked[row.symbol.str()];
    (row.side == Side::buy ? sums.bought : sums.sold) += row.quantity;
    (row.side == Side::buy ? sums.paid : sums.received) += row.quantity * row.price;
    realized[row.symbol.str()] += row.realized;
    if (row.strategy.empty() || row.lot.empty())
      return violate("fill without an owner", row.client_order_id.str() + " " + row.quantity.str());
  }
  const auto cent = Decimal::from_units(10'000'000);
  for (const auto& [symbol, sums] : seen) {
    if (external_.contains(symbol) || blurred_.contains(symbol))
      continue;
    const auto& ours = booked[symbol];
    if (ours.bought != sums.bought || ours.sold != sums.sold)
      return violate("fills differ", symbol + ": booked " + ours.bought.str() + " bought, " + ours.sold.str() +
                                       " sold; executed " + sums.bought.str() + ", " + sums.sold.str());
    // Half a cent per execution: a price that was worked out from an average is rounded.
    const auto tolerance = cent + Decimal{count[symbol]} * cent * Decimal::from_units(500'000'000);
    if ((ours.paid - sums.paid).abs() > tolerance || (ours.received - sums.received).abs() > tolerance)
      return violate("money differs", symbol + ": booked " + ours.paid.str() + " paid, " + ours.received.str() +
                                        " received; executed " + sums.paid.str() + ", " + sums.received.str());
    if (executions_lost_ == 0 && sums.bought == sums.sold &&
        (realized[symbol] - (sums.received - sums.paid)).abs() > tolerance)
      return violate("profit differs", symbol + ": booked " + realized[symbol].str() + ", executed " +
                                         (sums.received - sums.paid).str());
  }
  for (const auto& [symbol, sums] : booked)
    if (!seen.contains(symbol) && !blurred_.contains(symbol) && !(sums.bought.is_zero() && sums.sold.is_zero()))
      return violate("fills differ", symbol + ": booked fills that were never executed");
}

/// One call, at most one entry; only calls that may open; none too old. And no order without its row.
void Auditor::compare_entries(JournalReader& reader) {
  const auto& engine = host_.engine();
  std::map<SignalId, std::set<std::string>> entries;
  for (exchange::OrderIndex i = 0; i < owners_.size(); ++i) {
    if (!owners_[i].ours || !engine.order(i).client_order_id.starts_with("heed1."))
      continue;
    const auto row = reader.order(ClientOrderId{engine.order(i).client_order_id});
    if (!row)
      return violate("journal unreadable", row.error().detail);
    if (!row.value() && (i >= orders_lost_ || exchange::is_open(engine.order(i).status)))
      return violate("order without a record", engine.order(i).client_order_id);
    if (!owners_[i].entry)
      continue;
    if (i < orders_lost_) {  // whose it was then
      entries[signals_[engine.order(i).client_order_id]].insert(engine.order(i).client_order_id);
      continue;
    }
    const auto call = calls_.find(row.value()->signal);
    if (call == calls_.end())
      return violate("entry without a call", engine.order(i).client_order_id);
    if (!call->second.may_open)
      return violate("entry from a call that may not open", call->second.key);
    const auto age = call->second.first_sent ? *call->second.first_sent - call->second.created_at : Duration{0};
    const auto strategy = rules_.strategies.find(row.value()->strategy);
    if (call->second.mention && strategy != rules_.strategies.end() &&
        age > std::chrono::hours{strategy->second.max_age_hours} + std::chrono::hours{24})
      return violate("entry from a stale call", call->second.key);
    auto& names = entries[row.value()->signal];
    names.insert(engine.order(i).client_order_id);
    if (names.size() > 1)
      return violate("two entries for one call",
                     call->second.key + ": " + *names.begin() + " and " + *names.rbegin());
  }
}

}  // namespace heed::sim
