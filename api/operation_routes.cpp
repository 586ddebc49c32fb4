// How the daemon is: health, metrics, status, limits, schedule, actors, the stream, the document of the API itself.
#include "api/checks.hpp"
#include "api/counts.hpp"
#include "api/render.hpp"
#include "api/route.hpp"
#include "api/stream.hpp"

#include <utility>

namespace heed::api {
namespace {

using net::HttpResponse;

void append_named(std::string& out, std::string_view name, const auto& value) {
  out += out.empty() || out.back() == '{' ? "\"" : ",\"";
  out += name;
  out += "\":";
  append_json(out, value);
}

void append_components(std::string& out, const std::vector<ComponentHealth>& components) {
  out += ",\"components\":[";
  for (std::size_t i = 0; i < components.size(); ++i) {
    out += i == 0 ? "{" : ",{";
    append_named(out, "name", components[i].name);
    append_named(out, "ok", components[i].ok);
    append_named(out, "detail", components[i].detail);
    out += '}';
  }
  out += ']';
}

void get_health(Context& context, const CallPtr& call) {
  const auto status = context.port.status();
  std::string out = "{\"status\":\"ok\"";
  append_named(out, "version", status.version);
  append_named(out, "started_at", status.started_at);
  call->json(200, out + "}");
}

void get_ready(Context& context, const CallPtr& call) {
  const auto status = context.port.status();
  const bool ready = status.ready && !status.draining;
  std::string out = "{";
  append_named(out, "ready", ready);
  append_named(out, "draining", status.draining);
  append_components(out, status.components);
  call->json(ready ? 200 : 503, out + "}");
}

void get_metrics(Context& context, const CallPtr& call) {
  auto samples = context.port.metrics();
  for (auto& sample : context.counts.samples())
    samples.push_back(std::move(sample));
  samples.push_back({"heed_http_streams_open", "", static_cast<double>(context.streams.open_count()),
                     "Event streams open now.", "gauge"});
  HttpResponse response;
  response.status = 200;
  response.headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}, {"Cache-Control", "no-store"}};
  response.body = prometheus_text(samples);
  call->answer(std::move(response));
}

void get_status(Context& context, const CallPtr& call) {
  const auto s = context.port.status();
  std::string out = "{";
  append_named(out, "version", s.version);
  append_named(out, "mode", s.mode);
  append_named(out, "now", s.now);
  append_named(out, "started_at", s.started_at);
  append_named(out, "ready", s.ready);
  append_named(out, "draining", s.draining);
  append_named(out, "signals_in", s.signals_in);
  append_named(out, "decisions_final", s.decisions_final);
  append_named(out, "decisions_under_way", s.decisions_under_way);
  append_named(out, "orders_unknown", s.orders_unknown);
  append_named(out, "in_flight", s.in_flight);
  append_components(out, s.components);
  append_named(out, "accounts", context.port.accounts());
  append_named(out, "inboxes", context.port.inboxes());
  call->json(200, out + "}");
}

void get_schedule(Context& context, const CallPtr& call) {
  std::string out = "{\"items\":[";
  bool first = true;
  for (const auto& entry : context.port.schedule()) {
    out += first ? "{" : ",{";
    first = false;
    append_named(out, "name", entry.name);
    append_named(out, "rule", entry.rule);
    append_named(out, "next_at", entry.next_at);
    append_named(out, "last_at", entry.last_at);
    out += '}';
  }
  call->json(200, out + "],\"next_cursor\":null}");
}

void get_account(Context& context, const CallPtr& call) {
  if (const auto problem = check_account(context, call->captures[0]))
    return call->problem(*problem);
  context.port.account_snapshot(AccountId{call->captures[0]}, [call](Result<AccountSnapshot> result) {
    if (!result)
      return call->problem(to_problem(result.error()));
    call->json(200, shown(result.value()));
  });
}

void get_risk(Context& context, const CallPtr& call) {
  if (const auto problem = check_account(context, call->captures[0]))
    return call->problem(*problem);
  const AccountId account{call->captures[0]};
  context.port.risk_limits(account, [call, account, &port = context.port](const Result<RiskLimits>& limits) {
    if (!limits)
      return call->problem(to_problem(limits.error()));
    port.account_snapshot(account, [call, account, limits, &port](const Result<AccountSnapshot>& snapshot) {
      if (!snapshot)
        return call->problem(to_problem(snapshot.error()));
      port.risk_usage(account, [call, account, limits, snapshot](Result<RiskUsage> usage) {
        if (!usage)
          return call->problem(to_problem(usage.error()));
        std::string out = "{";
        append_named(out, "account", account);
        out += ",\"limits\":";
        append_shown(out, limits.value());
        out += ",\"now\":";
        append_shown(out, snapshot.value());
        out += ",\"usage\":";
        append_shown(out, usage.value());
        call->json(200, out + "}");
      });
    });
  });
}

/// The daemon's own JSON text, passed on.
Done<std::string> answer_document(const CallPtr& call) {
  return [call](Result<std::string> result) {
    if (!result)
      return call->problem(to_problem(result.error()));
    call->json(200, std::move(result).value());
  };
}

void get_tree(Context& context, const CallPtr& call) { context.port.inspect_tree(answer_document(call)); }

void get_actor(Context& context, const CallPtr& call) {
  context.port.inspect_actor(call->captures[0], answer_document(call));
}

HttpResponse verify_journal(Context& context, const Call&) {
  const auto checked = context.journal->verify();
  if (checked)
    return json_response(200, "{\"ok\":true,\"events\":" + std::to_string(checked.value()) + "}");
  std::string out = "{\"ok\":false";
  append_named(out, "code", checked.error().code);
  append_named(out, "detail", checked.error().detail);
  return json_response(200, out + "}");
}

void get_openapi(Context& context, const CallPtr& call) {
  // The same for the whole life of the process, and long: made once.
  static const std::string document = openapi_document(context.port.status().version);
  call->answer(with_etag(*call, json_response(200, document)));
}

constexpr std::string_view landing = R"(<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Heed</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem;color-scheme:light dark}
code{font-family:ui-monospace,monospace}</style></head>
<body>
<h1>Heed</h1>
<p>A daemon that turns calls into orders, each exactly once, and keeps them protected until they are closed.</p>
<ul>
<li><a href="/api/v1/status">Status</a>, <a href="/healthz">health</a>, <a href="/readyz">readiness</a>,
<a href="/metrics">metrics</a></li>
<li><a href="/api/v1/signals">Signals</a>, <a href="/api/v1/orders">orders</a>, <a href="/api/v1/fills">fills</a>,
<a href="/api/v1/positions">positions</a>, <a href="/api/v1/trades">trades</a>,
<a href="/api/v1/accounts">accounts</a></li>
<li><a href="/api/v1/openapi.json">The API's description</a>; events as they happen: <code>/api/v1/stream</code></li>
</ul>
<p>On the command line: <code>heed status</code>, <code>heed positions</code>, <code>heed explain ID</code>,
<code>heed --help</code>.</p>
</body>
</html>
)";

void get_landing(Context&, const CallPtr& call) {
  HttpResponse response;
  response.status = 200;
  response.headers = {{"Content-Type", "text/html; charset=utf-8"},
                      {"Cache-Control", "no-cache"},
                      {"Content-Security-Policy",
                       "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"}};
  response.body = landing;
  call->answer(std::move(response));
}

Route get_route(std::string pattern, std::string operation, std::string summary, std::string schema,
                Handler handler) {
  return {.method = "GET",
          .pattern = std::move(pattern),
          .operation = std::move(operation),
          .summary = std::move(summary),
          .response_schema = std::move(schema),
          .statuses = {200},
          .handler = std::move(handler)};
}

void add_open_routes(std::vector<Route>& to) {
  to.push_back(get_route("/", "getLanding", "What this is, for people.", "", get_landing));
  to.push_back(get_route("/healthz", "getHealth", "The process is alive.", "Health", get_health));
  to.push_back(get_route("/readyz", "getReady", "The daemon may trade: 200, else 503.", "Ready", get_ready));
  to.back().statuses = {200, 503};
  to.push_back(get_route("/metrics", "getMetrics", "Prometheus text.", "", get_metrics));
  for (auto& route : to)
    if (!route.pattern.starts_with("/api"))
      route.access = Access::open;
}

void open_stream(Context& context, const CallPtr& call) { context.streams.open(call); }

}  // namespace

void add_operation_routes(std::vector<Route>& to) {
  const auto add = [&to](Route route, std::vector<int> statuses = {200}) {
    route.statuses = std::move(statuses);
    to.push_back(std::move(route));
  };
  add(get_route("/api/v1/status", "getStatus", "The daemon as a whole.", "Status", get_status));
  add(get_route("/api/v1/accounts/{account}", "getAccount", "An account as its governor knows it now.",
                "AccountSnapshot", get_account),
      {200, 404, 503});
  add(get_route("/api/v1/accounts/{account}/risk", "getRisk", "An account's limits, and where it stands.", "Risk",
                get_risk),
      {200, 404, 503});
  add(get_route("/api/v1/schedule", "getSchedule", "What runs by the clock, and when next.", "SchedulePage",
                get_schedule));
  add(get_route("/api/v1/inspect/tree", "inspectTree", "The actors.", "Document", get_tree), {200, 503});
  add(get_route("/api/v1/inspect/actors/{name}", "inspectActor", "One actor's state.", "Document", get_actor),
      {200, 404, 503});
  add(get_route("/api/v1/journal/verify", "verifyJournal", "Recomputes the journal's hash chain.", "Verification",
                blocking(verify_journal)));
  auto stream = get_route("/api/v1/stream", "getStream",
                          "Journal events as Server-Sent Events: id = journal sequence, event = class, data = the "
                          "event. Last-Event-ID resumes without gaps; `resync` says that too much lies between.",
                          "", open_stream);
  stream.parameters = {
    {"types", ParamKind::text, "Comma list of signal, order, fill, position, trade, risk, system."},
    {"last_event_id", ParamKind::seq, "As the header Last-Event-ID."}};
  add(std::move(stream), {200, 503});
  add(get_route("/api/v1/openapi.json", "getOpenApi", "This document.", "Document", get_openapi), {200, 304});
  add_open_routes(to);
}

}  // namespace heed::api
