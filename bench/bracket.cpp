#include "bench/bracket.hpp"

#include "core/naming.hpp"

#include <stdexcept>
#include <string>

namespace heed::bench {
namespace {

OrderReport report_of(const SubmitOrder& order, const ClientOrderId& name, Leg leg, OrderStatus status) {
  OrderReport report;
  report.client_order_id = name;
  report.venue_order_id = "v-" + order.symbol.str() + "-" + std::string{to_string(leg)};
  report.account = order.account;
  report.symbol = order.symbol;
  report.side = leg == Leg::entry ? order.side : opposite(order.side);
  report.leg = leg;
  report.status = status;
  report.quantity = order.quantity;
  report.at = open_session();
  return report;
}

OrderReport fill_of(const SubmitOrder& order, const ClientOrderId& name, Leg leg, Price price) {
  auto report = report_of(order, name, leg, OrderStatus::filled);
  report.cum_qty = order.quantity;
  report.avg_px = price;
  report.execution = Execution{"x-" + order.symbol.str() + "-" + std::string{to_string(leg)}, order.quantity, price,
                               Money{}, open_session()};
  return report;
}

}  // namespace

Instant open_session() { return parse_rfc3339("2026-03-03T15:00:00Z").value(); }

core::StepContext bracket_context(const Symbol& symbol) {
  static const core::PositionPolicy policy = [] {
    core::PositionPolicy made;
    made.venue.native_bracket = made.venue.bracket_needs_full_fill = made.venue.native_oco = true;
    made.venue.replace = made.venue.holds_quantity = made.venue.opposite_orders_refused = true;
    made.venue.name = "bench";
    return made;
  }();
  core::StepContext context;
  context.now = open_session();
  context.session = std::chrono::floor<std::chrono::days>(context.now);
  context.instrument.symbol = symbol;
  context.instrument.tradable = true;
  context.policy = &policy;
  return context;
}

core::PositionState flat_state(const Symbol& symbol) {
  core::PositionState state;
  state.account = "bench";
  state.symbol = symbol;
  return state;
}

std::vector<PositionInput> life_of_a_bracket(const Symbol& symbol) {
  const auto context = bracket_context(symbol);
  const auto signal = core::signal_id("bench", symbol.view());
  PlaceEntry place;
  place.intent.intent_id = core::intent_id(signal, "bench", 0);
  place.intent.signal = signal;
  place.intent.account = "bench";
  place.intent.strategy = "mentions";
  place.intent.symbol = symbol;
  place.intent.size = Size{SizeKind::dollars, Decimal{5'000}, {}};
  place.intent.time_in_force = TimeInForce::gtc;
  place.client_order_id = core::client_order_id("bench", place.intent.intent_id, Leg::entry, 0, "mentions");
  place.quantity = Quantity{50};
  place.reference = Price{100};
  place.stop = Price{92};
  place.target = Price{120};

  auto state = flat_state(symbol);
  core::Step step;
  core::step(state, place, context, step);
  const core::SubmitDurably* sent = nullptr;
  for (const auto& effect : step.effects)
    if (const auto* submit = std::get_if<core::SubmitDurably>(&effect))
      sent = submit;
  if (sent == nullptr || !sent->order.take_profit || !sent->order.stop_loss)
    throw std::runtime_error{"the entry did not become a bracket"};
  const auto& order = sent->order;
  const auto& target = order.take_profit->client_order_id;
  const auto& stop = order.stop_loss->client_order_id;
  return {place,
          report_of(order, order.client_order_id, Leg::entry, OrderStatus::accepted),
          report_of(order, target, Leg::take_profit, OrderStatus::held),
          report_of(order, stop, Leg::stop_loss, OrderStatus::held),
          fill_of(order, order.client_order_id, Leg::entry, Price{100}),
          fill_of(order, order.client_order_id, Leg::entry, Price{100}),
          report_of(order, target, Leg::take_profit, OrderStatus::accepted),
          report_of(order, stop, Leg::stop_loss, OrderStatus::held),
          report_of(order, target, Leg::take_profit, OrderStatus::accepted),
          fill_of(order, target, Leg::take_profit, Price{120}),
          report_of(order, stop, Leg::stop_loss, OrderStatus::canceled),
          fill_of(order, target, Leg::take_profit, Price{120})};
}

}  // namespace heed::bench
