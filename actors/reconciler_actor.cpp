#include "actors/reconciler_actor.hpp"

#include "actors/support.hpp"

#include <set>
#include <utility>

namespace heed {
namespace {

void run(ReconcilerSelf self);

void next_pass(ReconcilerSelf self, std::chrono::milliseconds delay) {
  auto& st = self->state;
  st.running = false;
  if (std::exchange(st.again, false)) {
    run(self);
  } else if (!st.timer_due) {
    st.timer_due = true;
    self->delayed_send(self, delay, ReconcileDue{});
  }
}

void failed(ReconcilerSelf self, const std::string& why) {
  auto& st = self->state;
  if (st.last_problem != why)
    spdlog::warn("reconcile {}: not complete, trying again: {}", st.args->account.view(), why);
  st.last_problem = why;
  st.args->telemetry->set_component("reconcile:" + st.args->account.str(), false, why);
  next_pass(self, st.args->retry);
}

std::map<Symbol, core::QuantityPair> pair_up(const Books& books, const VenueSnapshot& snapshot) {
  std::map<Symbol, core::QuantityPair> pairs;
  for (const auto& entry : books.entries)
    pairs[entry.symbol] = {entry.quantity, {}, {}, entry.busy, entry.quarantined, entry.avg_px, entry.owned};
  for (const auto& position : snapshot.positions) {
    auto& pair = pairs[position.symbol];
    pair.venue = position.quantity;
    pair.venue_avg_px = position.avg_px;
  }
  return pairs;
}

void act_on(ReconcilerSelf self, const core::DriftFinding& finding, const VenueSnapshot& snapshot) {
  auto& st = self->state;
  const auto tell = [&](PositionInput input) {
    self->send(st.args->portfolio, PositionNews{finding.symbol, std::move(input)});
  };
  ++st.args->telemetry->reconcile_differences;
  spdlog::warn("reconcile {}/{}: {}: {}", st.args->account.view(), finding.symbol.view(), to_string(finding.action),
               finding.text);
  switch (finding.action) {
    case core::DriftAction::ask_orders:
      for (const auto& order : snapshot.orders)
        if (order.symbol == finding.symbol && order.ours)
          self->send(st.args->gateway, QueryOrderNow{order.client_order_id, order.venue_order_id, order.symbol});
      break;
    case core::DriftAction::external: tell(ExternalChange{finding.venue, finding.venue_avg_px}); break;
    case core::DriftAction::quarantine: tell(Quarantine{finding.text}); break;
    case core::DriftAction::average: tell(AverageTold{finding.books, finding.venue_avg_px}); break;
    case core::DriftAction::lift: tell(LiftQuarantine{"reconciler", true}); break;
  }
}

void compare(ReconcilerSelf self, const Books& books, const VenueSnapshot& snapshot) {
  auto& st = self->state;
  for (const auto& finding : st.drift.look(pair_up(books, snapshot)))
    act_on(self, finding, snapshot);
  ++st.passes;
  ++st.args->telemetry->reconciles;
  st.last_complete = st.args->clock->now();
  st.args->telemetry->last_reconcile_us = st.last_complete->time_since_epoch().count();
  st.last_problem.clear();
  st.args->telemetry->set_component("reconcile:" + st.args->account.str(), true, "books and broker compared");
  if (!std::exchange(st.ready_said, true)) {
    spdlog::info("reconcile {}: books and broker compared, trading may begin", st.args->account.view());
    self->send(st.args->governor, AccountReady{});
    self->send(st.args->portfolio, AccountReady{});
  }
  // A difference is looked at again soon: the second look decides.
  next_pass(self, st.drift.wants_second_look() ? st.args->retry : st.args->interval);
}

void compare_with_books(ReconcilerSelf self, std::shared_ptr<VenueSnapshot> snapshot) {
  self->request(self->state.args->portfolio, caf::infinite, BooksQuery{})
    .then([self, snapshot](const Books& books) { compare(self, books, *snapshot); },
          [self](const caf::error& error) { failed(self, "books: " + describe(error)); });
}

/// Over at the venue, and the journal says the same: positions have let go of such orders, and would wonder.
bool is_settled(ReconcilerState& st, const OrderReport& report) {
  if (!is_terminal(report.status))
    return false;
  if (st.settled.contains(report.client_order_id))
    return true;
  const auto booked = st.args->reader->order(report.client_order_id);
  if (!booked || !booked.value() || !is_terminal(booked.value()->status) || booked.value()->cum_qty != report.cum_qty)
    return false;
  st.settled.insert(report.client_order_id);
  return true;
}

/// Keeps what the next pass may hear of again.
void forget_old(ReconcilerState& st, const VenueSnapshot& snapshot) {
  std::set<ClientOrderId> heard;
  for (const auto& order : snapshot.orders)
    if (st.settled.contains(order.client_order_id))
      heard.insert(order.client_order_id);
  st.settled = std::move(heard);
}

void take(ReconcilerSelf self, const VenueSnapshot& snapshot) {
  auto& st = self->state;
  if (!snapshot.complete) {
    failed(self, snapshot.why);
    return;
  }
  self->send(st.args->governor, snapshot.account);
  // Reports first: what they explain is no difference. A position handles them before it answers for its books, since
  // all go through the same mailboxes in order.
  for (const auto& order : snapshot.orders)
    if (order.ours && !is_settled(st, order))
      self->send(st.args->portfolio, PositionNews{order.symbol, order});
  forget_old(st, snapshot);
  compare_with_books(self, std::make_shared<VenueSnapshot>(snapshot));
}

void run(ReconcilerSelf self) {
  auto& st = self->state;
  if (st.running) {
    st.again = true;
    return;
  }
  st.running = true;
  const auto since = st.last_complete ? *st.last_complete - st.args->overlap : st.args->oldest_open;
  self->request(st.args->gateway, caf::infinite, VenueSnapshotQuery{since})
    .then([self](const VenueSnapshot& snapshot) { take(self, snapshot); },
          [self](const caf::error& error) { failed(self, "gateway: " + describe(error)); });
}

}  // namespace

ReconcilerActor::behavior_type reconciler_actor(ReconcilerSelf self, std::shared_ptr<const ReconcilerArgs> args) {
  set_handlers(self);
  self->state.args = std::move(args);
  return {
    [self](InspectSelf) {
      const auto& st = self->state;
      return JsonObject{}
        .field("account", st.args->account)
        .field("running", st.running)
        .field("link_up", st.link_up)
        .field("passes", st.passes)
        .field("last_complete", st.last_complete)
        .field("last_problem", st.last_problem)
        .field("differing_symbols", static_cast<std::int64_t>(st.drift.differing()))
        .str();
    },
    [self](ReconcileDue) {
      self->state.timer_due = false;
      run(self);
    },
    [self](const LinkChanged& link) {
      self->state.link_up = link.up;
      spdlog::info("broker link {}: {} {}", self->state.args->account.view(), link.up ? "up" : "down", link.why);
      if (link.up)
        run(self);
    },
  };
}

}  // namespace heed
