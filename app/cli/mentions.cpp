// heed mentions: handing calls in, from a file or from the command line.
#include "app/cli/commands.hpp"
#include "messages/decimal.hpp"
#include "persistence/json_write.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <istream>
#include <system_error>

namespace heed::cli {
namespace {

constexpr std::size_t batch_lines_max = 200;
constexpr std::size_t batch_bytes_max = 512UL * 1024;
constexpr std::size_t line_bytes_max = 64UL * 1024;

struct RejectedLine {
  std::size_t line = 0;
  std::string field;
  std::string reason;
};

struct Import {
  std::size_t lines = 0;
  std::size_t accepted = 0;
  std::size_t duplicates = 0;
  std::vector<RejectedLine> rejected;
};

struct Batch {
  std::string body;
  std::vector<std::size_t> lines;  // of each element
};

std::string mentions_path(const std::string& inbox) {
  return inbox.empty() ? "/api/v1/mentions" : "/api/v1/mentions?source=" + encode(inbox);
}

std::size_t count_of(const net::Json& answer, std::string_view name) {
  const auto* list = answer.find(name);
  return list == nullptr ? 0 : list->items.size();
}

/// Sends what has gathered; false when it has to end with `exit`.
bool send(Session& session, const std::string& inbox, Batch& batch, Import& import, int& exit) {
  if (batch.lines.empty())
    return true;
  const auto answer = session.ask("POST", mentions_path(inbox), "[" + batch.body + "]", exit);
  if (!answer)
    return false;
  import.accepted += count_of(answer->json, "accepted");
  import.duplicates += count_of(answer->json, "duplicates");
  if (const auto* rejected = answer->json.find("rejected")) {
    for (const auto& r : rejected->items) {
      const auto* index = r.find("index");
      const auto at = index == nullptr ? std::optional<std::int64_t>{} : index->integer();
      const bool known = at && *at >= 0 && static_cast<std::size_t>(*at) < batch.lines.size();
      import.rejected.push_back(
        {known ? batch.lines[static_cast<std::size_t>(*at)] : 0, member(r, "field"), member(r, "reason")});
    }
  }
  batch = {};
  return true;
}

/// Reads line by line. A line that is no JSON is rejected here, since it would spoil its whole batch.
int read_lines(Session& session, std::istream& in, const std::string& inbox, Import& import) {
  Batch batch;
  std::string line;
  int exit = 0;
  while (std::getline(in, line)) {
    ++import.lines;
    if (!line.empty() && line.back() == '\r')
      line.pop_back();
    if (line.find_first_not_of(" \t") == std::string::npos)
      continue;
    if (line.size() > line_bytes_max) {
      import.rejected.push_back({import.lines, "mention", "is longer than 64 KiB"});
      continue;
    }
    if (const auto parsed = net::parse_json(line); !parsed) {
      import.rejected.push_back({import.lines, "mention", "is no JSON: " + parsed.error().detail});
      continue;
    }
    batch.body += (batch.body.empty() ? "" : ",") + line;
    batch.lines.push_back(import.lines);
    const bool full = batch.lines.size() >= batch_lines_max || batch.body.size() >= batch_bytes_max;
    if (full && !send(session, inbox, batch, import, exit))
      return exit;
  }
  return send(session, inbox, batch, import, exit) ? 0 : exit;
}

void print_import(Session& session, const std::string& file, Import& import) {
  // Lines that are no JSON were refused before the batch that they stood in was answered.
  std::stable_sort(import.rejected.begin(), import.rejected.end(),
                   [](const RejectedLine& a, const RejectedLine& b) { return a.line < b.line; });
  if (session.globals().json) {
    std::string out = "{\"accepted\":" + std::to_string(import.accepted) +
                      ",\"duplicates\":" + std::to_string(import.duplicates) + ",\"rejected\":[";
    for (std::size_t i = 0; i < import.rejected.size(); ++i) {
      const auto& r = import.rejected[i];
      out += std::string{i == 0 ? "" : ","} + "{\"line\":" + std::to_string(r.line) + ",\"field\":";
      append_json(out, r.field);
      out += ",\"reason\":";
      append_json(out, r.reason);
      out += '}';
    }
    session.out() << out << "]}\n";
    return;
  }
  for (const auto& r : import.rejected)
    session.err() << printable(file) << ':' << r.line << ": " << printable(r.field) << (r.field.empty() ? "" : " ")
                  << printable(r.reason) << '\n';
  session.out() << "accepted " << import.accepted << ", duplicates " << import.duplicates << ", rejected "
                << import.rejected.size() << '\n';
}

void append_text(std::string& out, std::string_view name, const std::string& value) {
  if (value.empty())
    return;
  out += (out.size() == 1 ? "\"" : ",\"") + std::string{name} + "\":";
  append_json(out, value);
}

}  // namespace

int import_mentions(Session& session, const std::string& file, const std::string& inbox) {
  Import import;
  int exit = 0;
  if (file == "-") {
    exit = read_lines(session, *session.surroundings().in, inbox, import);
  } else {
    std::error_code error;
    if (!std::filesystem::exists(file, error))
      return session.fail(Exit::missing_input, "there is no file " + file);
    if (std::filesystem::is_directory(file, error))
      return session.fail(Exit::missing_input, file + " is a folder", {}, "name a .jsonl file in it");
    std::ifstream in{file, std::ios::binary};
    if (!in)
      return session.fail(Exit::missing_input, file + " cannot be read", {}, "check its permissions");
    exit = read_lines(session, in, inbox, import);
  }
  print_import(session, file, import);
  if (exit != 0)
    return exit;
  return static_cast<int>(import.rejected.empty() ? Exit::done : Exit::bad_data);
}

int add_mention(Session& session, const MentionArguments& a) {
  std::string body = "{";
  append_text(body, "symbol", a.symbol);
  append_text(body, "action", a.action);
  if (!a.conviction.empty()) {
    if (!Decimal::parse(a.conviction))
      return session.fail(Exit::usage, "--conviction " + a.conviction + " is no decimal", {},
                          "like: --conviction 0.8");
    body += ",\"conviction\":";
    append_json(body, a.conviction);
  }
  append_text(body, "time_horizon", a.horizon);
  append_text(body, "rationale_quote", a.quote);
  append_text(body, "title", a.title);
  append_text(body, "url", a.url);
  append_text(body, "external_id", a.external_id);
  append_text(body, "published_at", a.published_at);
  append_text(body, "source", a.origin);
  int exit = 0;
  const auto answer = session.ask("POST", mentions_path(a.inbox), body + "}", exit);
  if (!answer)
    return exit;
  const auto* rejected = answer->json.find("rejected");
  const bool refused = rejected != nullptr && !rejected->items.empty();
  if (session.globals().json) {
    session.out() << answer->body;
    return static_cast<int>(refused ? Exit::bad_data : Exit::done);
  }
  if (refused)
    return session.fail(Exit::bad_data, "the mention is not accepted",
                        member(rejected->items[0], "field") + " " + member(rejected->items[0], "reason"));
  for (const auto* name : {"accepted", "duplicates"})
    if (const auto* list = answer->json.find(name))
      for (const auto& receipt : list->items)
        session.out() << (std::string_view{name} == "accepted" ? "accepted" : "duplicate") << ' '
                      << printable(member(receipt, "signal_id")) << '\n';
  return 0;
}

}  // namespace heed::cli
