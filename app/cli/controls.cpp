// Commands that change something at the daemon.
#include "app/cli/commands.hpp"
#include "messages/nearest_name.hpp"
#include "messages/risk.hpp"
#include "persistence/json_write.hpp"

#include <algorithm>

namespace heed::cli {
namespace {

/// {"a":"x",...} of the members that are not empty.
std::string object_of(const Query& members) {
  std::string out = "{";
  for (const auto& [name, value] : members) {
    if (value.empty())
      continue;
    out += out.size() == 1 ? "" : ",";
    append_json(out, name);
    out += ':';
    append_json(out, value);
  }
  return out + "}";
}

std::string account_path(const PauseArguments& arguments, std::string_view verb) {
  return "/api/v1/accounts/" + encode(arguments.account) + "/" + std::string{verb};
}

std::string scope(const PauseArguments& a) {
  std::string out = a.account;
  if (!a.strategy.empty())
    out += ", strategy " + a.strategy;
  if (!a.symbol.empty())
    out += ", symbol " + a.symbol;
  return printable(out);
}

/// The levels as they are typed.
std::vector<std::string> kill_words() {
  std::vector<std::string> words;
  for (const auto& name : EnumNames<KillLevel>::names) {
    words.emplace_back(name);
    std::replace(words.back().begin(), words.back().end(), '_', '-');
  }
  return words;
}

/// A rule or the broker said no.
Exit exit_of(std::string_view disposition) {
  const auto word = disposition.substr(0, disposition.find(':'));
  if (word == "risk_denied")
    return Exit::refused;
  return word == "failed" || word == "broker_rejected" || word == "invalid" ? Exit::negative : Exit::done;
}

}  // namespace

namespace {

/// The decision on what a person asked of a position, and where it can be followed.
int show_decision(Session& session, const Answer& answer, const std::string& account, const std::string& symbol) {
  const auto* decision = answer.json.find("decision");
  const auto disposition = decision == nullptr ? std::string{} : member(*decision, "disposition");
  const auto code = static_cast<int>(exit_of(disposition));
  if (session.globals().json) {
    session.out() << answer.body;
    return code;
  }
  const auto reason = decision == nullptr ? std::string{} : member(*decision, "reason");
  session.out() << printable(account) << '/' << printable(symbol) << ": "
                << painted(printable(disposition), paint_of_state(disposition), session.color())
                << (reason.empty() ? "" : " (" + printable(reason) + ")") << '\n';
  const auto signal = member(answer.json, "signal_id");
  if (!signal.empty())
    session.err() << "follow it with: heed explain " << printable(signal) << '\n';
  return code;
}

std::string position_path(const std::string& account, const std::string& symbol, std::string_view verb) {
  return "/api/v1/positions/" + encode(account) + "/" + encode(symbol) + "/" + std::string{verb};
}

/// "8%" is percent of what was paid, all else a price.
void append_level(std::string& out, std::string_view name, const std::string& level) {
  if (level.empty())
    return;
  const bool percent = level.back() == '%';
  out += ",\"" + std::string{name} + "\":" + (percent ? "{\"percent\":" : "");
  append_json(out, percent ? level.substr(0, level.size() - 1) : level);
  out += percent ? "}" : "";
}

}  // namespace

int close_position(Session& session, const std::string& account, const std::string& symbol,
                   const std::string& quantity) {
  int exit = 0;
  const auto answer = session.ask("POST", position_path(account, symbol, "close"),
                                  object_of({{"quantity", quantity}, {"by", session.by()}}), exit);
  return answer ? show_decision(session, *answer, account, symbol) : exit;
}

int adopt_position(Session& session, const AdoptArguments& a) {
  if (std::any_of(a.key.begin(), a.key.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }))
    return session.fail(Exit::usage, "--key must be plain text of one line");
  auto body = object_of({{"strategy", a.strategy},
                         {"side", a.is_short ? "sell" : "buy"},
                         {"quantity", a.quantity},
                         {"by", session.by()}});
  body.pop_back();
  append_level(body, "stop", a.stop);
  append_level(body, "target", a.target);
  if (a.hold_sessions)
    body += ",\"hold_sessions\":" + std::to_string(*a.hold_sessions);
  int exit = 0;
  const auto answer = session.ask("POST", position_path(a.account, a.symbol, "adopt"), body + "}", exit, {}, a.key);
  return answer ? show_decision(session, *answer, a.account, a.symbol) : exit;
}

int pause(Session& session, const PauseArguments& a) {
  int exit = 0;
  const auto answer = session.ask(
    "POST", account_path(a, "pause"),
    object_of({{"strategy", a.strategy}, {"symbol", a.symbol}, {"reason", a.reason}, {"by", session.by()}}), exit);
  if (!answer)
    return exit;
  if (session.globals().json) {
    session.out() << answer->body;
    return 0;
  }
  const auto until = when(answer->json, "until");
  session.out() << scope(a) << " is paused" << (until.empty() ? " until it is resumed" : " until " + until)
                << "; closing goes on\n";
  return 0;
}

int resume(Session& session, const PauseArguments& a) {
  int exit = 0;
  const auto answer = session.ask(
    "POST", account_path(a, "resume"),
    object_of({{"strategy", a.strategy}, {"symbol", a.symbol}, {"reason", a.reason}, {"by", session.by()}}), exit);
  if (!answer)
    return exit;
  if (session.globals().json) {
    session.out() << answer->body;
    return 0;
  }
  const auto count = member(answer->json, "resumed");
  if (count == "0")
    session.out() << scope(a) << " was not paused"
                  << (a.symbol.empty() ? "" : "; a quarantine of it is lifted, if there was one") << '\n';
  else
    session.out() << scope(a) << " goes on; pauses ended: " << count << '\n';
  return 0;
}

int kill(Session& session, const std::string& level, const std::string& account) {
  auto name = level;
  std::replace(name.begin(), name.end(), '-', '_');
  if (!enum_from<KillLevel>(name)) {
    const auto nearest = nearest_name(level, kill_words());
    return session.fail(
      Exit::usage, "\"" + level + "\" is no level of the kill switch",
      nearest.empty() ? "" : "did you mean " + nearest + "?",
      "like: heed kill stop-opening; the levels are stop-opening, cancel-open-orders, flatten, none");
  }
  int exit = 0;
  const auto answer = session.ask("POST", "/api/v1/kill",
                                  object_of({{"level", name}, {"account", account}, {"by", session.by()}}), exit);
  if (!answer)
    return exit;
  if (session.globals().json) {
    session.out() << answer->body;
    return 0;
  }
  std::string accounts;
  if (const auto* list = answer->json.find("accounts"))
    for (const auto& a : list->items)
      accounts += (accounts.empty() ? "" : ", ") + a.text;
  auto word = name;
  std::replace(word.begin(), word.end(), '_', '-');
  session.out() << "kill switch " << painted(word, name == "none" ? Paint::green : Paint::red, session.color())
                << ": " << (accounts.empty() ? "no account" : printable(accounts)) << '\n';
  return 0;
}

}  // namespace heed::cli
