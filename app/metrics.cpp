// Telemetry in Prometheus' words. Names carry the base unit; no label has unbounded values.

#include "app/edge.hpp"

#include <fmt/format.h>

#include <chrono>
#include <string>

namespace heed {
namespace {

class Samples {
public:
  void gauge(const char* name, double value, const char* help) { out_.push_back({name, "", value, help, "gauge"}); }
  void counter(const char* name, double value, const char* help) {
    out_.push_back({name, "", value, help, "counter"});
  }
  void labelled(const char* name, std::string labels, double value, const char* help, const char* type) {
    out_.push_back({name, std::move(labels), value, help, type});
  }
  void histogram(const std::string& name, const Histogram& h, const char* help) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i <= Histogram::bounds.size(); ++i) {
      sum += h.count_in(i);
      const auto bound = i < Histogram::bounds.size() ? fmt::format("{}", Histogram::bounds[i]) : std::string{"+Inf"};
      out_.push_back({name + "_bucket", "le=\"" + bound + "\"", static_cast<double>(sum), help, "histogram"});
    }
    out_.push_back({name + "_sum", "", h.sum_seconds(), help, "histogram"});
    out_.push_back({name + "_count", "", static_cast<double>(sum), help, "histogram"});
  }
  std::vector<api::MetricSample> take() { return std::move(out_); }

private:
  std::vector<api::MetricSample> out_;
};

double of(const Telemetry::Count& count) { return static_cast<double>(count.load()); }

}  // namespace

namespace {

double of(const Decimal& amount) { return std::stod(amount.str()); }

std::string label(const char* name, std::string_view value) {
  return std::string{name} + "=\"" + std::string{value} + "\"";
}

void add_accounts(Samples& s, const Telemetry& t) {
  const auto all = t.usage();
  const auto each = [&](const char* name, Money RiskUsage::*member, const char* help) {
    for (const auto& [account, usage] : all)
      if (usage.known)
        s.labelled(name, label("account", account), of(usage.*member), help, "gauge");
  };
  each("heed_account_equity_dollars", &RiskUsage::equity, "Equity, as the broker last told it");
  each("heed_account_gross_exposure_dollars", &RiskUsage::gross_exposure,
       "Held at cost, long and short alike, and what entries in flight may come to");
  each("heed_account_net_exposure_dollars", &RiskUsage::net_exposure, "The same, long less short");
  for (const auto& [account, usage] : all)
    for (const auto& use : usage.limits)
      s.labelled("heed_risk_limit_ratio",
                 label("account", account) + "," + label("limit", to_string(use.limit)) + "," +
                   label("strategy", use.strategy.view()),
                 of(use.used) / of(use.most), "Used part of a risk limit; 1 is all of it", "gauge");
}

void add_brokers(Samples& s, const Telemetry& t) {
  for (auto [name, bucket] : t.rates()) {
    bucket.refill(std::chrono::steady_clock::now());
    const auto colon = name.find(':');
    s.labelled("heed_broker_rate_limit_left",
               label("account", name.substr(0, colon)) + "," +
                 label("of", colon == std::string::npos ? "trading" : name.substr(colon + 1)),
               static_cast<double>(bucket.left()), "Requests that may leave now", "gauge");
  }
}

void add_actors(Samples& s, const Telemetry& t) {
  for (const auto& [actor, depth] : t.mailbox_depths())
    s.labelled("heed_actor_mailbox_depth", label("actor", actor), static_cast<double>(depth),
               "Messages that wait in an actor's mailbox, looked at once a second", "gauge");
}

void add_notes(Samples& s, const Notifier::Counts& notes) {
  const auto each = [&](const char* outcome, std::int64_t count) {
    s.labelled("heed_notifications_total", label("outcome", outcome), static_cast<double>(count),
               "Notes to people, by what became of them", "counter");
  };
  each("sent", notes.sent);
  each("failed", notes.failed);
  each("dropped", notes.dropped);
  each("repeated", notes.repeated);
  s.gauge("heed_notifications_waiting", static_cast<double>(notes.waiting), "Notes to people not yet delivered");
}

}  // namespace

std::vector<api::MetricSample> samples_of(const Telemetry& t, const Notifier::Counts& notes, Instant now) {
  Samples s;
  const char* by = "Decisions by how they ended";
  for (const auto& [disposition, count] : t.dispositions()) {
    // The detail of some dispositions is an instant, an id or an amount: only the kind and a plain reason are labels.
    s.labelled("heed_decisions_total", "disposition=\"" + disposition + "\"", static_cast<double>(count), by,
               "counter");
  }
  s.gauge("heed_decisions_demanded", of(t.decisions_demanded), "Signals times followers, since ever");
  s.gauge("heed_decisions_final", of(t.decisions_final), "Decisions with a final disposition, since ever");
  s.gauge("heed_decisions_under_way", of(t.decisions_demanded) - of(t.decisions_final),
          "Demanded and not final: in minus out");
  s.gauge("heed_calls_in_hand", of(t.calls_in_hand), "Calls held by an actor without a durable answer");
  s.gauge("heed_journal_appends_waiting", of(t.appends_waiting), "Batches not yet durable");
  s.counter("heed_journal_commits_total", of(t.commits), "Commits");
  s.counter("heed_journal_commit_failures_total", of(t.commit_failures), "Commits that failed");
  s.counter("heed_journal_events_total", of(t.events_written), "Events written");
  s.histogram("heed_journal_commit_seconds", t.commit_seconds, "Time of one commit");
  s.histogram("heed_call_to_order_seconds", t.call_to_order_seconds,
              "From a call's arrival to its entry's way to the broker, by the daemon's clock");
  s.counter("heed_orders_sent_total", of(t.orders_sent), "Submissions handed to a venue, retries included");
  s.counter("heed_orders_rejected_total", of(t.orders_rejected), "Orders a venue refused");
  s.gauge("heed_orders_unknown", of(t.orders_unknown), "Orders whose fate is not known now");
  s.counter("heed_broker_retries_total", of(t.retries), "Requests sent again because they had not left");
  s.counter("heed_broker_rate_limited_total", of(t.rate_limited), "Answers that said: too many requests");
  s.gauge("heed_broker_calls_out", of(t.broker_calls_out), "Requests to venues without an answer yet");
  s.gauge("heed_broker_queue", of(t.broker_queue), "Requests to venues that wait for their turn");
  s.counter("heed_reconciliations_total", of(t.reconciles), "Complete comparisons of books and broker");
  s.counter("heed_reconciliation_differences_total", of(t.reconcile_differences), "Differences found");
  for (const auto& [account, at] : t.reconciled())
    s.labelled("heed_reconciliation_last_success_timestamp_seconds", "account=\"" + account + "\"",
               static_cast<double>(at.time_since_epoch().count()) / 1e6,
               "When books and broker were last compared, by the daemon's clock", "gauge");
  s.gauge("heed_quarantined_symbols", of(t.quarantined), "Symbols that do not trade until they agree again");
  s.gauge("heed_unprotected_positions", of(t.naked_positions),
          "Held now without resting protection and without a close under way");
  s.counter("heed_naked_position_seconds_total", of(t.naked_microseconds) / 1e6,
            "Time that positions were held without resting protection and without a close under way");
  s.gauge("heed_closing_positions", of(t.closing_positions),
          "Being closed now, their exits taken away for that, the close order not at work yet");
  s.counter("heed_closing_position_seconds_total", of(t.closing_microseconds) / 1e6,
            "Time that positions were without their exits while they were being closed");
  add_accounts(s, t);
  add_brokers(s, t);
  add_actors(s, t);
  add_notes(s, notes);
  s.counter("heed_actor_restarts_total", of(t.actor_restarts), "Actors started again after a failure");
  s.counter("heed_alerts_total", of(t.alerts), "Alerts raised");
  s.gauge("heed_clock_timestamp_seconds", static_cast<double>(now.time_since_epoch().count()) / 1e6,
          "The daemon's clock");
  for (const auto& [name, part] : t.components())
    s.labelled("heed_component_up", "component=\"" + name + "\"", part.ok ? 1 : 0, "Parts of the daemon", "gauge");
  return s.take();
}

}  // namespace heed
