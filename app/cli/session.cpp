#include "app/cli/session.hpp"

#include "api/target.hpp"
#include "messages/decimal.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace heed::cli {
namespace {

constexpr std::string_view default_url = "http://127.0.0.1:8420";
constexpr std::string_view default_socket = "var/heed.sock";

Exit exit_of(int status, bool refused) {
  switch (status) {
    case 401:
    case 403: return Exit::not_allowed;
    case 404: return Exit::negative;
    case 409: return refused ? Exit::refused : Exit::bad_data;
    case 421:
    case 502:
    case 503:
    case 504: return Exit::unreachable;
    default: return status >= 400 && status < 500 ? Exit::bad_data : Exit::internal;
  }
}

std::string_view next_step(int status) {
  switch (status) {
    case 401: return "give the token of the daemon's [api] section with --token or $HEED_TOKEN";
    case 503: return "look at: heed status; then try again";
    case 504: return "the fate is not known yet; look before trying again: heed orders, heed signals";
    default: return {};
  }
}

}  // namespace

Session::Session(const Surroundings& surroundings, Globals globals)
    : surroundings_{surroundings}, globals_{std::move(globals)}, token_{globals_.token} {
  if (token_.empty())
    token_ = surroundings_.environment("HEED_TOKEN").value_or("");
}

bool Session::color() const {
  return surroundings_.out_is_terminal && !globals_.no_color &&
         surroundings_.environment("NO_COLOR").value_or("").empty();
}

bool Session::err_color() const {
  return surroundings_.err_is_terminal && !globals_.no_color &&
         surroundings_.environment("NO_COLOR").value_or("").empty();
}

void Session::note(std::string_view what, std::string_view next) const {
  err() << "heed: " << printable(what) << '\n';
  if (!next.empty())
    err() << "  " << printable(next) << '\n';
}

int Session::fail(Exit code, std::string_view what, std::string_view why, std::string_view next) const {
  err() << painted("heed:", Paint::red, err_color()) << ' ' << printable(what) << '\n';
  if (!why.empty())
    err() << "  " << printable(why) << '\n';
  if (!next.empty())
    err() << "  " << printable(next) << '\n';
  return static_cast<int>(code);
}

std::vector<config::Override> Session::overrides(Exit& failed) const {
  auto all = surroundings_.config_overrides;
  for (const auto& set : globals_.sets) {
    const auto equals = set.find('=');
    if (equals == std::string::npos || equals == 0) {
      failed = Exit::usage;
      fail(failed, "--set " + set + " is not of the form key=value", {}, "like: --set daemon.log_level=debug");
      return {};
    }
    all.push_back({set.substr(0, equals), set.substr(equals + 1), "--set"});
  }
  return all;
}

std::optional<config::Config> Session::load_config(const std::string& path, Exit& failed) const {
  return load(path, false, failed);
}

std::optional<config::Config> Session::load_part(const std::string& path, Exit& failed) const {
  return load(path, true, failed);
}

std::string Session::why_unread(std::string_view key) const {
  if (loaded_)
    for (const auto& problem : loaded_->unread_secrets)
      if (problem.key == key)
        return problem.str();
  return {};
}

bool Session::has_secret(std::string_view key, int& exit) const {
  const auto why = why_unread(key);
  if (!why.empty())
    exit = fail(Exit::config_invalid, why);
  return why.empty();
}

/// What is wrong is said once for a file, however many ask for it.
std::optional<config::Config> Session::load(const std::string& path, bool is_part, Exit& failed) const {
  if (!loaded_ || loaded_->path != path || loaded_->is_part != is_part)
    loaded_ = read_config(path, is_part);
  failed = loaded_->failed;
  return loaded_->config;
}

Session::Loaded Session::read_config(const std::string& path, bool is_part) const {
  Loaded out{path, is_part, Exit::done, std::nullopt, {}};
  config::ParseOptions options;
  options.environment = surroundings_.environment;
  options.may_leave_secrets_unread = is_part;
  options.overrides = overrides(out.failed);
  if (out.failed != Exit::done)
    return out;
  std::error_code ignored;
  if (!path.empty() && !std::filesystem::exists(path, ignored)) {
    out.failed = Exit::missing_input;
    fail(out.failed, "there is no configuration file " + path, {}, "write one with: heed config default > " + path);
    return out;
  }
  auto outcome = path.empty() ? config::parse("", "(defaults)", options) : config::load(path, options);
  for (const auto& warning : outcome.warnings)
    err() << painted("warning:", Paint::yellow, err_color()) << ' ' << printable(warning.str()) << '\n';
  for (const auto& error : outcome.errors)
    err() << painted("error:", Paint::red, err_color()) << ' ' << printable(error.str()) << '\n';
  if (!outcome.config)
    out.failed = Exit::config_invalid;
  out.config = std::move(outcome.config);
  out.unread_secrets = std::move(outcome.unread_secrets);
  return out;
}

std::optional<Target> Session::find_daemon(int& exit) {
  Target target;
  target.url = globals_.url.empty() ? surroundings_.environment("HEED_URL").value_or("") : globals_.url;
  target.unix_socket = default_socket;
  target.otherwise = default_url;
  if (globals_.config.empty())
    return target;
  Exit failed = Exit::done;
  const auto config = load_part(globals_.config, failed);
  if (!config) {
    exit = static_cast<int>(failed);
    return std::nullopt;
  }
  target.unix_socket = config->api.unix_socket;
  if (!config->api.listen.empty())
    target.otherwise = "http://" + config->api.listen;
  if (token_.empty()) {
    token_ = config->api.token.reveal();
    token_unread_ = why_unread("api.token");
  }
  return target;
}

bool Session::connect(int& exit, bool is_asked_quietly) {
  if (transport_)
    return true;
  const auto target = find_daemon(exit);
  if (!target)
    return false;
  auto made = surroundings_.connect(*target);
  if (!made) {
    const auto code = made.error().kind == ErrorKind::invalid ? Exit::usage : Exit::unreachable;
    exit = is_asked_quietly ? static_cast<int>(code) : fail(code, made.error().detail);
    return false;
  }
  transport_ = std::move(made).value();
  return true;
}

std::optional<Answer> Session::ask(const std::string& method, const std::string& target, const std::string& body,
                                   int& exit, const std::vector<int>& also, const std::string& key, bool is_gzip) {
  if (!connect(exit))
    return std::nullopt;
  net::HttpRequest request;
  request.method = method;
  request.target = target;
  request.body = body;
  request.headers.emplace_back("Accept", "application/json");
  if (!body.empty())
    request.headers.emplace_back("Content-Type", "application/json");
  if (is_gzip)
    request.headers.emplace_back("Content-Encoding", "gzip");
  if (!key.empty())
    request.headers.emplace_back("Idempotency-Key", key);
  if (!token_.empty())
    request.headers.emplace_back("Authorization", "Bearer " + token_);
  const auto response = transport_->send(request);
  if (!response) {
    exit = fail(Exit::unreachable, "the daemon at " + transport_->address() + " does not answer",
                response.error().detail, "start it with: heed run --config FILE; or name another one with --url");
    return std::nullopt;
  }
  const int status = response.value().status;
  if ((status < 200 || status >= 300) && std::find(also.begin(), also.end(), status) == also.end()) {
    exit = say_problem(response.value(), target);
    return std::nullopt;
  }
  auto parsed = net::parse_json(response.value().body);
  if (!parsed) {
    exit = fail(Exit::internal, "the answer from " + transport_->address() + " cannot be read", parsed.error().detail,
                "is that a Heed daemon of this version? see: heed version");
    return std::nullopt;
  }
  return Answer{status, response.value().body, std::move(parsed).value()};
}

bool Session::unreachable() {
  int exit = 0;
  if (!connect(exit, true))
    return true;
  net::HttpRequest request;
  request.target = "/healthz";
  return !transport_->send(request);
}

int Session::say_problem(const net::HttpResponse& response, const std::string& target) const {
  const auto parsed = net::parse_json(response.body);
  const int status = response.status;
  if (!parsed || !parsed.value().is_object())
    return fail(exit_of(status, false), "the daemon answered " + std::to_string(status) + " to " + target);
  const auto& problem = parsed.value();
  if (globals_.json)
    out() << response.body << (response.body.ends_with('\n') ? "" : "\n");
  const auto detail = member(problem, "detail");
  const auto code = member(problem, "code");
  // A parameter of a query is an option of the command.
  const auto exit = code.starts_with("QUERY_") ? Exit::usage : exit_of(status, truth(problem, "refused"));
  if (status == 401 && !token_unread_.empty())
    return fail(Exit::config_invalid, token_unread_, {}, "or give the token itself with --token or $HEED_TOKEN");
  return fail(exit, detail.empty() ? member(problem, "title") : detail, code.empty() ? "" : "code " + code,
              next_step(status));
}

std::string Session::by() const {
  const auto user = surroundings_.environment("USER").value_or("");
  return user.empty() ? "cli" : "cli:" + printable(user).substr(0, 48);
}

std::string member(const net::Json& object, std::string_view name) {
  const auto* found = object.find(name);
  if (found == nullptr)
    return {};
  switch (found->kind) {
    case net::Json::Kind::boolean: return found->boolean ? "yes" : "no";
    case net::Json::Kind::number:
    case net::Json::Kind::string: return found->text;
    default: return {};
  }
}

std::string money(const net::Json& object, std::string_view name) {
  const auto* found = object.find(name);
  const auto value = found == nullptr ? std::nullopt : found->decimal();
  return value ? value->str_padded(2) : std::string{};
}

std::string when(const net::Json& object, std::string_view name) {
  auto text = member(object, name);
  constexpr std::size_t to_seconds = 19;
  if (text.size() > to_seconds && text[to_seconds] == '.' && text.back() == 'Z')
    return text.substr(0, to_seconds) + "Z";
  return text;
}

bool truth(const net::Json& object, std::string_view name) {
  const auto* found = object.find(name);
  return found != nullptr && found->kind == net::Json::Kind::boolean && found->boolean;
}

const std::vector<net::Json>& items(const net::Json& page) {
  static const std::vector<net::Json> none;
  const auto* found = page.find("items");
  return found != nullptr && found->is_array() ? found->items : none;
}

std::string encode(std::string_view text) { return api::percent_encode(text); }

}  // namespace heed::cli
