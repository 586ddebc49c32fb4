#include "app/cli/stored_runs.hpp"

#include "api/backtest_port.hpp"
#include "api/backtest_render.hpp"
#include "app/cli/named_store.hpp"
#include "backtest/metrics.hpp"
#include "backtest/output.hpp"
#include "backtest/store.hpp"
#include "net/gzip.hpp"
#include "net/json_writer.hpp"
#include "persistence/json_write.hpp"
#include "persistence/open_postgres.hpp"

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

namespace heed::cli {
namespace {

using net::Json;

// ---- keeping ------------------------------------------------------------------------------------------------------

Instant wall_clock() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

Result<std::string> keep(const JournalPair& journal, const FreshRun& run) {
  ListFilter newest;
  newest.limit = 1;
  const auto last = journal.reader->backtest_runs(newest);
  if (!last)
    return last.error();
  const auto& rows = last.value().rows;
  auto row = backtest::new_run(run.kind, run.params, wall_clock(),
                               rows.empty() ? std::nullopt : std::optional{rows.front().created_at});
  row.finished_at = row.created_at;
  const auto run_id = row.run_id;
  for (auto& commit : backtest::commits_of(run.rows(std::move(row)))) {
    Batch batch;
    batch.rows = std::move(commit);
    Batch* const one = &batch;
    if (const auto written = journal.writer->append({&one, 1}); !written)
      return written.error();
  }
  return run_id;
}

Result<JournalPair> open(const NamedStore& store) {
  return store.url.empty() ? open_sqlite_journal(store.file) : open_postgres_journal({store.url, {}});
}

/// The daemon of this very configuration, or the one that the person names: another one has another store.
bool may_have_daemon(const Session& session, const config::Config& config) {
  std::error_code ignored;
  return !session.globals().url.empty() || session.surroundings().environment("HEED_URL") ||
         std::filesystem::exists(config.api.unix_socket, ignored);
}

void say_kept(const Session& session, const std::string& run_id) {
  session.err() << "kept as " << run_id << "; see: heed backtests show " << run_id << '\n';
}

/// A daemon holds its store alone, so it is handed over. What it answers to that has been said.
void keep_with_daemon(Session& session, const FreshRun& run) {
  api::KeptRun kept;
  kept.kind = run.kind;
  kept.params = run.params;
  for (auto& row : run.rows({})) {
    if (auto* trade = std::get_if<BacktestTradeRow>(&row))
      kept.trades.push_back(std::move(*trade));
    else if (const auto* piece = std::get_if<BacktestResultRow>(&row))
      kept.result += piece->result;
    else if (auto* done = std::get_if<BacktestRunRow>(&row)) {
      kept.digest = std::move(done->digest);
      kept.summary = std::move(done->summary);
    }
  }
  int exit = 0;
  const auto answer = session.ask("POST", "/api/v1/backtests/kept", net::gzip(to_json(kept)), exit, {}, {}, true);
  if (answer)
    say_kept(session, member(answer->json, "run_id"));
  else
    session.note("the run is not kept");
}

// ---- reading ------------------------------------------------------------------------------------------------------

/// What a route of the daemon would answer, of a store that no daemon holds.
struct StoreAnswer {
  std::string body;
  Json json;
};

std::optional<StoreAnswer> answered(Session& session, std::string body, int& exit) {
  auto json = net::parse_json(body);
  if (json)
    return StoreAnswer{std::move(body), std::move(json).value()};
  exit = session.fail(Exit::internal, "what is stored cannot be read", json.error().detail);
  return std::nullopt;
}

/// The store itself is read when there is no daemon to ask. Null: it has said why.
std::shared_ptr<JournalReader> reader_without_daemon(Session& session, int& exit) {
  const auto store = named_store(session, {}, exit);
  if (!store)
    return nullptr;
  if (store->is_missing()) {
    exit = session.fail(Exit::missing_input, "no daemon answers, and there is no store " + store->words, {},
                        "name the configuration with --config, or the daemon with --url");
    return nullptr;
  }
  auto reader = reader_of(*store);
  if (reader)
    return std::move(reader).value();
  exit =
    session.fail(exit_of(reader.error()), "no daemon answers, and the store " + store->words + " cannot be opened",
                 reader.error().detail);
  return nullptr;
}

std::optional<std::string> value_of(const Query& query, std::string_view name) {
  for (const auto& [key, value] : query)
    if (key == name && !value.empty())
      return value;
  return std::nullopt;
}

/// The filter that the route would make of it. The error names the option.
Result<ListFilter> filter_of(const Query& query) {
  ListFilter filter;
  const auto bad = [](const std::string& name, const std::string& wanted) {
    return Error{ErrorKind::invalid, "QUERY_INVALID", "--" + name + " must be " + wanted};
  };
  filter.status = value_of(query, "status").value_or("");
  filter.type = value_of(query, "kind").value_or("");
  filter.cursor = value_of(query, "cursor").value_or("");
  if (!filter.type.empty() && !enum_from<BacktestKind>(filter.type))
    return bad("kind", "backtest or sweep");
  for (auto [name, to] : {std::pair{"from", &filter.from}, std::pair{"to", &filter.to}})
    if (const auto text = value_of(query, name); text && !(*to = parse_rfc3339(*text)))
      return bad(name, "an instant like 2026-11-20T14:30:00Z");
  if (const auto sort = value_of(query, "sort")) {
    if (*sort != "newest" && *sort != "oldest")
      return bad("sort", "newest or oldest");
    filter.oldest_first = *sort == "oldest";
  }
  if (const auto limit = value_of(query, "limit")) {
    const auto read = std::from_chars(limit->data(), limit->data() + limit->size(), filter.limit);
    if (read.ec != std::errc{} || read.ptr != limit->data() + limit->size() || filter.limit < 1 ||
        filter.limit > 1000)
      return bad("limit", "a whole number from 1 to 1000");
  }
  return filter;
}

std::optional<StoreAnswer> list_of_store(Session& session, const Query& query, int& exit) {
  const auto filter = filter_of(query);
  if (!filter) {
    exit = session.fail(Exit::usage, filter.error().detail);
    return std::nullopt;
  }
  const auto reader = reader_without_daemon(session, exit);
  if (!reader)
    return std::nullopt;
  const auto page = reader->backtest_runs(filter.value());
  if (!page) {
    exit =
      session.fail(page.error().kind == ErrorKind::invalid ? Exit::usage : Exit::unreachable, page.error().detail);
    return std::nullopt;
  }
  return answered(session, api::shown_runs(page.value(), [](const auto&) { return std::nullopt; }) + "\n", exit);
}

Result<std::optional<BacktestRunRow>> find_run(JournalReader& reader, const std::string& id) {
  if (id != "latest")
    return reader.backtest_run(id);
  ListFilter newest;
  newest.status = to_string(BacktestStatus::done);
  newest.limit = 1;
  auto page = reader.backtest_runs(newest);
  if (!page)
    return page.error();
  return page.value().rows.empty() ? std::nullopt : std::optional{std::move(page.value().rows.front())};
}

std::optional<StoreAnswer> run_of_store(Session& session, const std::string& id, int& exit) {
  const auto reader = reader_without_daemon(session, exit);
  if (!reader)
    return std::nullopt;
  const auto run = find_run(*reader, id);
  if (run && !run.value()) {
    exit = session.fail(Exit::negative, "there is no backtest " + id, {}, "see: heed backtests list");
    return std::nullopt;
  }
  const auto result = run ? stored_result(*reader, *run.value()) : run.error();
  if (!result) {
    exit = session.fail(Exit::unreachable, "the store cannot be read", result.error().detail);
    return std::nullopt;
  }
  return answered(session, api::shown_run(*run.value(), {}, result.value()) + "\n", exit);
}

std::optional<StoreAnswer> of_daemon(Session& session, const std::string& target, int& exit) {
  auto answer = session.get(target, exit);
  if (!answer)
    return std::nullopt;
  return StoreAnswer{std::move(answer->body), std::move(answer->json)};
}

// ---- showing ------------------------------------------------------------------------------------------------------

/// A number of the JSON with two decimals; "-" where there is none.
std::string rounded(const Json* object, std::string_view name) {
  const auto* found = object == nullptr ? nullptr : object->find(name);
  return found == nullptr || !found->is_number() ? "-"
                                                 : backtest::fixed(std::strtod(found->text.c_str(), nullptr), 2);
}

/// Of a run its own, of a sweep those of its best set; null where there are none.
const Json* figures_of(const Json& run) {
  const auto* best = run.find("best");
  return best != nullptr ? best->find("metrics") : run.find("metrics");
}

std::string status_text(const Json& run) {
  auto status = member(run, "status");
  if (status != "running")
    return status;
  const auto* progress = run.find("progress");
  const double done = progress == nullptr ? 0.0 : std::strtod(progress->text.c_str(), nullptr);
  return status + " " + backtest::fixed(done * 100.0, 0) + " %";
}

Paint paint_of_status(const std::string& status) {
  if (status == "done")
    return Paint::green;
  return status == "failed" ? Paint::red : Paint::yellow;
}

constexpr std::array shown_figures{
  std::pair{"return, %", "total_return_pct"},
  std::pair{"alpha, %", "alpha_vs_spy_pct"},
  std::pair{"a year, %", "cagr_pct"},
  std::pair{"Sharpe", "sharpe"},
  std::pair{"Sortino", "sortino"},
  std::pair{"deepest drawdown, %", "max_drawdown_pct"},
  std::pair{"trades", "trade_count"},
  std::pair{"won, %", "win_rate_pct"},
  std::pair{"profit factor", "profit_factor"},
};

void print_run(const Session& session, const Json& run) {
  auto& out = session.out();
  out << member(run, "kind") << ' ' << printable(member(run, "run_id")) << ", asked for at "
      << when(run, "created_at") << ": "
      << painted(status_text(run), paint_of_status(member(run, "status")), session.color()) << '\n';
  if (const auto error = member(run, "error"); !error.empty())
    out << "  " << printable(error) << '\n';
  if (const auto* best = run.find("best"); best != nullptr && best->is_object()) {
    out << "best of " << member(run, "trials") << " sets by " << member(run, "metric") << ":";
    for (const auto& [key, value] : best->find("params")->members)
      out << ' ' << printable(key) << '=' << printable(value.text);
    out << '\n';
  }
  const auto* figures = figures_of(run);
  if (figures == nullptr || !figures->is_object())
    return;
  Table table{{{""}, {"", Align::right}}};
  for (const auto& [title, name] : shown_figures)
    table.row({{title}, {name == std::string_view{"trade_count"} ? member(*figures, name) : rounded(figures, name)}});
  out << '\n';
  table.print(out, session.color(), session.width());
  if (const auto* ends = run.find("dispositions"); ends != nullptr && ends->is_object()) {
    Table funnel{{{"calls that ended as"}, {"", Align::right}}};
    for (const auto& [name, count] : ends->members)
      funnel.row({{name, paint_of_state(name)}, {count.text}});
    out << '\n';
    funnel.print(out, session.color(), session.width());
  }
  out << "\ndigest " << printable(member(run, "digest")) << '\n';
}

// ---- ordering -----------------------------------------------------------------------------------------------------

/// Splits "key=value"; says what is wrong with others.
std::optional<std::pair<std::string, std::string>> key_and_value(Session& session, const std::string& option,
                                                                 const std::string& text, int& exit) {
  const auto equals = text.find('=');
  if (equals != std::string::npos && equals != 0)
    return std::pair{text.substr(0, equals), text.substr(equals + 1)};
  exit = session.fail(Exit::usage, option + " " + text + " is not of the form key=value");
  return std::nullopt;
}

bool write_pairs(Session& session, net::JsonWriter& w, const char* field, const std::string& option,
                 const std::vector<std::string>& texts, bool lists, int& exit) {
  if (texts.empty())
    return true;
  w.key(field).begin_object();
  for (const auto& text : texts) {
    const auto pair = key_and_value(session, option, text, exit);
    if (!pair)
      return false;
    w.key(pair->first);
    if (!lists) {
      w.value(pair->second);
      continue;
    }
    const auto axis = backtest::parse_list(text);
    if (!axis) {
      exit = session.fail(Exit::usage, axis.error().detail);
      return false;
    }
    w.begin_array();
    for (const auto& value : axis.value().values)
      w.value(value);
    w.end_array();
  }
  w.end_object();
  return true;
}

std::optional<std::string> body_of(Session& session, const BacktestOrder& o, int& exit) {
  net::JsonWriter w;
  w.begin_object();
  for (const auto& [name, text] :
       {std::pair{"mentions", &o.mentions}, std::pair{"source", &o.source}, std::pair{"strategy", &o.strategy},
        std::pair{"account", &o.account}, std::pair{"profile", &o.profile}, std::pair{"benchmark", &o.benchmark},
        std::pair{"from", &o.from}, std::pair{"to", &o.to}, std::pair{"capital", &o.capital},
        std::pair{"default_conviction", &o.default_conviction}, std::pair{"metric", &o.metric}})
    if (!text->empty())
      w.key(name).value(*text);
  if (o.folds > 0)
    w.key("folds").value(o.folds);
  if (!write_pairs(session, w, "settings", "--set", o.sets, false, exit) ||
      !write_pairs(session, w, "grid", "--grid", o.grids, false, exit) ||
      !write_pairs(session, w, "list", "--list", o.lists, true, exit))
    return std::nullopt;
  w.end_object();
  return std::move(w).str();
}

}  // namespace

Result<std::string> stored_result(JournalReader& journal, const BacktestRunRow& run) {
  if (run.status != BacktestStatus::done)
    return std::string{};
  auto result = journal.backtest_result(run.run_id);
  if (!result || run.kind == BacktestKind::sweep)
    return result;
  const auto trades = journal.backtest_trades(run.run_id);
  if (!trades)
    return trades.error();
  return backtest::stored_json(result.value(), trades.value());
}

void keep_run(Session& session, const FreshRun& run) {
  Exit failed = Exit::done;
  if (session.globals().config.empty())
    return;
  const auto config = session.load_part(session.globals().config, failed);
  if (!config)
    return;
  if (may_have_daemon(session, *config) && !session.unreachable())
    return keep_with_daemon(session, run);
  int exit = 0;
  if (config->journal.kind == config::JournalKind::memory)
    return;
  const auto store = named_store(session, {}, exit);
  if (!store || store->is_missing())
    return;
  const auto journal = open(*store);
  const auto run_id = journal ? keep(journal.value(), run) : journal.error();
  if (!run_id)
    return session.note("the run is not kept: " + run_id.error().detail);
  say_kept(session, run_id.value());
}

int list_backtests(Session& session, const Query& query) {
  int exit = 0;
  std::string target = "/api/v1/backtests";
  for (const auto& [name, value] : query)
    if (!value.empty())
      target += (target.find('?') == std::string::npos ? "?" : "&") + name + "=" + encode(value);
  const auto answer = session.unreachable() ? list_of_store(session, query, exit) : of_daemon(session, target, exit);
  if (!answer)
    return exit;
  if (session.globals().json) {
    session.out() << answer->body;
    return 0;
  }
  Table table{{{"ASKED FOR"},
               {"RUN"},
               {"KIND"},
               {"STATUS"},
               {"RETURN %", Align::right},
               {"ALPHA %", Align::right},
               {"SHARPE", Align::right},
               {"TRADES", Align::right},
               {"WHY"}}};
  for (const auto& run : items(answer->json)) {
    const auto* figures = figures_of(run);
    table.row({{when(run, "created_at")},
               {member(run, "run_id")},
               {member(run, "kind")},
               {status_text(run), paint_of_status(member(run, "status"))},
               {rounded(figures, "total_return_pct")},
               {rounded(figures, "alpha_vs_spy_pct")},
               {rounded(figures, "sharpe")},
               {figures == nullptr ? "-" : member(*figures, "trade_count")},
               {member(run, "error")}});
  }
  if (table.size() == 0)
    session.err() << "no backtests are kept\n";
  else
    table.print(session.out(), session.color(), session.width());
  if (const auto cursor = member(answer->json, "next_cursor"); !cursor.empty())
    session.err() << "there is more: add --cursor " << printable(cursor) << '\n';
  return 0;
}

int show_backtest(Session& session, const std::string& id) {
  int exit = 0;
  const auto answer = session.unreachable() ? run_of_store(session, id, exit)
                                            : of_daemon(session, "/api/v1/backtests/" + encode(id), exit);
  if (!answer)
    return exit;
  if (session.globals().json)
    session.out() << answer->body;
  else
    print_run(session, answer->json);
  return 0;
}

int cancel_backtest(Session& session, const std::string& id) {
  int exit = 0;
  const auto answer = session.ask("DELETE", "/api/v1/backtests/" + encode(id), {}, exit);
  if (!answer)
    return exit;
  if (session.globals().json)
    session.out() << answer->body;
  else
    session.out() << printable(id) << " is cancelled\n";
  return 0;
}

int order_backtest(Session& session, const BacktestOrder& order) {
  int exit = 0;
  const auto body = body_of(session, order, exit);
  if (!body)
    return exit;
  const auto answer = session.ask("POST", "/api/v1/backtests", *body, exit);
  if (!answer)
    return exit;
  const auto id = member(answer->json, "run_id");
  if (session.globals().json)
    session.out() << answer->body;
  else
    session.out() << printable(id) << " waits; see: heed backtests show " << printable(id) << '\n';
  return 0;
}

}  // namespace heed::cli
