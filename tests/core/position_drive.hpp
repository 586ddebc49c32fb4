// One random story of a position: calls, fills, faults and restarts from a seed, then what must be true at its end.
#pragma once

#include "tests/core/position_world.hpp"
#include "tests/core/risk_support.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace heed::test {

class Drive {
public:
  Drive(std::uint64_t seed, bool tracing) : w_{venue_for(seed), seed * 2654435761U + 17} {
    w_.tracing = tracing;
    others_trade_ = seed % 9 == 4;
    exits_end_ = seed % 16 == 1 || seed % 16 == 2 || seed % 16 == 7 || seed % 16 == 8;
    w_.ledger = &ledger_;
    ledger_.roll_day(std::chrono::floor<std::chrono::days>(w_.context.now), 100'000_d);
    w_.verify = tracing || seed % 8 == 0;
    w_.policy.fifo = seed % 5 == 0;
    w_.policy.stop_follows_average = seed % 3 == 0;
    w_.venue.fee_per_fill = seed % 2 == 0 ? 0.35_d : 0_d;
    w_.venue.multiplier = w_.context.instrument.multiplier = seed % 7 == 0 ? 2_d : 1_d;
    if (seed % 4 != 0) {
      auto& f = w_.faults;
      f.lost_before = static_cast<int>(w_.below(120));
      f.lost_after = static_cast<int>(w_.below(120));
      f.query_fails = static_cast<int>(w_.below(200));
      f.query_blind = static_cast<int>(w_.below(60));
      f.dropped = static_cast<int>(w_.below(200));
      f.repeated = static_cast<int>(w_.below(200));
      f.refused = static_cast<int>(w_.below(40));
      f.late = static_cast<int>(w_.below(600));
    }
  }

  World& world() { return w_; }

  /// `over`: the story comes to its end early.
  void run(const std::function<bool()>& over = [] { return false; }) {
    const auto steps = 30 + w_.below(60);
    for (std::uint64_t i = 0; i < steps && !over(); ++i) {
      act();
      if (others_trade_ && w_.below(5) == 0)
        somebody_trades();
      check_always();
    }
    settle();
    if (adopt_all())
      settle();
    check_settled("after the run");
    w_.feed(AverageTold{w_.venue.position, 99_d});
    check_settled("after the broker's own average");
    w_.feed(w_.close(""));
    settle();
    check_flat();
  }

private:
  static VenueCapabilities venue_for(std::uint64_t seed) {
    switch (seed % 4) {
      case 0: return alpaca_like();
      case 1: return plain_like();
      case 2: return tradovate_like();
      default: return full_like();
    }
  }

  std::string strategy() { return w_.below(2) == 0 ? "one" : "two"; }
  Quantity some(std::uint64_t most) { return Decimal{static_cast<std::int64_t>(1 + w_.below(most))}; }
  Price price() { return 100_d + Decimal::from_units(static_cast<std::int64_t>(w_.below(400)) * 10'000'000) - 2_d; }

  void act() {
    switch (w_.below(24)) {
      case 0:
      case 1: return open();
      case 2: return close();
      case 3: return w_.pass(std::chrono::milliseconds{w_.below(3'000)});
      case 4: w_.fire_next_timer(); return;
      case 5: return w_.venue.finish_cancels(), w_.collect();
      case 6: return restart();
      case 7: return modify();
      case 8:
        if (w_.below(6) == 0)
          w_.feed(CancelEntries{"test"});
        return;
      case 9:
      case 10:
      case 11:
      case 12: return fill();
      case 13: return expire();
      default: w_.deliver(); return;
    }
  }

  void open() {
    wanted_entries();
    const auto net = w_.venue.position;
    const auto side = net.is_zero()       ? (w_.below(3) == 0 ? Side::sell : Side::buy)
                      : net.is_negative() ? Side::sell
                                          : Side::buy;
    auto e = w_.entry(side, some(10), std::nullopt, std::nullopt, strategy());
    protect(e);
    if (w_.below(3) == 0) {
      e.intent.scale_in = ScaleIn::average;
      e.intent.protection.target = Level{LevelKind::ticks, 200_d};
      if (w_.below(2) == 0)
        e.intent.protection.stop = Level{LevelKind::percent, 5_d};
    }
    if (w_.below(3) == 0) {
      e.intent.order_type = OrderType::limit;
      e.intent.limit_price = 101_d;
    }
    place(e);
  }
  // As the shell does: risk is asked first, and gets back what was not placed.
  void place(const PlaceEntry& e) {
    ReserveRisk q;
    q.order = e.client_order_id;
    q.account = w_.state.account;
    q.strategy = e.intent.strategy;
    q.symbol = w_.state.symbol;
    q.side = e.intent.side;
    q.quantity = e.quantity;
    q.price = q.last_price = 100_d;
    q.quote_at = w_.context.now;
    q.multiplier = w_.context.instrument.multiplier;
    ledger_.reserve(q, w_.context.now);
    if (!is_final(w_.feed(e).answer.kind))
      return;
    RiskFact back;
    back.kind = RiskFactKind::released;
    back.order = e.client_order_id;
    back.strategy = e.intent.strategy;
    back.symbol = w_.state.symbol;
    ledger_.apply(back);
  }
  void protect(PlaceEntry& e) {
    const auto far = Decimal{static_cast<std::int64_t>(5 + w_.below(3))};
    const bool buy = e.intent.side == Side::buy;
    if (w_.below(8) != 0)
      e.stop = buy ? 100_d - far : 100_d + far;
    if (w_.below(6) != 0)
      e.target = buy ? 100_d + far : 100_d - far;
  }
  void wanted_entries() {
    if (w_.entries_wanted.empty() || busy(w_.state))
      return;
    auto e = w_.entry(w_.entries_wanted.back().side, some(10), std::nullopt, std::nullopt, "one");
    w_.entries_wanted.clear();
    protect(e);
    place(e);
  }
  void close() {
    auto c = w_.close(w_.below(4) == 0 ? "" : strategy(), w_.below(3) == 0 ? std::optional{some(6)} : std::nullopt);
    if (w_.below(4) == 0 && !c.quantity) {
      c.then = w_.intent(IntentAction::open, "one", w_.venue.position.is_negative() ? Side::buy : Side::sell);
      c.intent.action = IntentAction::reverse;
    }
    w_.feed(c);
  }
  // Somebody else buys or sells here, the reconciler sees it, and sooner or later a person takes it over.
  void somebody_trades() {
    if (w_.venue.position.is_zero() && net_quantity(w_.state).is_zero() && at_rest()) {
      const auto quantity = w_.below(3) == 0 ? -some(10) : some(10);
      const auto value = quantity * 100_d * w_.venue.multiplier;
      w_.venue.position = quantity;
      w_.venue.cash -= value;
      foreign_cash_ -= value;
      w_.feed(ExternalChange{quantity, 100_d});
    } else if (at_rest()) {
      adopt(w_.below(2) == 0 ? std::optional{some(5)} : std::nullopt);
    }
  }
  bool at_rest() { return !busy(w_.state) && books_agree() && net_quantity(w_.state) == w_.venue.position; }
  void adopt(std::optional<Quantity> quantity) {
    const auto external = w_.venue.position - owned_quantity(w_.state);
    AdoptExternal a;
    a.intent = w_.intent(IntentAction::adopt, strategy(), external.is_negative() ? Side::sell : Side::buy);
    a.intent.size = quantity ? Size{SizeKind::quantity, *quantity, {}} : Size{SizeKind::all, {}, {}};
    const bool buy = !external.is_negative();
    a.intent.protection.stop = Level{LevelKind::price, buy ? 94_d : 106_d};
    if (w_.below(3) != 0)
      a.intent.protection.target = Level{LevelKind::percent, 9_d};
    a.broker = w_.venue.position;
    a.avg_px = a.last_price = 100_d;
    w_.feed(a);
  }
  // What is left over is taken too, so that the last close leaves nothing.
  bool adopt_all() {
    if (!others_trade_ || owned_quantity(w_.state) == w_.venue.position)
      return false;
    adopt(std::nullopt);
    return true;
  }
  void modify() {
    ModifyProtection m;
    m.intent = w_.intent(IntentAction::modify_protection, strategy());
    const bool buy = !w_.venue.position.is_negative();
    if (w_.below(6) != 0)
      m.stop = buy ? 93_d : 107_d;
    if (w_.below(6) != 0)
      m.target = buy ? 109_d : 91_d;
    w_.feed(m);
  }

  // The market: a target and a stop are never reached at once, so without a venue's own pairs one of the kinds sleeps
  // until all is quiet.
  bool may_fill(NaiveVenue::Order& order) {
    if (!w_.venue.active(order) || order.made.leg == Leg::entry || order.made.leg == Leg::close)
      return w_.venue.active(order);
    const bool up = (order.made.leg == Leg::take_profit) == (order.made.side == Side::sell);
    return up == rising_;
  }
  bool quiet() {
    return w_.inbox.empty() && w_.venue.stream.empty() &&
           std::ranges::none_of(w_.state.orders,
                                [](const WorkingOrder& o) {
                                  return !is_terminal(o.row.status) && (o.cancel_wanted || in_doubt(o.row.status) ||
                                                                        (o.reduced.is_positive() && !is_native(o)) ||
                                                                        o.row.status == OrderStatus::pending_replace);
                                }) &&
           books_agree();
  }
  bool books_agree() {
    for (const auto& order : w_.venue.orders) {
      const auto* known = w_.find_named(order.made.client_order_id);
      if (known != nullptr &&
          (known->booked != order.now.cum_qty || NaiveVenue::working(order) == is_terminal(known->row.status)))
        return false;
      if (known == nullptr && NaiveVenue::working(order))
        return false;
    }
    return true;
  }
  void fill() {
    if (quiet() && w_.below(4) == 0)
      rising_ = !rising_;
    std::vector<NaiveVenue::Order*> ready;
    for (auto& order : w_.venue.orders)
      if (may_fill(order))
        ready.push_back(&order);
    if (ready.empty())
      return;
    auto& order = *ready[w_.below(ready.size())];
    const auto most = w_.venue.fillable(order);
    const auto quantity = w_.below(2) == 0 ? most : std::min(most, some(5));
    w_.venue.fill(order.made.client_order_id, quantity, price());
    w_.collect();
  }
  static bool is_protective(const NaiveVenue::Order& order) {
    return order.made.leg == Leg::take_profit || order.made.leg == Leg::stop_loss;
  }
  // The venue ends an order, or somebody else cancels it there.
  void expire() {
    if (w_.below(4) != 0)
      return;
    std::vector<NaiveVenue::Order*> ready;
    for (auto& order : w_.venue.orders)
      if (NaiveVenue::working(order) &&
          (!is_protective(order) || (exits_end_ && w_.below(4) == 0 && w_.venue.active(order))))
        ready.push_back(&order);
    if (!ready.empty())
      w_.venue.end(*ready[w_.below(ready.size())], OrderStatus::expired);
    w_.collect();
  }
  void restart() {
    if (w_.below(3) != 0)
      return;
    // The process ends after some of the effects of its last step.
    auto input = w_.inbox.empty() ? PositionInput{SetBlock{w_.context.now, "x"}} : w_.inbox.front();
    w_.feed(input, w_.below(4));
    w_.crash();
    crashed_ = true;
    w_.restart();
  }

  void check_always() {
    if (!w_.venue.breaches.empty())
      throw std::runtime_error{w_.venue.breaches.front()};
  }

  // No more faults: everything in doubt ends, the market fills what is at market.
  void settle() {
    w_.faults = {};
    for (int round = 0; round < 60; ++round) {
      w_.pass(std::chrono::seconds{40});
      w_.reconcile();
      w_.calm();
      if (!w_.state.quarantine.empty() && net_quantity(w_.state) == w_.venue.position)
        w_.feed(LiftQuarantine{"reconciler", true});  // they agree again
      for (std::size_t i = 0; i < w_.venue.orders.size(); ++i) {
        auto& order = w_.venue.orders[i];
        const bool at_market = order.made.leg == Leg::close || order.made.leg == Leg::entry;
        if (at_market && w_.venue.active(order) && !order.cancelling)
          w_.venue.fill(order.made.client_order_id, NaiveVenue::open(order), price());
      }
      w_.collect();
      w_.calm();
      check_always();
      if (at_rest() && w_.state.quarantine.empty() && quiet() && w_.timers.empty())
        return;
    }
    std::string timers;
    for (const auto& timer : w_.timers)
      timers += std::string{to_string(timer.kind)} + " ";
    throw std::runtime_error{"no rest after the faults stopped; timers: " + timers + "\n" + FieldsText::of(w_.state)};
  }

  void require(bool so, const std::string& what) {
    if (!so)
      throw std::runtime_error{what + "\nvenue " + w_.venue.position.str() + ": " + w_.exits_text() + "\n" +
                               FieldsText::of(w_.state)};
  }

  void check_settled(const std::string& when) {
    require(w_.state.quarantine.empty(), when + ": quarantined");
    require(net_quantity(w_.state) == w_.venue.position, when + ": books differ from the venue");
    if (w_.policy.venue.native_oco)
      require(w_.venue.held_for_exits() <= w_.venue.position.abs(), when + ": exits above what is held");
    require(!naked_since(w_.state), when + ": naked");
    const auto cost = w_.venue.position.is_negative() ? -w_.state.cost : w_.state.cost;
    require(w_.realized_ever - cost == w_.venue.cash, when + ": realized " + w_.realized_ever.str() + " less cost " +
                                                        cost.str() + " is not the venue's cash " +
                                                        w_.venue.cash.str());
    check_risk(when);
    Quantity want_stops;
    Quantity want_targets;
    for (const auto& lot : w_.state.lots) {
      want_stops += lot.stop ? held(lot) : Quantity{};
      want_targets += lot.target ? held(lot) : Quantity{};
    }
    Quantity stops;
    Quantity targets;
    for (auto& order : w_.venue.orders)
      if (w_.venue.active(order))
        (order.made.leg == Leg::stop_loss ? stops : targets) += w_.venue.fillable(order);
    require(stops == want_stops && targets == want_targets, when + ": protected " + stops.str() + "/" +
                                                              targets.str() + " of " + want_stops.str() + "/" +
                                                              want_targets.str());
    if (w_.venue.position.is_zero())
      require(w_.exits_text().empty(), when + ": flat but not clean");
    // A second time changes nothing.
    const auto hash = FieldsHash::of(w_.state);
    w_.reconcile();
    w_.calm();
    require(hash == FieldsHash::of(w_.state), when + ": the same news again changed something");
  }

  // Risk heard of everything, so it counts what is there. What a crash kept from it the shell makes good at the
  // start.
  void check_risk(const std::string& when) {
    if (crashed_)
      return;
    const auto* found = ledger_.find(w_.state.symbol);
    const auto risk = found == nullptr ? core::SymbolRisk{} : *found;
    Money cost;
    for (const auto& lot : w_.state.lots)
      cost += lot.cost;
    require(risk.quantity == net_quantity(w_.state) && risk.cost == cost,
            when + ": risk counts " + risk.quantity.str() + " for " + risk.cost.str());
    require(risk.live_orders == 0 && risk.reserved.is_zero(), when + ": risk still reserves " + risk.reserved.str());
    require(risk.unknown_orders == 0, when + ": risk counts orders as unknown");
    require(ledger_.state().day_realized == w_.realized_in_fills(), when + ": risk counts a profit of " +
                                                                      ledger_.state().day_realized.str() +
                                                                      ", fills say " + w_.realized_in_fills().str());
  }

  // Where the two books part, order by order.
  std::string difference() {
    std::string text;
    for (const auto& order : w_.venue.orders) {
      Quantity quantity;
      Money value;
      Money fees;
      for (const auto& [key, row] : w_.fills)
        if (row.client_order_id == order.made.client_order_id) {
          quantity += row.quantity;
          value += row.quantity * row.price;
          fees += row.fee;
        }
      if (quantity != order.now.cum_qty || value != order.value)
        text += order.made.client_order_id.str() + " booked " + quantity.str() + " for " + value.str() + " fees " +
                fees.str() + ", venue " + order.now.cum_qty.str() + " for " + order.value.str() + "; ";
    }
    return text;
  }

  void check_flat() {
    check_settled("after the last close");
    require(w_.venue.position.is_zero() && phase(w_.state) == Phase::flat, "not flat");
    require(w_.realized_in_fills() == w_.venue.cash, "profit in fills " + w_.realized_in_fills().str() +
                                                       ", at the venue " + w_.venue.cash.str() + ": " + difference());
    require(w_.realized_in_trades() == w_.venue.cash, "profit in trades " + w_.realized_in_trades().str() +
                                                        ", at the venue " + w_.venue.cash.str() + ": " +
                                                        difference());
    // A price that was worked out from an average is rounded in its row.
    require((w_.cash_by_fills() + foreign_cash_ - w_.venue.cash).abs() < 0.0001_d,
            "cash by the rows of fills " + w_.cash_by_fills().str() + ", at the venue " + w_.venue.cash.str() + ": " +
              difference());
    for (const auto& [name, row] : w_.order_rows)
      require(is_terminal(row.status), "order row not final: " + name);
    for (const auto& [signal, disposition] : w_.decisions)
      require(is_final(disposition.kind), "decision not final: " + signal + " " + disposition.str());
  }

  World w_;
  core::RiskLedger ledger_{"acc", wide_limits()};
  bool rising_ = true;
  bool crashed_ = false;
  bool others_trade_ = false;
  Money foreign_cash_;      // what they paid and received, which no fill of ours tells
  bool exits_end_ = false;  // also exits are cancelled by somebody else
};

}  // namespace heed::test
