#include "broker/exchange/state_log.hpp"

#include "net/json.hpp"
#include "net/json_writer.hpp"

#include <filesystem>

namespace heed::exchange {
namespace {

Error damaged(const std::string& path, std::size_t line, const std::string& why) {
  return {ErrorKind::invalid, "exchange_state",
          path + ":" + std::to_string(line) + ": " + why + "; move the file away to start the exchange anew"};
}

std::optional<std::string> text_member(const net::Json& json, std::string_view name) {
  const net::Json* found = json.find(name);
  return found != nullptr && found->is_string() ? std::optional{found->text} : std::nullopt;
}

std::optional<Instant> time_member(const net::Json& json, std::string_view name) {
  const auto text = text_member(json, name);
  return text ? parse_rfc3339(*text) : std::nullopt;
}

std::optional<LoggedCommand> parse_command(std::string_view line) {
  const auto json = net::parse_json(line);
  if (!json)
    return std::nullopt;
  LoggedCommand out;
  const auto at = time_member(json.value(), "at");
  if (!at)
    return std::nullopt;
  out.at = *at;
  if (json.value().find("method") == nullptr)
    return out;
  const net::Json* account = json.value().find("account");
  const auto number = account != nullptr ? account->integer() : std::nullopt;
  const auto method = text_member(json.value(), "method");
  const auto target = text_member(json.value(), "target");
  const auto body = text_member(json.value(), "body");
  if (!number || !method || !target || !body)
    return std::nullopt;
  out.account = *number;
  out.method = *method;
  out.target = *target;
  out.body = *body;
  return out;
}

/// Fewer than this are not worth writing the file again.
constexpr std::size_t superfluous_min = 1'000;

bool only_time(std::string_view line) { return line.find("\"method\"") == std::string_view::npos; }

/// Writes the log again without the lines that only told the time and were followed by any other. A crash leaves the
/// old file or the new one. False: it stays as it is.
bool leave_out_superfluous(const std::string& path) {
  const auto next_path = path + ".next";
  {
    std::ifstream in{path, std::ios::binary};
    std::ofstream out{next_path, std::ios::binary | std::ios::trunc};
    std::string line;
    std::string held;  // a line that only tells the time, until the next comes
    while (std::getline(in, line) && !in.eof()) {
      line += '\n';
      if (only_time(line) && line.find("\"market\"") == std::string::npos) {
        held = line;
        continue;
      }
      held.clear();
      out << line;
    }
    out << held << std::flush;
    if (!out)
      return false;
  }
  std::error_code failed;
  std::filesystem::rename(next_path, path, failed);
  return !failed;
}

}  // namespace

Result<std::optional<StateLog::Header>> StateLog::read_header(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  std::string line;
  if (!in || !std::getline(in, line) || in.eof())  // a header without its line end was torn: nothing follows it
    return std::optional<Header>{};
  const auto json = net::parse_json(line);
  const auto market = json ? text_member(json.value(), "market") : std::nullopt;
  const auto start = json ? time_member(json.value(), "start") : std::nullopt;
  if (!market || !start)
    return damaged(path, 1, "not a log of the exchange");
  return std::optional{Header{*market, *start}};
}

heed::Status StateLog::open(const std::string& path, const Header& header,
                            const std::function<void(LoggedCommand)>& replay) {
  std::uintmax_t good = 0;      // bytes up to the end of the last whole line
  std::size_t superfluous = 0;  // lines that only told the time, and were followed by another
  if (std::ifstream in{path, std::ios::binary}; in) {
    std::string line;
    bool told_time = false;
    for (std::size_t number = 1; std::getline(in, line) && !in.eof(); ++number) {
      if (number > 1) {
        auto command = parse_command(line);
        if (!command)
          return damaged(path, number, "not a command");
        superfluous += told_time ? 1 : 0;
        told_time = command->method.empty();
        replay(std::move(*command));
      }
      good += line.size() + 1;
    }
  }
  std::error_code failed;
  if (std::filesystem::exists(path, failed))
    std::filesystem::resize_file(path, good, failed);
  if (!failed && superfluous >= superfluous_min)
    leave_out_superfluous(path);
  if (!failed)
    file_.open(path, std::ios::binary | std::ios::app);
  if (failed || !file_)
    return Error{ErrorKind::unavailable, "exchange_state", "cannot write " + path};
  if (good == 0) {
    net::JsonWriter w;
    w.begin_object().key("market").value(header.market).key("start").value(to_rfc3339(header.start)).end_object();
    file_ << std::move(w).str() << '\n' << std::flush;
  }
  return Ok{};
}

void StateLog::append(const LoggedCommand& command) {
  if (!file_.is_open())
    return;
  std::string line = "{\"at\":\"" + to_rfc3339(command.at) + "\"";
  if (!command.method.empty()) {
    line += ",\"account\":" + std::to_string(command.account) + ",\"method\":";
    net::append_quoted(line, command.method);
    line += ",\"target\":";
    net::append_quoted(line, command.target);
    line += ",\"body\":";
    net::append_quoted(line, command.body);
  }
  line += "}\n";
  file_.write(line.data(), static_cast<std::streamsize>(line.size()));
  file_.flush();
}

}  // namespace heed::exchange
