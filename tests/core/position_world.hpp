// The position machine against a naive venue, with time, faults and restarts in the test's hands.
#pragma once

#include "core/naming.hpp"
#include "core/position.hpp"
#include "core/position_parts.hpp"
#include "core/risk.hpp"
#include "tests/support/fields_hash.hpp"
#include "tests/support/naive_venue.hpp"

#include <cstdio>
#include <deque>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace heed::test {

using namespace heed::core;
using namespace heed::literals;

inline VenueCapabilities alpaca_like() {
  VenueCapabilities can;
  can.native_bracket = can.bracket_needs_full_fill = can.native_oco = can.replace = true;
  can.holds_quantity = can.opposite_orders_refused = can.fractional = can.shorting = true;
  can.name = "alpaca-like";
  return can;
}
inline VenueCapabilities plain_like() {
  VenueCapabilities can;
  can.shorting = true;
  can.name = "plain";
  return can;
}
inline VenueCapabilities tradovate_like() {
  auto can = plain_like();
  can.replace = true;
  can.name = "tradovate-like";
  return can;
}
inline VenueCapabilities full_like() {
  VenueCapabilities can;
  can.native_bracket = can.native_oco = can.replace = can.shorting = true;
  can.name = "full";
  return can;
}

struct Timer {
  Instant due;
  TimerKind kind;
  ClientOrderId order;
};

/// How often things go wrong, per mille.
struct Faults {
  int lost_before = 0;  // a command never arrives
  int lost_after = 0;   // it arrives, its answer does not
  int query_fails = 0;
  int query_blind = 0;  // "not found" although it is there
  int dropped = 0;      // news that never comes by the stream
  int repeated = 0;
  int refused = 0;
  int late = 0;  // shuffled behind other news
};

class World {
public:
  explicit World(VenueCapabilities can, std::uint64_t seed = 1) : venue{can}, random{std::mt19937_64{seed}} {
    state.account = "acc";
    state.symbol = "XYZ";
    policy.venue = std::move(can);
    context.policy = &policy;
    context.now = Instant{std::chrono::hours{24 * 365 * 56}};
    context.session = std::chrono::floor<std::chrono::days>(context.now);
    context.instrument.symbol = "XYZ";
    context.instrument.tradable = context.instrument.shortable = true;
  }

  PositionState state;
  PositionPolicy policy;
  StepContext context;
  NaiveVenue venue;
  Step out;
  Faults faults;
  std::function<std::uint64_t()> random;
  std::deque<PositionInput> inbox;  // on its way to the machine
  std::vector<Timer> timers;
  std::map<std::string, SubmitOrder> submitted;
  std::map<std::string, FillRow> fills;  // as the store keeps them
  std::map<std::string, TradeRow> trades;
  std::map<std::string, OrderRow> order_rows;
  std::map<std::string, Disposition> decisions;
  std::vector<RaiseAlert> alerts;
  std::vector<Intent> entries_wanted;
  Money realized_ever;  // by the symbol as a whole
  std::vector<RiskFact> facts;
  core::RiskLedger* ledger = nullptr;  // hears every fact at once
  std::vector<std::string> log;
  std::function<void(const World&)> after_step;
  bool verify = true;  // evolve(events) = state, and checks on what is sent
  bool tracing = false;

  bool chance(int per_mille) { return per_mille > 0 && static_cast<int>(random() % 1000) < per_mille; }
  std::uint64_t below(std::uint64_t n) { return random() % n; }

  [[noreturn]] void fail(const std::string& what) const { throw std::runtime_error{what}; }

  /// One input, its effects performed at once (their answers are on their way then).
  const Step& feed(const PositionInput& input, std::size_t perform_most = SIZE_MAX) {
    std::optional<PositionState> before;
    if (verify)
      before = state;
    if (tracing)
      trace(input);
    step(state, input, context, out);
    if (before)
      check_step(*before);
    if (after_step)
      after_step(*this);
    take_rows();
    const auto effects = out.effects;  // performing may feed again
    for (std::size_t i = 0; i < effects.size() && i < perform_most; ++i)
      std::visit([&](const auto& e) { perform(e); }, effects[i]);
    collect();
    return out;
  }

  /// News from the venue, into the inbox.
  void collect() {
    for (const auto& report : venue.stream) {
      if (chance(faults.dropped))
        continue;
      inbox.emplace_back(report);
      if (chance(faults.repeated))
        inbox.emplace_back(report);
    }
    venue.stream.clear();
  }

  /// Delivers one message: usually the oldest.
  bool deliver() {
    if (inbox.empty())
      return false;
    const std::size_t at = chance(faults.late) ? below(inbox.size()) : 0;
    const auto message = inbox[at];
    inbox.erase(inbox.begin() + static_cast<std::ptrdiff_t>(at));
    feed(message);
    return true;
  }
  void deliver_all() {
    for (int i = 0; deliver(); ++i)
      if (i > 10'000)
        fail("messages without end");
  }
  /// Cancels take effect, and everything that follows from news; no time passes.
  void calm() {
    do {
      venue.finish_cancels();
      collect();
      deliver_all();
      venue.finish_cancels();
      collect();
    } while (!inbox.empty());
  }
  bool fire_next_timer() {
    if (timers.empty())
      return false;
    const auto next = std::ranges::min_element(timers, {}, &Timer::due);
    const auto timer = *next;
    timers.erase(next);
    context.now = std::max(context.now, timer.due);
    feed(TimerDue{timer.kind, timer.order});
    return true;
  }
  /// Lets time pass, with all that falls due.
  void pass(Duration duration) {
    const auto end = context.now + duration;
    for (int i = 0;; ++i) {
      calm();
      const auto next = std::ranges::min_element(timers, {}, &Timer::due);
      if (next == timers.end() || next->due > end)
        break;
      if (i > 10'000)
        fail("timers without end");
      fire_next_timer();
    }
    context.now = end;
  }

  void crash() {
    inbox.clear();
    timers.clear();
    venue.stream.clear();
  }
  void restart() { feed(Recovered{}); }

  /// Every report the venue has, as the reconciler brings them.
  void reconcile() {
    for (std::size_t i = 0; i < venue.orders.size(); ++i) {
      const auto& order = venue.orders[i];
      if (find_named(order.made.client_order_id) == nullptr)
        continue;
      for (const auto& execution : order.executions)
        inbox.emplace_back(execution);
      inbox.emplace_back(order.now);
    }
    deliver_all();
  }
  const WorkingOrder* find_named(const ClientOrderId& id) const {
    for (const auto& order : state.orders)
      if (order.row.client_order_id == id)
        return &order;
    return nullptr;
  }

  // ---- asking -------------------------------------------------------------------------------------------------

  Intent intent(IntentAction action, const std::string& strategy, Side side = Side::buy) {
    Intent out_intent;
    const auto n = std::to_string(++intents);
    out_intent.signal = "s-" + n;
    out_intent.account = state.account;
    out_intent.intent_id = intent_id(out_intent.signal, state.account, 0);
    out_intent.strategy = strategy;
    out_intent.source = "src";
    out_intent.symbol = state.symbol;
    out_intent.action = action;
    out_intent.side = side;
    return out_intent;
  }
  PlaceEntry entry(Side side, Quantity quantity, std::optional<Price> stop, std::optional<Price> target,
                   const std::string& strategy = "strat") {
    PlaceEntry out_entry;
    out_entry.intent = intent(IntentAction::open, strategy, side);
    out_entry.client_order_id =
      client_order_id(state.account, out_entry.intent.intent_id, Leg::entry, 0, out_entry.intent.strategy);
    out_entry.quantity = quantity;
    out_entry.reference = 100_d;
    out_entry.stop = stop;
    out_entry.target = target;
    return out_entry;
  }
  CloseLots close(const std::string& strategy = "strat", std::optional<Quantity> quantity = {}) {
    CloseLots out_close;
    out_close.intent = intent(quantity ? IntentAction::reduce : IntentAction::close, strategy);
    out_close.strategy = strategy;
    out_close.quantity = quantity;
    return out_close;
  }

  // ---- looking ------------------------------------------------------------------------------------------------

  /// The venue's working orders of one leg.
  std::vector<NaiveVenue::Order*> working(Leg leg) {
    std::vector<NaiveVenue::Order*> found;
    for (auto& order : venue.orders)
      if (order.made.leg == leg && NaiveVenue::working(order))
        found.push_back(&order);
    return found;
  }
  NaiveVenue::Order& only(Leg leg) {
    const auto found = working(leg);
    if (found.size() != 1)
      fail("expected one working " + std::string{to_string(leg)}, found.size());
    return *found.front();
  }
  void fill(Leg leg, Quantity quantity, Price price) {
    venue.fill(only(leg).made.client_order_id, quantity, price);
    collect();
  }
  std::string decision(const Intent& of) const {
    const auto found = decisions.find(of.signal.str());
    return found == decisions.end() ? "" : found->second.str();
  }
  bool alerted(std::string_view code) const {
    return std::ranges::any_of(alerts, [&](const RaiseAlert& a) { return a.code == code; });
  }
  Money realized_in_fills() const {
    Money sum;
    for (const auto& [key, row] : fills)
      sum += row.realized;
    return sum;
  }
  /// What the rows of fills alone say was taken in, less what was paid and the fees.
  Money cash_by_fills() const {
    Money sum;
    for (const auto& [key, row] : fills) {
      const auto value = row.quantity * row.price * context.instrument.multiplier;
      sum += (row.side == Side::sell ? value : -value) - row.fee;
    }
    return sum;
  }
  Money realized_in_trades() const {
    Money sum;
    for (const auto& [key, row] : trades)
      sum += row.pnl;
    return sum;
  }
  std::string exits_text() {
    std::string text;
    for (const auto& order : venue.orders)
      if (order.made.leg != Leg::entry && NaiveVenue::working(order))
        text += std::string{to_string(order.made.leg)} + " " + NaiveVenue::open(order).str() + "@" +
                (order.now.limit_price  ? order.now.limit_price->str()
                 : order.now.stop_price ? order.now.stop_price->str()
                                        : "market") +
                "; ";
    return text;
  }

private:
  [[noreturn]] void fail(const std::string& what, std::size_t count) {
    fail(what + ", found " + std::to_string(count) + "\n" + exits_text());
  }

  void perform(const SubmitDurably& e) {
    const auto [known, fresh] = submitted.emplace(e.order.client_order_id.str(), e.order);
    if (!fresh && FieldsHash::of(known->second) != FieldsHash::of(e.order))
      fail("two contents under " + e.order.client_order_id.str());
    if (chance(faults.lost_before))
      return inbox.push_back(OrderInDoubt{e.order.client_order_id, "timeout", {}});
    if (chance(faults.refused))
      venue.refuse_next = true;
    const auto refusal = venue.submit(e.order);
    venue.refuse_next = false;
    if (chance(faults.lost_after))
      return inbox.push_back(OrderInDoubt{e.order.client_order_id, "timeout", {}});
    if (refusal)
      return inbox.push_back(OrderRefused{e.order.client_order_id, refusal->code, refusal->text});
    for (const auto& report : venue.query(e.order.client_order_id))
      inbox.emplace_back(report);
  }
  void perform(const CancelDurably& e) {
    if (chance(faults.lost_before))
      return inbox.push_back(AskAgain{e.order.client_order_id, "timeout"});
    if (const auto refusal = venue.cancel(e.order.client_order_id))
      inbox.push_back(CancelRefused{e.order.client_order_id, refusal->code, refusal->text});
  }
  void perform(const ReplaceDurably& e) {
    if (chance(faults.lost_before))
      return inbox.push_back(OrderInDoubt{e.order.new_client_order_id, "timeout", {}});
    const auto refusal = venue.replace(e.order);
    if (chance(faults.lost_after))
      return inbox.push_back(OrderInDoubt{e.order.new_client_order_id, "timeout", {}});
    if (refusal)
      return inbox.push_back(OrderRefused{e.order.new_client_order_id, refusal->code, refusal->text});
    for (const auto& report : venue.query(e.order.new_client_order_id))
      inbox.emplace_back(report);
  }
  void perform(const QueryOrder& e) {
    if (chance(faults.query_fails))
      return inbox.push_back(AskAgain{e.order, "503"});
    const auto found = venue.query(e.order);
    // A venue may be late to list an order; two looks apart in time are proof by agreement, so it is blind once.
    if (found.empty() || (chance(faults.query_blind) && blind_to_.insert(e.order.str()).second))
      return inbox.push_back(OrderNotFound{e.order});
    for (const auto& report : found)
      inbox.emplace_back(report);
  }
  void perform(const QueryPosition&) {
    if (chance(faults.query_fails))
      return inbox.push_back(AskAgain{{}, "503"});
    PositionReport report;
    report.quantity = venue.position;
    report.at = context.now;
    inbox.emplace_back(report);
  }
  void perform(const ArmTimer& e) { timers.push_back({context.now + e.delay, e.kind, e.order}); }
  void perform(const TellRisk& e) {
    facts.push_back(e.fact);
    if (ledger != nullptr)
      ledger->apply(e.fact);
  }
  void perform(const EntryWanted& e) { entries_wanted.push_back(e.intent); }
  void perform(const RaiseAlert& e) {
    alerts.push_back(e);
    if (tracing)
      log.push_back("      alert " + e.code + ": " + e.text);
  }

  void take_rows() {
    for (const auto& event : out.events) {
      if (const auto* booked = std::get_if<FillBooked>(&event))
        realized_ever += booked->realized;
      else if (const auto* explained = std::get_if<FillExplained>(&event))
        realized_ever += explained->realized;
      else if (const auto* average = std::get_if<AverageChanged>(&event))
        realized_ever += average->realized;
    }
    for (const auto& row : out.rows) {
      if (const auto* fill_row = std::get_if<FillRow>(&row))
        fills[fill_row->execution_id.str() + "/" + fill_row->lot.str()] = *fill_row;
      else if (const auto* trade = std::get_if<TradeRow>(&row))
        trades[trade->trade.str()] = *trade;
      else if (const auto* order = std::get_if<OrderRow>(&row))
        order_rows[order->client_order_id.str()] = *order;
      else if (const auto* decision_row = std::get_if<Decision>(&row))
        decisions[decision_row->signal.str()] = decision_row->disposition;
    }
  }

  void check_step(PositionState& before) {
    for (const auto& event : out.events)
      evolve(before, event);
    if (FieldsHash::of(before) != FieldsHash::of(state))
      fail("evolve(events) is not the state:\n" + FieldsText::of(before) + "\n" + FieldsText::of(state));
    int closes = 0;
    for (const auto& effect : out.effects)
      if (const auto* submission = std::get_if<SubmitDurably>(&effect)) {
        closes += submission->order.leg == Leg::close ? 1 : 0;
        const bool planned = find_named(submission->order.client_order_id) != nullptr;
        if (!planned)
          fail("sent without a plan: " + submission->order.client_order_id.str());
      }
    if (closes > 1)
      fail("two closes at once");
  }

  void trace(const PositionInput& input) {
    std::visit(
      [&](const auto& i) {
        std::string name;
        if constexpr (requires { i.type_name; })
          name = i.type_name;
        log.push_back("  " + name + " " + FieldsText::of(i));
      },
      input);
  }

  int intents = 0;
  std::set<std::string> blind_to_;
};

}  // namespace heed::test
