// Runs over the past: asked for, listed, shown, cancelled. What they run on is the daemon's affair
// (backtest_port.hpp).
#include "api/backtest_port.hpp"
#include "api/backtest_render.hpp"
#include "api/body.hpp"
#include "api/checks.hpp"
#include "api/render.hpp"
#include "api/route.hpp"
#include "net/gzip.hpp"
#include "persistence/json_read.hpp"

#include <array>
#include <utility>

namespace heed::api {
namespace {

using net::HttpResponse;

constexpr std::size_t text_size_max = 256;
constexpr std::size_t settings_max = 100;
constexpr std::size_t list_values_max = 1'000;
constexpr int folds_max = 100;
constexpr std::size_t kept_bytes_max = 16UL * 1024 * 1024;

/// Settings with a field of their own.
constexpr std::array named_settings{"benchmark", "from", "to", "capital", "default_conviction"};

/// A value of a setting: text, number or flag, as it would stand behind --set.
std::optional<std::string> setting_text(const net::Json& value) {
  if (value.is_string() || value.is_number())
    return value.text.size() <= text_size_max ? std::optional{value.text} : std::nullopt;
  if (value.kind == net::Json::Kind::boolean)
    return value.boolean ? "true" : "false";
  return std::nullopt;
}

/// Calls read(key, value) for each member of an object; false when it is none, or too large.
bool each_member(ObjectReader& reader, const char* name, const char* example,
                 const std::function<void(const std::string&, const net::Json&)>& read) {
  const auto* object = reader.take(name);
  if (object == nullptr)
    return true;
  if (!object->is_object() || object->members.size() > settings_max) {
    reader.fail(name, "FIELD_INVALID",
                "must be an object of at most " + std::to_string(settings_max) + " members, like " + example);
    return false;
  }
  for (const auto& [key, value] : object->members)
    read(key, value);
  return true;
}

void read_settings(ObjectReader& reader, BacktestRequest& request) {
  for (const auto* name : named_settings)
    if (const auto* value = reader.take(name)) {
      if (const auto text = setting_text(*value))
        request.settings.push_back({name, name, *text});
      else
        reader.fail(name, "FIELD_INVALID", "must be text or a number");
    }
  each_member(reader, "settings", R"({"stop_pct":"0.05"})", [&](const std::string& key, const net::Json& value) {
    if (const auto text = setting_text(value))
      request.settings.push_back({"settings." + key, key, *text});
    else
      reader.fail("settings." + key, "FIELD_INVALID", "must be text, a number, true or false");
  });
}

void read_list(ObjectReader& reader, const std::string& key, const net::Json& value, BacktestRequest& request) {
  std::vector<std::string> values;
  for (const auto& item : value.items)
    if (const auto text = setting_text(item))
      values.push_back(*text);
  if (values.empty() || values.size() != value.items.size() || values.size() > list_values_max)
    return reader.fail("list." + key, "FIELD_INVALID",
                       "must be a list of 1 to " + std::to_string(list_values_max) + " texts, numbers or flags");
  request.list.emplace_back(key, std::move(values));
}

void read_axes(ObjectReader& reader, BacktestRequest& request) {
  each_member(reader, "grid", R"({"min_conviction":"0.6:0.9:0.1"})",
              [&](const std::string& key, const net::Json& value) {
                if (value.is_string() && value.text.size() <= text_size_max)
                  request.grid.emplace_back(key, value.text);
                else
                  reader.fail("grid." + key, "FIELD_INVALID", "must be text of the form from:to:step");
              });
  each_member(reader, "list", R"({"on_repeat_buy":["top_up","roll"]})",
              [&](const std::string& key, const net::Json& value) { read_list(reader, key, value, request); });
  request.metric = reader.text("metric", text_size_max).value_or("");
  request.folds = static_cast<int>(reader.integer("folds", 0, folds_max).value_or(0));
  if (!request.is_sweep() && reader.has("metric"))
    reader.fail("metric", "FIELD_INVALID", "goes with grid or list, which make a sweep of the run");
  if (!request.is_sweep() && reader.has("folds"))
    reader.fail("folds", "FIELD_INVALID", "goes with grid or list, which make a sweep of the run");
}

std::variant<BacktestRequest, Problem> read_request(const Call& call) {
  auto body = parse_body(call.request.body, true);
  if (auto* bad = std::get_if<Problem>(&body))
    return std::move(*bad);
  std::optional<Problem> problem;
  ObjectReader reader{std::get<net::Json>(body), "", problem};
  BacktestRequest request;
  request.mentions = reader.text("mentions", text_size_max).value_or("");
  request.source = reader.text("source", text_size_max).value_or("");
  request.strategy = reader.text("strategy", text_size_max).value_or("");
  request.account = reader.text("account", text_size_max).value_or("");
  request.profile = reader.text("profile", text_size_max).value_or("");
  read_settings(reader, request);
  read_axes(reader, request);
  reader.finish();
  if (problem)
    return std::move(*problem);
  return request;
}

Problem not_running() { return {503, "UNAVAILABLE", "this daemon runs no backtests", {}, {}, false, {}}; }

/// Tells the caller what became of the request.
std::function<void(BacktestAnswer)> teller(const CallPtr& call) {
  return [call](const BacktestAnswer& answer) {
    if (answer.run_id) {
      std::string out = "{\"run_id\":";
      append_json(out, answer.run_id.value());
      call->json(202, out + "}");
      return;
    }
    auto problem = to_problem(answer.run_id.error());
    problem.field = answer.field;
    call->problem(problem);
  };
}

/// On the pool, since checking may take a moment.
void run_on_pool(Context& context, const CallPtr& call, std::function<void()> job) {
  if (!context.pool.run(std::move(job)))
    call->problem({503, "BUSY", "too many requests wait already; try again", {}, {}, false, {{"Retry-After", "1"}}});
}

void post_backtest(Context& context, const CallPtr& call) {
  auto* runs = context.port.backtests();
  if (runs == nullptr)
    return call->problem(not_running());
  auto request = read_request(*call);
  if (const auto* problem = std::get_if<Problem>(&request))
    return call->problem(*problem);
  auto wanted = std::move(std::get<BacktestRequest>(request));
  run_on_pool(context, call, [runs, wanted = std::move(wanted), call] { runs->submit(wanted, teller(call)); });
}

/// JSON text that is an object.
bool is_object(const std::string& text) {
  const auto parsed = net::parse_json(text);
  return parsed && parsed.value().is_object();
}

/// Errors of the reader name the field in their text.
Problem unreadable(const Error& error) {
  constexpr std::string_view field = "field ";
  Problem problem{400, "JSON_INVALID", error.detail, {}, {}, false, {}};
  if (error.code == "JSON_SYNTAX" || !error.detail.starts_with(field))
    return problem;
  problem.code = "FIELD_INVALID";
  problem.field = error.detail.substr(field.size(), error.detail.find(':') - field.size());
  return problem;
}

std::variant<KeptRun, Problem> read_kept(const net::HttpRequest& request) {
  auto body = net::header(request.headers, "Content-Encoding").empty() ? Result<std::string>{request.body}
                                                                       : net::gunzip(request.body, kept_bytes_max);
  if (!body && body.error().code == "gzip_size")
    return Problem{413, "CONTENT_TOO_LARGE", "the body " + body.error().detail, {}, {}, false, {}};
  if (!body)
    return Problem{400, "BODY_INVALID", "the body " + body.error().detail, "Content-Encoding", {}, false, {}};
  auto run = from_json<KeptRun>(body.value(), JsonRules{.unknown_fields = false});
  if (!run)
    return unreadable(run.error());
  for (const auto& [name, text] :
       {std::pair{"params", &run.value().params}, std::pair{"summary", &run.value().summary},
        std::pair{"result", &run.value().result}})
    if (!is_object(*text))
      return Problem{400, "FIELD_INVALID", std::string{name} + " must be text that is a JSON object", name, {}, false,
                     {}};
  if (run.value().digest.empty())
    return Problem{400, "FIELD_INVALID", "digest must not be empty", "digest", {}, false, {}};
  return std::move(run).value();
}

void post_kept(Context& context, const CallPtr& call) {
  auto* runs = context.port.backtests();
  if (runs == nullptr)
    return call->problem(not_running());
  run_on_pool(context, call, [runs, call] {
    auto run = read_kept(call->request);
    if (const auto* problem = std::get_if<Problem>(&run))
      return call->problem(*problem);
    runs->keep(std::move(std::get<KeptRun>(run)), teller(call));
  });
}

std::optional<double> progress_of(Context& context, const BacktestRunRow& run) {
  auto* runs = context.port.backtests();
  return runs != nullptr && is_under_way(run.status) ? runs->progress(run.run_id) : std::nullopt;
}

HttpResponse list_backtests(Context& context, const Call& call) {
  auto read = read_filter(call);
  if (const auto* problem = std::get_if<Problem>(&read))
    return to_response(*problem);
  auto& filter = std::get<ListFilter>(read);
  filter.type = call.query("kind");
  const auto page = context.journal->backtest_runs(filter);
  if (!page)
    return to_response(to_problem(page.error()));
  return with_etag(call, json_response(200, shown_runs(page.value(), [&](const BacktestRunRow& run) {
                                         return progress_of(context, run);
                                       })));
}

HttpResponse show(Context& context, const Call& call, const BacktestRunRow& run) {
  std::string result;
  if (run.status == BacktestStatus::done && context.port.backtests() != nullptr) {
    auto stored = context.port.backtests()->result(run);
    if (!stored)
      return to_response(to_problem(stored.error()));
    result = std::move(stored).value();
  }
  return with_etag(call, json_response(200, shown_run(run, progress_of(context, run), result)));
}

Problem no_such_run(const std::string& id) { return not_there("backtest", "BACKTEST_NOT_FOUND", id); }

HttpResponse get_backtest(Context& context, const Call& call) {
  const auto run = context.journal->backtest_run(call.captures[0]);
  if (!run)
    return to_response(to_problem(run.error()));
  if (!run.value())
    return to_response(no_such_run(call.captures[0]));
  return show(context, call, *run.value());
}

HttpResponse get_latest(Context& context, const Call& call) {
  ListFilter filter;
  filter.status = to_string(BacktestStatus::done);
  filter.limit = 1;
  const auto page = context.journal->backtest_runs(filter);
  if (!page)
    return to_response(to_problem(page.error()));
  if (page.value().rows.empty())
    return to_response(no_such_run("latest"));
  return show(context, call, page.value().rows.front());
}

HttpResponse delete_backtest(Context& context, const Call& call) {
  const auto& id = call.captures[0];
  const auto run = context.journal->backtest_run(id);
  if (!run)
    return to_response(to_problem(run.error()));
  if (!run.value())
    return to_response(no_such_run(id));
  const auto status = run.value()->status;
  auto* runs = context.port.backtests();
  if ((status == BacktestStatus::queued || status == BacktestStatus::running) && runs != nullptr &&
      runs->cancel(id)) {
    std::string out = "{\"run_id\":";
    append_json(out, id);
    return json_response(202, out + ",\"status\":\"cancelled\"}");
  }
  return to_response(
    Problem{409,
            "BACKTEST_FINISHED",
            "backtest " + id + " is " + std::string{to_string(status)} + "; there is nothing to cancel",
            {},
            {},
            true,
            {}});
}

Route route_of(std::string method, std::string path, std::string operation, std::string summary, std::string schema,
               std::vector<int> statuses, Handler handler) {
  return {.method = std::move(method),
          .pattern = "/api/v1/" + std::move(path),
          .operation = std::move(operation),
          .summary = std::move(summary),
          .response_schema = std::move(schema),
          .statuses = std::move(statuses),
          .handler = std::move(handler)};
}

template <NamedEnum E>
std::vector<std::string> names_of() {
  return {EnumNames<E>::names.begin(), EnumNames<E>::names.end()};
}

}  // namespace

void add_backtest_routes(std::vector<Route>& to) {
  auto post = route_of("POST", "backtests", "postBacktest",
                       "Runs the rules over the past. Answered when it is queued; see how far it is under its id.",
                       "BacktestReceipt", {202, 503}, post_backtest);
  post.request_schema = "BacktestInput";
  to.push_back(std::move(post));
  auto keep = route_of("POST", "backtests/kept", "keepBacktest",
                       "Keeps a run that was made elsewhere, as heed backtest does while a daemon holds the store. "
                       "The body may come with Content-Encoding: gzip.",
                       "BacktestReceipt", {202, 503}, post_kept);
  keep.request_schema = "KeptBacktest";
  keep.body_required = true;
  keep.takes_gzip = true;
  to.push_back(std::move(keep));
  auto list = route_of("GET", "backtests", "listBacktests", "Runs over the past, without all that they gave.",
                       "BacktestPage", {200, 304}, blocking(list_backtests));
  list.parameters = {
    {"status", ParamKind::choice, "Only in this state.", names_of<BacktestStatus>()},
    {"kind", ParamKind::choice, "Single runs, or sweeps of many.", names_of<BacktestKind>()},
    {"from", ParamKind::instant, "Only what was asked for at or after this instant."},
    {"to", ParamKind::instant, "Only what was asked for before this instant."},
    {"sort", ParamKind::choice, "Newest first by default.", {"newest", "oldest"}},
    {"limit", ParamKind::limit, "Rows per page, 100 by default."},
    {"cursor", ParamKind::cursor, "next_cursor of the page before, with the same other parameters."}};
  to.push_back(std::move(list));
  to.push_back(route_of("GET", "backtests/latest", "getLatestBacktest", "The last run that is done, with its result.",
                        "BacktestDetail", {200, 304, 404}, blocking(get_latest)));
  to.push_back(route_of("GET", "backtests/{run_id}", "getBacktest",
                        "One run: how far it is, and once it is done its result.", "BacktestDetail", {200, 304, 404},
                        blocking(get_backtest)));
  to.push_back(route_of("DELETE", "backtests/{run_id}", "cancelBacktest",
                        "Cancels a run that waits or runs; 409 for one that is over.", "BacktestCancelled",
                        {202, 404, 409}, blocking(delete_backtest)));
}

}  // namespace heed::api
