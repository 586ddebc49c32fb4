#include "api/backtest_render.hpp"

#include "persistence/json_write.hpp"

namespace heed::api {
namespace {

void append_member(std::string& out, const char* name, const auto& value) {
  out += std::string{",\""} + name + "\":";
  append_json(out, value);
}

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional{text};
}

/// The members of an object that is JSON text; nothing of an empty one.
void append_members(std::string& out, const std::string& object) {
  if (object.size() > 2)
    out += "," + object.substr(1, object.size() - 2);
}

/// What is known of every run. The object is left open.
void append_run(std::string& out, const BacktestRunRow& run, std::optional<double> progress) {
  out += "{\"run_id\":";
  append_json(out, run.run_id);
  append_member(out, "kind", run.kind);
  append_member(out, "status", run.status);
  append_member(out, "progress", progress.value_or(run.status == BacktestStatus::done ? 1.0 : 0.0));
  append_member(out, "error", unless_empty(run.error));
  append_member(out, "created_at", run.created_at);
  append_member(out, "finished_at", run.finished_at);
}

/// As lists have it: with its figures, and without all else that it gave.
void append_listed(std::string& out, const BacktestRunRow& run, std::optional<double> progress) {
  append_run(out, run, progress);
  append_member(out, "digest", unless_empty(run.digest));
  out += ",\"params\":" + run.params;
  append_members(out, run.summary);
  out += '}';
}

}  // namespace

std::string shown_runs(const ListPage<BacktestRunRow>& page,
                       const std::function<std::optional<double>(const BacktestRunRow&)>& progress) {
  std::string out = "{\"items\":[";
  for (const auto& run : page.rows) {
    out += out.back() == '[' ? "" : ",";
    append_listed(out, run, progress(run));
  }
  out += "],\"next_cursor\":";
  append_json(out, unless_empty(page.next_cursor));
  return out + "}";
}

std::string shown_run(const BacktestRunRow& run, std::optional<double> progress, const std::string& result) {
  std::string out;
  if (result.empty()) {
    append_listed(out, run, progress);
    return out;
  }
  append_run(out, run, progress);
  if (run.kind == BacktestKind::sweep)
    out += ",\"params\":" + run.params;
  append_members(out, result);
  return out + "}";
}

}  // namespace heed::api
