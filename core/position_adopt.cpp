// What is not ours: as the broker tells it, and taken over where a person says so.
#include "core/instruments.hpp"
#include "core/naming.hpp"
#include "core/pnl.hpp"
#include "core/position_machine.hpp"

namespace heed::core {
namespace {

constexpr const char* words_of(Quantity held) { return held.is_negative() ? "short" : "long"; }

// What is held besides our own; null: nothing. Such a lot that has come to zero may still be there.
const Lot* external_lot(const PositionState& state) {
  const auto found =
    std::ranges::find_if(state.lots, [](const Lot& lot) { return is_external(lot) && !lot.quantity.is_zero(); });
  return found == state.lots.end() ? nullptr : &*found;
}

// Shares that somebody else's orders may still take out of what is held. Legs that wait for a sibling stand for the
// same shares as that.
Quantity promised_to_others(const AdoptExternal& input) {
  Quantity sum;
  for (const auto& order : input.foreign)
    if (order.side != input.intent.side && !is_terminal(order.status) && order.status != OrderStatus::held)
      sum += order.quantity - order.cum_qty;
  return sum;
}

std::string list_others(const AdoptExternal& input) {
  std::string out;
  for (const auto& order : input.foreign)
    if (order.side != input.intent.side && !is_terminal(order.status) && order.status != OrderStatus::held)
      out += (out.empty() ? "" : ", ") + std::string{to_string(order.side)} + " " +
             (order.quantity - order.cum_qty).str() + " " + std::string{to_string(order.type)} + " (order " +
             order.venue_order_id.str() + ")";
  return out;
}

// Where a level rests for what was bought or sold at `average`. A price is taken as it is, on the tick grid.
Result<Price> place(const Level& level, bool is_stop, const AdoptExternal& input, Price average,
                    const Instrument& instrument) {
  auto price = level.value;
  if (level.kind != LevelKind::price) {
    ProtectionSpec spec;
    spec.reward_risk = {};
    (is_stop ? spec.stop : spec.target) = level;
    const auto placed = exit_prices(spec, input.intent.side, average, instrument);
    if (!placed)
      return placed.error();
    price = is_stop ? *placed.value().stop : *placed.value().target;
  }
  price = round_away(price, input.last_price, instrument);
  const bool below = is_stop == (input.intent.side == Side::buy);
  const bool beyond = below ? price < input.last_price : price > input.last_price;
  if (price.is_positive() && beyond)
    return price;
  return Error{ErrorKind::invalid, "PROTECTION_INVALID",
               std::string{is_stop ? "stop " : "target "} + price.str() + " is not " + (below ? "below" : "above") +
                 " the last price " + input.last_price.str() + ": it would close at once. Give it as a price"};
}

Result<ExitPrices> levels_of(const AdoptExternal& input, Price average, const Instrument& instrument) {
  ExitPrices out;
  const auto& wanted = input.intent.protection;
  if (wanted.stop) {
    const auto stop = place(*wanted.stop, true, input, average, instrument);
    if (!stop)
      return stop.error();
    out.stop = stop.value();
  }
  if (wanted.target) {
    const auto target = place(*wanted.target, false, input, average, instrument);
    if (!target)
      return target.error();
    out.target = target.value();
  }
  return out;
}

}  // namespace

void Machine::operator()(const ExternalChange& input) { external_is(input.quantity, input.avg_px); }

void Machine::external_is(Quantity quantity, Price avg_px) {
  const auto* found = external_lot(s_);
  const auto before = found == nullptr ? Quantity{} : found->quantity;
  if (before == quantity || !knows_terms())
    return;  // what is not known cannot be counted: whoever tells it tells it again
  const auto id =
    found == nullptr ? intent_id(SignalId{"external"}, s_.account, static_cast<std::uint32_t>(s_.steps)) : found->id;
  const auto multiplier = instrument_.multiplier;
  const auto held_then = (net_quantity(s_) - before + quantity).abs();
  emit(ExternalChanged{id, quantity, value_of(avg_px, quantity.abs(), multiplier),
                       value_of(avg_px, held_then, multiplier), cx_.now, new_terms()});
  tell_of_lot(*find_lot(s_, id), quantity - before, {});
  alert(AlertLevel::warning, "EXTERNAL_POSITION", "now " + quantity.str() + ", was " + before.str());
}

void Machine::operator()(const AdoptExternal& input) {
  if (const auto* known = find_lot(s_, input.intent.intent_id))
    return answer(DispositionKind::filled, "", "already adopted: " + known->entered.str());
  const auto external = input.broker - owned_quantity(s_);
  if (refuse_adoption(input, external))
    return;
  const auto levels = levels_of(input, input.avg_px, instrument_);
  if (!levels)
    return answer(DispositionKind::invalid, "protection", levels.error().detail);
  external_is(external, input.avg_px);  // as it was just told
  adopt(input, input.intent.size.kind == SizeKind::all ? external.abs() : input.intent.size.value, levels.value());
}

// Answers and returns true when nothing is taken over.
bool Machine::refuse_adoption(const AdoptExternal& input, Quantity external) {
  const auto refuse = [&](DispositionKind kind, std::string detail, std::string reason) {
    answer(kind, std::move(detail), std::move(reason));
    return true;
  };
  const auto& intent = input.intent;
  const auto owned = owned_quantity(s_);
  if (!knows_terms())
    return refuse(DispositionKind::failed, "instrument", "what is traded here is not known yet");
  if (intent.strategy.empty() || intent.strategy == external_owner)
    return refuse(DispositionKind::invalid, "strategy", "adopting needs the strategy that shall own it");
  if (busy(s_))
    return refuse(DispositionKind::failed, "busy", "an entry or a close is still at work here");
  if (external.is_zero())
    return refuse(DispositionKind::no_op, "nothing_external",
                  "the broker holds " + input.broker.str() + ", all of it Heed's own");
  const bool looked_at = owned.is_zero() || !s_.quarantine.empty();
  if (external.sign() * owned.sign() < 0 || (!looked_at && input.broker != net_quantity(s_)))
    return refuse(DispositionKind::failed, "position_mismatch",
                  "books " + net_quantity(s_).str() + " (" + owned.str() + " Heed's own), broker " +
                    input.broker.str() + ": the difference has to be explained first");
  if (external.sign() != sign(intent.side))
    return refuse(DispositionKind::invalid, "side",
                  "what is not Heed's here is " + std::string{words_of(external)} + " " + external.abs().str());
  const bool all = intent.size.kind == SizeKind::all;
  const auto quantity = all ? external.abs() : intent.size.value;
  if (!all && (intent.size.kind != SizeKind::quantity || !quantity.is_positive() || quantity > external.abs()))
    return refuse(DispositionKind::invalid, "quantity",
                  quantity.str() + " is not between 0 and the " + external.abs().str() + " that are not Heed's");
  if (const auto promised = promised_to_others(input); quantity > external.abs() - promised)
    return refuse(DispositionKind::no_op, "others_orders",
                  "of " + external.abs().str() + ", " + promised.str() +
                    " are promised to orders of somebody else: " + list_others(input) +
                    ". Cancel them at the broker first, or adopt less");
  if (!intent.protection.stop && !intent.protection.target)
    return refuse(DispositionKind::invalid, "protection", "neither a stop nor a target is given");
  return false;
}

void Machine::adopt(const AdoptExternal& input, Quantity quantity, const ExitPrices& levels) {
  const auto& intent = input.intent;
  const auto& from = *external_lot(s_);
  auto lot = lot_of(intent);
  lot.quantity = intent.side == Side::buy ? quantity : -quantity;
  lot.cost = quantity == held(from) ? from.cost : Decimal::mul_div(from.cost, quantity, held(from));
  lot.entered = quantity;
  lot.entry_value = lot.cost;
  lot.stop = levels.stop;
  lot.target = levels.target;
  lot.due_session = input.due_session;
  lot.opened_at = cx_.now;
  const IntentId from_id = from.id;
  out_.rows.emplace_back(intent);
  emit(LotAdopted{std::move(lot), from_id});
  const auto& adopted = *find_lot(s_, intent.intent_id);
  tell_of_lot(adopted, adopted.quantity, {});
  tell_of_lot(*find_lot(s_, from_id), -adopted.quantity, {});
  answer(DispositionKind::filled, "",
         "adopted " + std::string{words_of(adopted.quantity)} + " " + quantity.str() + " at " +
           price_of(adopted.cost, quantity, instrument_.multiplier).str() + ", stop " +
           (levels.stop ? levels.stop->str() : "none") + ", target " +
           (levels.target ? levels.target->str() : "none"));
}

}  // namespace heed::core
