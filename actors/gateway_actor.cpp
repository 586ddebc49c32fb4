#include "actors/gateway_actor.hpp"

#include "actors/gateway_parts.hpp"
#include "core/naming.hpp"
#include "messages/mutant.hpp"
#include "persistence/json_write.hpp"

#include <algorithm>
#include <cstdlib>
#include <span>
#include <utility>

namespace heed {
namespace gateway {
namespace {

using TimePoint = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

constexpr const char* kill_switch = "the kill switch came before it left";

void news(GatewaySelf self, const Symbol& symbol, PositionInput input) {
  self->send(self->state.portfolio, PositionNews{symbol, std::move(input)});
}

void report_all(GatewaySelf self, std::vector<OrderReport>& reports) {
  have_arrived(self, reports);
  for (auto report = reports.begin(); report != reports.end();) {
    PositionNews together{report->symbol, std::move(*report)};
    for (++report; report != reports.end() && report->symbol == together.symbol; ++report)
      together.more.emplace_back(std::move(*report));
    self->send(self->state.portfolio, std::move(together));
  }
}

// ---- queue --------------------------------------------------------------------------------------------------------

bool is_entry(const GatewayRequest& what) {
  const auto* submit = std::get_if<SubmitOrder>(&what);
  return submit != nullptr && submit->leg == Leg::entry;
}

const Symbol& symbol_of(const GatewayRequest& what) {
  return std::visit([](const auto& body) -> const Symbol& { return body.symbol; }, what);
}

std::deque<QueuedRequest>& lane(GatewayState& st, const GatewayRequest& what) {
  if (std::holds_alternative<SubmitOrder>(what))
    return is_entry(what) ? st.entries : st.exits;
  if (std::holds_alternative<CancelOrder>(what) || std::holds_alternative<ReplaceOrder>(what))
    return st.exits;
  return st.queries;
}

/// The order, or position, that is asked for.
std::optional<std::pair<Symbol, ClientOrderId>> subject_of(const GatewayRequest& what) {
  if (const auto* query = std::get_if<QueryOrderNow>(&what))
    return std::pair{query->symbol, query->order};
  if (const auto* query = std::get_if<QueryPositionNow>(&what))
    return std::pair{query->symbol, ClientOrderId{}};
  return {};
}

/// The same order waits here or is out already: who asked for it anew could not know.
bool is_under_way(GatewayState& st, const GatewayRequest& what) {
  const auto* order = std::get_if<SubmitOrder>(&what);
  if (order == nullptr)
    return false;
  return st.submits_out.contains(order->client_order_id) ||
         std::ranges::any_of(lane(st, what), [&](const QueuedRequest& queued) {
           const auto* other = std::get_if<SubmitOrder>(queued.what.get());
           return other != nullptr && other->client_order_id == order->client_order_id;
         });
}

std::int32_t calls_of(const GatewayRequest& what) {
  const auto* question = std::get_if<Question>(&what);
  return question == nullptr ? 1 : question->calls;
}

void pump(GatewaySelf self);

milliseconds backoff(GatewayState& st, std::int32_t attempt) {
  const auto& policy = st.args->policy;
  auto delay = policy.backoff_first * (1LL << std::min(attempt - 1, 16));
  delay = std::min<milliseconds>(delay, policy.backoff_max);
  // Jitter of up to a quarter, from a seeded sequence (xorshift): peers that failed together do not return together.
  st.jitter ^= st.jitter << 13;
  st.jitter ^= st.jitter >> 7;
  st.jitter ^= st.jitter << 17;
  return delay + milliseconds{static_cast<std::int64_t>(st.jitter % 1000) * delay.count() / 4000};
}

/// The venue said "too many requests": it counts those that it refuses too, so nothing leaves before the time it
/// gave.
milliseconds close_gate(GatewaySelf self, TokenBucket& bucket, const Error& error) {
  ++self->state.args->telemetry->rate_limited;
  const auto seconds = std::strtol(error.detail.c_str(), nullptr, 10);
  const auto wait = milliseconds{std::clamp(seconds, 1L, 300L) * 1000};
  bucket.closed_until = std::max(bucket.closed_until, self->clock().now() + wait);
  pump_later(self, wait);
  return wait;
}

/// Asks for an order that has arrived, in place of sending it again.
void ask_for(QueuedRequest& request) {
  const auto& order = std::get<SubmitOrder>(*request.what);
  request.what = std::make_shared<const GatewayRequest>(QueryOrderNow{order.client_order_id, {}, order.symbol});
}

bool is_too_many(const Error& error) { return error.kind == ErrorKind::not_sent && error.code == "429"; }

/// An order that will not be sent from here. One that was turned away before may have got in all the same.
void give_up(GatewaySelf self, const QueuedRequest& request, const std::string& why) {
  const auto& order = std::get<SubmitOrder>(*request.what);
  if (request.reached_venue)
    news(self, order.symbol, OrderInDoubt{order.client_order_id, why, "NOT_SENT"});
  else
    news(self, order.symbol, OrderRefused{order.client_order_id, "NOT_SENT", why});
}

/// The kill switch: what was granted before it and waits here does not leave any more.
void withdraw_entries(GatewaySelf self) {
  std::deque<QueuedRequest> questions;  // for those that have arrived meanwhile
  for (auto& request : std::exchange(self->state.entries, {}))
    if (is_entry(*request.what))
      give_up(self, request, kill_switch);
    else
      questions.push_back(std::move(request));
  self->state.entries = std::move(questions);
}

/// It provably did not leave: back into its lane, under the same name.
void retry(GatewaySelf self, QueuedRequest request, const Error& error) {
  auto& st = self->state;
  if (is_entry(*request.what) && st.draining)
    return;  // the next start finds it journaled, and sends it then
  ++st.args->telemetry->retries;
  const auto now = self->clock().now();
  auto delay = backoff(st, request.attempt);
  if (is_too_many(error))
    delay = std::max(delay, close_gate(self, st.trading, error));
  ++request.attempt;
  request.not_before = now + delay;
  request.unfinished = Unfinished{st.args->telemetry->broker_queue};
  auto& queue = lane(st, *request.what);
  queue.push_front(std::move(request));
  pump_later(self, delay);
}

// ---- one request each ---------------------------------------------------------------------------------------------

void start(GatewaySelf, const QueuedRequest&, const Question& question) { question.ask(); }

void submit_answered(GatewaySelf self, QueuedRequest request, Result<std::vector<OrderReport>> result) {
  auto& st = self->state;
  const auto kept = request.what;
  const auto& order = std::get<SubmitOrder>(*kept);
  const auto out = st.submits_out.extract(order.client_order_id);
  const bool told_meanwhile = !out.empty() && out.mapped();
  if (result) {
    report_all(self, result.value());
  } else {
    const auto& error = result.error();
    const bool may_retry =
      order.leg != Leg::entry || (request.attempt < st.args->policy.retries_max && !st.opening_stopped);
    switch (error.kind) {
      case ErrorKind::not_sent:
        if (mutant("too_many_is_a_no") && is_too_many(error)) {
          news(self, order.symbol, OrderRefused{order.client_order_id, "429", error.detail});
          break;
        }
        request.reached_venue = request.reached_venue || is_too_many(error);
        if (told_meanwhile)
          ask_for(request);
        if (told_meanwhile || may_retry)
          retry(self, std::move(request), error);
        else
          give_up(self, request, in_words(error));
        break;
      case ErrorKind::rejected:
      case ErrorKind::invalid:
        ++st.args->telemetry->orders_rejected;
        news(self, order.symbol, OrderRefused{order.client_order_id, error.code, error.detail});
        break;
      case ErrorKind::unknown:
      case ErrorKind::unavailable:
        if (mutant("timeout_is_a_no")) {
          news(self, order.symbol, OrderRefused{order.client_order_id, "timeout", error.detail});
          break;
        }
        if (mutant("resend_under_new_name")) {
          auto renamed = order;
          const auto leg = renamed.leg;
          renamed.client_order_id = core::client_order_id(
            order.account, IntentId{"again"}, leg, static_cast<std::uint32_t>(order.client_order_id.view().back()),
            core::parse_client_order_id(order.client_order_id)->strategy);
          request.what = std::make_shared<GatewayRequest>(std::move(renamed));
          retry(self, std::move(request), error);
          break;
        }
        news(self, order.symbol, OrderInDoubt{order.client_order_id, error.code + " " + error.detail, {}});
        break;
    }
  }
  finished(self);
}

void start(GatewaySelf self, QueuedRequest request, const SubmitOrder& order) {
  ++self->state.args->telemetry->orders_sent;
  self->state.submits_out[order.client_order_id] = false;
  self->state.args->venue->submit(
    order, on_actor<std::vector<OrderReport>>(
             self, [self, request = std::move(request)](Result<std::vector<OrderReport>> result) mutable {
               submit_answered(self, std::move(request), std::move(result));
             }));
}

void start(GatewaySelf self, QueuedRequest request, const CancelOrder& cancel) {
  self->state.args->venue->cancel(
    cancel, on_actor<Ok>(self, [self, cancel, request = std::move(request)](const Result<Ok>& result) mutable {
      if (!result) {
        const auto& error = result.error();
        if (error.kind == ErrorKind::not_sent)
          retry(self, std::move(request), error);
        else if (error.kind == ErrorKind::rejected)
          news(self, cancel.symbol, CancelRefused{cancel.client_order_id, error.code, error.detail});
        else
          news(self, cancel.symbol, AskAgain{cancel.client_order_id, error.detail});
      } else if (mutant("cancel_assumed")) {
        OrderReport gone;
        gone.client_order_id = cancel.client_order_id;
        gone.symbol = cancel.symbol;
        gone.status = OrderStatus::canceled;
        news(self, cancel.symbol, gone);
      }
      finished(self);
    }));
}

void start(GatewaySelf self, QueuedRequest request, const ReplaceOrder& replace) {
  self->state.args->venue->replace(
    replace, on_actor<std::vector<OrderReport>>(
               self, [self, replace, request = std::move(request)](Result<std::vector<OrderReport>> result) mutable {
                 if (result) {
                   report_all(self, result.value());
                 } else {
                   const auto& error = result.error();
                   const auto& name = replace.new_client_order_id;
                   if (error.kind == ErrorKind::not_sent)
                     retry(self, std::move(request), error);
                   else if (error.kind == ErrorKind::rejected)
                     news(self, replace.symbol, OrderRefused{name, error.code, error.detail});
                   else
                     news(self, replace.symbol, OrderInDoubt{name, error.detail, {}});
                 }
                 finished(self);
               }));
}

void start(GatewaySelf self, const QueuedRequest&, const QueryOrderNow& query) {
  self->state.args->venue->query_order(
    query.order, query.venue_order_id,
    on_actor<std::vector<OrderReport>>(self, [self, query](Result<std::vector<OrderReport>> result) {
      if (!result) {
        note_limit(self, self->state.trading, result.error());
        news(self, query.symbol, AskAgain{query.order, result.error().detail});
      } else if (result.value().empty()) {
        news(self, query.symbol, OrderNotFound{query.order});
      } else {
        report_all(self, result.value());
      }
      finished(self);
    }));
}

void start(GatewaySelf self, const QueuedRequest&, const QueryPositionNow& query) {
  self->state.args->venue->query_position(
    query.symbol, on_actor<PositionReport>(self, [self, query](Result<PositionReport> result) {
      if (result) {
        news(self, query.symbol, std::move(result).value());
      } else {
        note_limit(self, self->state.trading, result.error());
        news(self, query.symbol, AskAgain{{}, result.error().detail});
      }
      finished(self);
    }));
}

/// The shorter of two waits; zero is none.
milliseconds sooner(milliseconds a, milliseconds b) {
  return a.count() == 0 ? b : b.count() == 0 ? a : std::min(a, b);
}

/// Sends from one lane what may leave now. Returns how long until more may, or zero when nothing waits for time. What
/// waits to be tried again holds back its own symbol only.
milliseconds drain_lane(GatewaySelf self, std::deque<QueuedRequest>& queue, double kept, TimePoint now) {
  auto& st = self->state;
  milliseconds wait{0};
  std::set<Symbol> held_back;
  for (auto next = queue.begin(); next != queue.end() && st.in_flight < st.args->policy.in_flight_max;) {
    const auto& symbol = symbol_of(*next->what);
    const auto ready_at = std::max(next->not_before, st.trading.closed_until);
    if (ready_at > now || held_back.contains(symbol)) {
      if (held_back.insert(symbol).second)
        wait = sooner(wait, std::chrono::ceil<milliseconds>(ready_at - now));
      ++next;
      continue;
    }
    const auto calls = calls_of(*next->what);
    if (!st.trading.take(calls, kept))
      return sooner(wait, st.trading.wait(calls, kept));
    st.calls_paid += calls;
    auto request = std::move(*next);
    next = queue.erase(next);
    if (const auto subject = subject_of(*request.what))
      st.asking.erase(*subject);
    ++st.in_flight;
    // It waits no more once it is on its way; there is no moment at which it is neither.
    const auto waited = std::exchange(request.unfinished, {});
    const auto what = request.what;
    std::visit([&](const auto& body) { start(self, std::move(request), body); }, *what);
  }
  return wait;
}

void pump(GatewaySelf self) {
  auto& st = self->state;
  const auto now = self->clock().now();
  st.trading.refill(now);
  const double reserve = st.args->policy.reserve_per_minute;
  auto wait = drain_lane(self, st.exits, 0, now);
  // Half of the reserve serves questions, since an exit often needs one first.
  wait = sooner(wait, drain_lane(self, st.queries, reserve / 2, now));
  if (!st.draining)
    wait = sooner(wait, drain_lane(self, st.entries, reserve, now));
  if (!st.trading.unlimited())
    st.args->telemetry->set_rate_left(st.args->account.str(), st.trading);
  if (wait.count() > 0)
    pump_later(self, wait);
}

}  // namespace

// ---- for the other files
// ---------------------------------------------------------------------------------------------

void pump_later(GatewaySelf self, milliseconds delay) {
  auto& st = self->state;
  const auto due = self->clock().now() + delay;
  if (st.pump_at && *st.pump_at <= due)
    return;
  st.pump_at = due;
  self->delayed_send(self, delay, PumpDue{});
}

void note_limit(GatewaySelf self, TokenBucket& bucket, const Error& error) {
  if (is_too_many(error))
    close_gate(self, bucket, error);
}

std::string in_words(const Error& error) {
  if (is_too_many(error))
    return "the venue says: too many requests; it is asked again in " + error.detail + " s";
  return error.detail;
}

void have_arrived(GatewaySelf self, std::span<const OrderReport> reports) {
  for (auto* lane : {&self->state.exits, &self->state.entries})
    for (auto& queued : *lane) {
      const auto* order = std::get_if<SubmitOrder>(queued.what.get());
      const auto is_it = [&](const OrderReport& r) { return r.client_order_id == order->client_order_id; };
      if (order != nullptr && std::ranges::any_of(reports, is_it))
        ask_for(queued);
    }
  for (const auto& report : reports)
    if (const auto out = self->state.submits_out.find(report.client_order_id); out != self->state.submits_out.end())
      out->second = true;
}

void finished(GatewaySelf self) {
  auto& st = self->state;
  --st.in_flight;
  // What was answered without a call to the venue was paid for in vain: nothing is owed for it any more.
  if (st.in_flight == 0)
    st.calls_paid = 0;
  pump(self);
}

void enqueue(GatewaySelf self, GatewayRequest what) {
  auto& st = self->state;
  if (is_entry(what) && st.draining)
    return;  // the next start finds it journaled, and sends it then
  // The answer to one that has not left yet is as good, and who asks faster than the venue may be asked would wait
  // ever longer.
  if (const auto subject = subject_of(what); subject && !st.asking.insert(*subject).second)
    return;
  // Sent twice, the second could be taken after the first was refused.
  if (is_under_way(st, what))
    return;
  auto& queue = lane(st, what);
  QueuedRequest request{std::make_shared<const GatewayRequest>(std::move(what)),
                        1,
                        {},
                        Unfinished{st.args->telemetry->broker_queue},
                        false};
  if (is_entry(*request.what) && st.opening_stopped && !mutant("gateway_opens_on"))
    return give_up(self, request, kill_switch);
  queue.push_back(std::move(request));
  pump(self);
}

namespace {

// ---- the venue's own voice ----------------------------------------------------------------------------------------

/// A request that the venue made: paid for when it was let out, or charged now (further pages, questions of its own).
void count_usage(GatewaySelf self, const VenueUsage& usage) {
  auto& st = self->state;
  auto& bucket = usage.market_data ? st.data : st.trading;
  auto& paid = usage.market_data ? st.data_calls_paid : st.calls_paid;
  bucket.refill(self->clock().now());
  if (paid > 0)
    --paid;
  else
    bucket.charge(1);
  if (usage.remaining)
    bucket.at_most(*usage.remaining);
}

VenueSink sink_of(GatewaySelf self) {
  const auto handle = caf::actor_cast<GatewayActor>(self);
  VenueSink sink;
  sink.on_order = [handle, self](OrderReport report) {
    caf::anon_send(handle, VenueSaid{[self, report = std::move(report)] {
                     have_arrived(self, {&report, 1});
                     news(self, report.symbol, report);
                   }});
  };
  sink.on_quote = [handle, self](Quote quote) {
    caf::anon_send(handle, VenueSaid{[self, quote = std::move(quote)] {
                     auto& kept = self->state.quotes[quote.symbol];
                     if (quote.at >= kept.at)
                       kept = quote;
                   }});
  };
  sink.on_link = [handle, self](bool up, std::string why) {
    caf::anon_send(handle, VenueSaid{[self, up, why = std::move(why)] {
                     self->state.link_up = up;
                     self->state.link_why = why;
                     self->send(self->state.reconciler, LinkChanged{up, why});
                   }});
  };
  sink.on_usage = [handle, self](VenueUsage usage) {
    caf::anon_send(handle, VenueSaid{[self, usage] { count_usage(self, usage); }});
  };
  sink.on_call = [journal = self->state.args->journal](BrokerCallRow call) {
    Append append;
    append.batch.rows.emplace_back(std::move(call));
    append.more_follows = true;
    caf::anon_send(journal, std::move(append));
  };
  return sink;
}

std::string inspect_gateway(const GatewayState& st) {
  JsonObject out;
  out.field("account", st.args->account);
  out.field("venue", st.args->venue->capabilities().name);
  out.field("link_up", st.link_up);
  out.field("link", st.link_why);
  out.field("in_flight", st.in_flight);
  out.field("queued_exits", static_cast<std::int64_t>(st.exits.size()));
  out.field("queued_queries", static_cast<std::int64_t>(st.queries.size()));
  out.field("queued_entries", static_cast<std::int64_t>(st.entries.size()));
  out.field("prices_wanted", static_cast<std::int64_t>(st.quotes_wanted.size()));
  out.field("tokens", st.trading.left());
  out.field("market_data_tokens", st.data.left());
  out.field("watched_symbols", static_cast<std::int64_t>(st.watched.size()));
  out.field("draining", st.draining);
  out.field("opening_stopped", st.opening_stopped);
  return out.str();
}

}  // namespace
}  // namespace gateway

GatewayActor::behavior_type gateway_actor(GatewaySelf self, std::shared_ptr<const GatewayArgs> args) {
  using namespace gateway;  // tidy:allow-using: its own parts
  set_handlers(self);
  auto& st = self->state;
  st.args = std::move(args);
  const auto& policy = st.args->policy;
  const auto now = self->clock().now();
  st.trading = TokenBucket{policy.requests_per_minute, policy.reserve_per_minute, now};
  st.data = TokenBucket{policy.data_requests_per_minute, policy.reserve_per_minute, now};
  st.opening_stopped = st.args->opening_stopped;
  st.jitter = st.args->policy.jitter_seed | 1U;
  return {
    [self](InspectSelf) { return inspect_gateway(self->state); },
    [self](SubmitOrder& order) { enqueue(self, std::move(order)); },
    [self](CancelOrder& order) { enqueue(self, std::move(order)); },
    [self](ReplaceOrder& order) { enqueue(self, std::move(order)); },
    [self](QueryOrderNow& query) { enqueue(self, std::move(query)); },
    [self](QueryPositionNow& query) { enqueue(self, std::move(query)); },
    [self](const QuoteQuery& query) { return quote(self, query.symbol); },
    [self](const InstrumentQuery& query) { return instrument(self, query.symbol); },
    [self](const VenueSnapshotQuery& query) { return venue_snapshot(self, query.orders_since); },
    [self](const SymbolHoldingsQuery& query) { return symbol_holdings(self, query.symbol); },
    [](VenueSaid& said) { said.tell(); },
    [self](PumpDue) {
      auto& pump_at = self->state.pump_at;
      if (pump_at && *pump_at <= self->clock().now())
        pump_at.reset();
      pump(self);
      ask_quotes(self);
    },
    [self](const Introduce& who) {
      self->state.portfolio = who.portfolio;
      self->state.reconciler = who.reconciler;
      self->state.args->venue->start(sink_of(self));
    },
    [self](const KillOrder& order) {
      self->state.opening_stopped = order.level != KillLevel::none;
      if (self->state.opening_stopped)
        withdraw_entries(self);
    },
    [self](Drain) {
      self->state.draining = true;
      self->state.entries.clear();
    },
  };
}

}  // namespace heed
