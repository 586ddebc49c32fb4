// Fills: each quantity booked once, to exactly one owner, whoever brings it.
//
// An execution is booked under its id. What the cumulative quantity shows beyond that is booked at once too, as
// inferred; the executions that explain it come later and only correct price and fee. In the rows of fills, an
// execution that explains stands as it is, beside a row that takes the inferred one back.
#include "core/naming.hpp"
#include "core/pnl.hpp"
#include "core/position_machine.hpp"
#include "messages/mutant.hpp"

namespace heed::core {
namespace {

Quantity inferred_quantity(const WorkingOrder& order) {
  Quantity sum;
  for (const auto& share : order.inferred)
    sum += share.quantity;
  return sum;
}

// The same for the same order and the same thing about it: what it had filled, or an execution that explains a part.
ExecutionId derived_execution(const ClientOrderId& order, std::string_view what) {
  Sha256 sum;
  sum.update("x").field(order).field(what);
  if (mutant("inferred_id_varies")) {
    static int times = 0;
    sum.update(std::to_string(++times));
  }
  const auto digest = sum.finish();
  return ExecutionId{"heed-" + base32({reinterpret_cast<const char*>(digest.data()), 20})};
}

}  // namespace

void Machine::book(const OrderReport& report) {
  if (report.execution)
    book_execution(report, *report.execution);
  if (!mutant("growth_unbooked") && report.cum_qty > find_order(s_, report.client_order_id)->booked)
    book_growth(report);
}

void Machine::book_execution(const OrderReport& report, const Execution& execution) {
  const auto& order = *find_order(s_, report.client_order_id);
  if (!execution.last_qty.is_positive() ||
      (!mutant("fill_twice") &&
       std::ranges::find(order.executions, execution.execution_id) != order.executions.end()))
    return;
  const auto multiplier = instrument_.multiplier;
  const auto inferred = inferred_quantity(order);
  const auto known = std::min(inferred, execution.last_qty);
  auto fresh = execution.last_qty - known;
  // A report that states the cumulative quantity bounds what can be new: the same execution under another id is not.
  if (report.cum_qty >= execution.last_qty && !mutant("fill_twice")) {
    const auto most = std::max(std::max(order.row.cum_qty, report.cum_qty) - order.booked, Quantity{});
    if (fresh > most) {
      alert(AlertLevel::warning, "DUPLICATE_EXECUTION",
            order.row.client_order_id.str() + ": " + execution.execution_id.str() + " of " +
              execution.last_qty.str() + " is more than the order has filled");
      fresh = most;
    }
  }
  const Fill whole{execution.execution_id,
                   execution.last_qty,
                   execution.last_px,
                   execution.fee,
                   {},
                   false,
                   execution.at == Instant{} ? cx_.now : execution.at};
  const auto id = order.row.client_order_id;
  if (known.is_positive()) {
    auto part = whole;
    part.quantity = known;
    part.fee = known == whole.quantity ? whole.fee : Decimal::mul_div(whole.fee, known, whole.quantity);
    part.value = value_of(part.price, known, multiplier);
    if (fresh.is_positive())  // the rest is booked under the execution's own id
      part.execution_id = derived_execution(id, "of " + execution.execution_id.str());
    explain_fill(id, part);
  }
  if (fresh.is_positive()) {
    auto part = whole;
    part.quantity = fresh;
    part.fee = fresh == whole.quantity ? whole.fee : whole.fee - Decimal::mul_div(whole.fee, known, whole.quantity);
    part.value = value_of(part.price, fresh, multiplier);
    book_fill(id, part);
  }
}

// The price of the growth is what makes the average come true.
void Machine::book_growth(const OrderReport& report) {
  const auto& order = *find_order(s_, report.client_order_id);
  const auto multiplier = instrument_.multiplier;
  Fill fill;
  fill.quantity = report.cum_qty - order.booked;
  fill.execution_id = derived_execution(order.row.client_order_id, "cum " + report.cum_qty.str());
  fill.inferred = true;
  fill.at = report.at == Instant{} ? cx_.now : report.at;
  if (report.avg_px) {
    fill.value = value_of(*report.avg_px, report.cum_qty, multiplier) - order.booked_value;
    if (!fill.value.is_positive())
      fill.value = value_of(*report.avg_px, fill.quantity, multiplier);
  } else {
    const auto level = order.row.limit_price ? order.row.limit_price : order.row.stop_price;
    const auto* lot = find_lot(s_, order.lot);
    const auto price = report.execution ? report.execution->last_px
                       : level          ? *level
                       : lot != nullptr ? price_of(lot->cost, held(*lot), multiplier)
                                        : Price{};
    fill.value = value_of(price, fill.quantity, multiplier);
    alert(AlertLevel::warning, "FILL_WITHOUT_PRICE", order.row.client_order_id.str() + " booked at " + price.str());
  }
  fill.price = price_of(fill.value, fill.quantity, multiplier);
  book_fill(ClientOrderId{order.row.client_order_id}, fill);
}

void Machine::book_fill(const ClientOrderId& id, const Fill& fill) {
  warn_about(*find_order(s_, id), fill);
  FillBooked event;
  event.parts = allocate(*find_order(s_, id), fill);
  const auto& order = *find_order(s_, id);
  event.order = id;
  event.execution_id = fill.execution_id;
  event.quantity = fill.quantity;
  event.price = fill.price;
  event.fee = fill.fee;
  event.value = fill.value;
  event.inferred = fill.inferred;
  event.at = fill.at;
  switch (order.row.leg) {
    case Leg::entry: break;
    case Leg::take_profit: event.reason = CloseReason::tp_hit; break;
    case Leg::stop_loss:
      event.reason = CloseReason::sl_hit;
      if (const auto* lot = find_lot(s_, order.lot); lot != nullptr && lot->protection.trailing)
        event.subreason = "TRAILING_STOP_HIT";
      break;
    case Leg::close:
      event.reason = enum_from<CloseReason>(order.row.close_reason).value_or(CloseReason::strategy_exit);
      event.subreason = order.subreason;
      break;
  }
  const auto change = symbol_change(net_quantity(s_), s_.cost, order.row.side, fill.quantity, fill.value, fill.fee);
  event.cost = change.cost;
  event.realized = change.realized;
  emit(std::move(event));
  const auto& booked = std::get<FillBooked>(out_.events.back());
  fill_rows(booked);
  tell_fill(booked);
  if (!is_entry(*find_order(s_, id)) && !booked.parts.back().entry)
    return;
  const auto parts = booked.parts;  // further facts move the events
  for (const auto& part : parts)
    if (part.entry && part.quantity.is_positive()) {
      relevel(part.lot);
      extend_due(part.lot);
    }
}

// A further entry moves the exit of all that its strategy holds here; it stays moved when that lot goes first.
void Machine::extend_due(const IntentId& id) {
  const auto& entered = *find_lot(s_, id);
  const auto due = entered.due_session;
  const auto strategy = entered.strategy;
  for (std::size_t i = 0; due && i < s_.lots.size(); ++i) {
    const auto& lot = s_.lots[i];
    if (lot.strategy == strategy && !lot.quantity.is_zero() && lot.due_session && *lot.due_session < *due)
      emit(DueChanged{IntentId{lot.id}, *due});
  }
}

void Machine::warn_about(const WorkingOrder& order, const Fill& fill) {
  const auto what = [&] {
    return order.row.client_order_id.str() + ": " + fill.quantity.str() + " at " + fill.price.str();
  };
  if (is_terminal(order.row.status) && order.row.status != OrderStatus::filled)
    alert(AlertLevel::critical, "FILL_AFTER_CANCEL", what() + " after " + std::string{to_string(order.row.status)});
  if (order.booked + fill.quantity > order.row.quantity)
    alert(AlertLevel::critical, "OVERFILL",
          what() + " makes " + (order.booked + fill.quantity).str() + " of " + order.row.quantity.str());
}

std::vector<FillPart> Machine::allocate(const WorkingOrder& order, const Fill& fill) {
  std::vector<FillPart> parts;
  if (is_entry(order)) {
    parts.push_back(entry_part(*find_lot(s_, order.lot), fill.quantity, fill.value, fill.fee));
    return parts;
  }
  // Nearly always: one lot is held, and holds enough.
  const auto is_held = [](const Lot& l) { return !l.quantity.is_zero(); };
  const auto lot = std::ranges::find_if(s_.lots, is_held);
  if (lot != s_.lots.end() && lot->side != order.row.side && !is_external(*lot) && held(*lot) >= fill.quantity &&
      std::none_of(lot + 1, s_.lots.end(), is_held))
    parts.push_back(exit_part(*lot, fill.quantity, fill.value, fill.fee));
  else
    allocate_exit(WorkingOrder{order}, fill, parts);
  return parts;
}

// An exit takes from its own lot, a close from the lots it was made for; what is left over takes from the other lots
// of ours on that side, and beyond all of them it is a position nobody wanted.
void Machine::allocate_exit(const WorkingOrder& order, const Fill& fill, std::vector<FillPart>& parts) {
  auto left = fill.quantity;
  auto value = fill.value;
  auto fee = fill.fee;
  auto lots = s_.lots;  // as they become while this fill is dealt out
  const auto take = [&](std::size_t index) {
    auto& lot = lots[index];
    if (!left.is_positive() || lot.quantity.is_zero() || lot.side == order.row.side)
      return;
    const auto quantity = std::min(left, held(lot));
    const auto part_value = quantity == left ? value : Decimal::mul_div(value, quantity, left);
    const auto part_fee = quantity == left ? fee : Decimal::mul_div(fee, quantity, left);
    const auto first = parts.size();
    if (policy_.fifo)
      fifo_parts(lots, index, quantity, parts);
    for (auto i = first; i < parts.size(); ++i)
      apply(*std::ranges::find(lots, parts[i].lot, &Lot::id), parts[i]);
    parts.push_back(exit_part(lot, quantity, part_value, part_fee));
    apply(lot, parts.back());
    left -= quantity;
    value -= part_value;
    fee -= part_fee;
  };
  const bool planned = s_.close && s_.close->order == order.row.client_order_id;
  const auto pass = [&](auto&& chosen) {
    for (std::size_t i = 0; i < lots.size(); ++i)
      if (chosen(lots[i]))
        take(i);
  };
  pass([&](const Lot& lot) { return lot.id == order.lot; });
  pass([&](const Lot& lot) { return planned && in_scope(*s_.close, lot); });
  pass([&](const Lot& lot) { return lot.strategy == order.row.strategy; });
  pass([&](const Lot& lot) { return !is_external(lot); });
  if (left.is_positive()) {
    const auto id = stray_lot(order);
    parts.push_back(entry_part(*find_lot(s_, id), left, value, fee));
  }
}

// Where an over-fill goes: a lot of the same owner on the other side, which the machine closes at once.
IntentId Machine::stray_lot(const WorkingOrder& order) {
  for (const auto& lot : s_.lots)
    if (lot.stray && lot.side == order.row.side && !lot.quantity.is_zero())
      return lot.id;
  Lot lot;
  lot.id = intent_id(order.row.signal, s_.account, 0x4000'0000U + static_cast<std::uint32_t>(s_.steps));
  lot.strategy = order.row.strategy;
  lot.source = order.row.source;
  lot.signal = order.row.signal;
  lot.correlation_id = order.row.correlation_id;
  lot.side = order.row.side;
  lot.entry_session = cx_.session;
  lot.stray = true;
  const auto id = lot.id;
  emit(LotOpened{std::move(lot), std::nullopt});
  return id;
}

// Lots of ours on both sides cannot both be at the broker: the one nobody wanted was an exit of the other.
bool Machine::net_stray(const Lot& stray) {
  const auto other = std::ranges::find_if(
    s_.lots, [&](const Lot& lot) { return !lot.quantity.is_zero() && !is_external(lot) && lot.side != stray.side; });
  if (other == s_.lots.end())
    return false;
  LotsNetted event;
  event.stray = stray.id;
  event.lot = other->id;
  event.quantity = std::min(held(stray), held(*other));
  event.value =
    event.quantity == held(stray) ? stray.cost : Decimal::mul_div(stray.cost, event.quantity, held(stray));
  event.at = cx_.now;
  event.parts = {exit_part(stray, event.quantity, event.value, {}),
                 exit_part(*other, event.quantity, event.value, {})};
  const auto name = derived_execution(ClientOrderId{}, "net " + stray.id.str() + std::to_string(s_.steps));
  emit(event);
  for (const auto& part : event.parts) {
    const auto& lot = *find_lot(s_, part.lot);
    FillRow row;
    row.account = s_.account;
    row.execution_id = name;
    row.lot = lot.id;
    row.symbol = s_.symbol;
    row.strategy = lot.strategy;
    row.source = lot.source;
    row.signal = lot.signal;
    row.side = opposite(lot.side);
    row.leg = Leg::close;
    row.quantity = part.quantity;
    row.price = price_of(event.value, event.quantity, instrument_.multiplier);
    row.realized = part.realized;
    row.inferred = true;
    row.at = cx_.now;
    out_.rows.emplace_back(std::move(row));
    tell_of_lot(lot, lot.side == Side::buy ? -part.quantity : part.quantity, part.realized);
  }
  return true;
}

// The price, or the fee, of something inferred is now known. What the order's fills came to in all was known before,
// from its average: by what this one differs, the shares that are still inferred differ the other way.
void Machine::explain_fill(const ClientOrderId& id, const Fill& fill) {
  const auto& order = *find_order(s_, id);
  FillExplained event;
  event.order = id;
  event.execution_id = fill.execution_id;
  event.quantity = fill.quantity;
  event.price = fill.price;
  event.fee = fill.fee;
  event.at = fill.at;
  auto rest = order.inferred;
  const auto taken = take_shares(rest, fill.quantity);
  auto restated = rest;
  if (const auto value = value_in(taken) + value_in(rest) - fill.value; !rest.empty() && value.is_positive()) {
    event.rest_value = value;
    set_value(restated, value);
  }
  std::vector<FillRow> rows;
  for (const auto& of_lot : explained_lots(fill, taken, rest, restated)) {
    const auto& lot = *find_lot(s_, of_lot.lot);
    const auto change = of_lot.is - of_lot.was + of_lot.rest_is - of_lot.rest_was;
    event.parts.push_back(correction_part(lot, lot.side == order.row.side, change, of_lot.fee));
    event.value_change += change;
    explain_rows(rows, order, fill, of_lot, event.parts.back().realized);
    const auto of_symbol = symbol_correction(net_quantity(s_), lot.side, event.parts.back());
    event.cost += of_symbol.cost;
    event.realized += of_symbol.realized;
  }
  emit(std::move(event));
  const auto explained = std::get<FillExplained>(out_.events.back());
  for (const auto& row : rows)
    out_.rows.emplace_back(row);
  tell_corrections(explained.parts);
  for (const auto& part : explained.parts)
    if (const auto& lot = *find_lot(s_, part.lot); lot.ended && lot.entered.is_positive())
      out_.rows.emplace_back(trade_row(s_, lot, instrument_.multiplier, cx_.calendar));
}

// Lot by lot, in the order of their shares: what the execution is of, and what stays inferred.
std::vector<Machine::Explained> Machine::explained_lots(const Fill& fill, const std::vector<InferredShare>& taken,
                                                        const std::vector<InferredShare>& rest,
                                                        const std::vector<InferredShare>& restated) {
  std::vector<Explained> lots;
  const auto of_lot = [&](const IntentId& lot) -> Explained& {
    const auto found = std::ranges::find(lots, lot, &Explained::lot);
    return found != lots.end() ? *found : lots.emplace_back(Explained{lot, {}, {}, {}, {}, {}, {}, {}});
  };
  auto left = fill.quantity;
  auto value = fill.value;
  auto fee = fill.fee;
  for (const auto& share : taken) {
    auto& lot = of_lot(share.lot);
    const auto is = share.quantity == left ? value : Decimal::mul_div(value, share.quantity, left);
    const auto part_fee = share.quantity == left ? fee : Decimal::mul_div(fee, share.quantity, left);
    lot.quantity += share.quantity;
    lot.was += share.value;
    lot.is += is;
    lot.fee += part_fee;
    left -= share.quantity;
    value -= is;
    fee -= part_fee;
  }
  for (std::size_t i = 0; i < rest.size(); ++i)
    if (rest[i].value != restated[i].value) {
      auto& lot = of_lot(rest[i].lot);
      lot.rest += rest[i].quantity;
      lot.rest_was += rest[i].value;
      lot.rest_is += restated[i].value;
    }
  return lots;
}

// The execution under its own id, and as much taken back of what had been inferred: so that rows add up to what was
// paid and received. A lot that it is no part of, but whose shares are worth something else for it, has them taken
// back and anew.
void Machine::explain_rows(std::vector<FillRow>& rows, const WorkingOrder& order, const Fill& fill,
                           const Explained& of_lot, Money realized) const {
  const auto add = [&](const ExecutionId& name, Quantity quantity, Money value, bool inferred) -> FillRow& {
    auto& row = rows.emplace_back(fill_row(order, *find_lot(s_, of_lot.lot)));
    row.execution_id = name;
    row.quantity = quantity;
    row.price = price_of(value, quantity.abs(), instrument_.multiplier);
    row.inferred = inferred;
    row.at = fill.at;
    return row;
  };
  const auto derived = [&](const char* what) {
    return derived_execution(order.row.client_order_id, what + fill.execution_id.str());
  };
  if (of_lot.quantity.is_positive()) {
    auto& row = add(fill.execution_id, of_lot.quantity, of_lot.is, false);
    row.price = fill.price;
    row.fee = of_lot.fee;
    row.realized = realized;
    add(derived("instead of "), -of_lot.quantity, of_lot.was + of_lot.rest_was - of_lot.rest_is, true);
  } else {
    add(derived("taken back for "), -of_lot.rest, of_lot.rest_was, true);
    add(derived("restated for "), of_lot.rest, of_lot.rest_is, true).realized = realized;
  }
}

FillRow Machine::fill_row(const WorkingOrder& order, const Lot& lot) const {
  FillRow row;
  row.account = s_.account;
  row.client_order_id = order.row.client_order_id;
  row.venue_order_id = order.row.venue_order_id;
  row.lot = lot.id;
  row.symbol = s_.symbol;
  row.strategy = lot.strategy;
  row.source = lot.source;
  row.signal = lot.signal;
  row.side = order.row.side;
  row.leg = order.row.leg;
  return row;
}

// One row per lot. Parts that only move money between lots (FIFO) have none.
void Machine::fill_rows(const FillBooked& event) {
  const auto& order = *find_order(s_, event.order);
  for (std::size_t i = 0; i < event.parts.size(); ++i) {
    auto row = fill_row(order, *find_lot(s_, event.parts[i].lot));
    bool told = false;
    for (std::size_t j = 0; j < event.parts.size(); ++j) {
      if (event.parts[j].lot != row.lot)
        continue;
      told = told || j < i;
      row.quantity += event.parts[j].quantity;
      row.fee += event.parts[j].fee;
      row.realized += event.parts[j].realized;
    }
    if (told || row.quantity.is_zero())
      continue;
    row.execution_id = event.execution_id;
    row.price = event.price;
    row.inferred = event.inferred;
    row.at = event.at;
    out_.rows.emplace_back(std::move(row));
  }
}

void Machine::tell_fill(const FillBooked& event) {
  const auto& order = *find_order(s_, event.order);
  for (const auto& part : event.parts) {
    if (part.quantity.is_zero())
      continue;
    tell(part.entry ? RiskFactKind::filled : RiskFactKind::closed, order, part.quantity, event.price);
    const auto& lot = *find_lot(s_, part.lot);
    auto& fact = std::get<TellRisk>(out_.effects.back()).fact;
    fact.strategy = lot.strategy;
    fact.realized = part.realized;
    fact.trade_realized = lot.realized;
    fact.lot = lot.id;
    fact.trade_ended = !part.entry && lot.quantity.is_zero() && !has_live_entry(s_, lot);
  }
}

// Only money, lot by lot: what is held stays as it is.
void Machine::tell_corrections(const std::vector<FillPart>& parts) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Money cost;
    Money realized;
    bool told = false;
    for (std::size_t j = 0; j < parts.size(); ++j) {
      if (parts[j].lot != parts[i].lot)
        continue;
      told = told || j < i;
      cost += parts[j].cost;
      realized += parts[j].realized;
    }
    if (!told && !(cost.is_zero() && realized.is_zero()))
      tell_of_lot(*find_lot(s_, parts[i].lot), {}, realized);
  }
}

}  // namespace heed::core
