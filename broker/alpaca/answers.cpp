#include "broker/alpaca/answers.hpp"

#include "messages/mutant.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace heed::alpaca {

namespace {

constexpr std::int64_t wait_default_s = 5;
constexpr std::int64_t wait_max_s = 300;

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

Error too_many_requests(const net::HttpResponse& response, Instant now) {
  auto wait = whole_number(net::header(response.headers, "Retry-After"));
  if (!wait)
    if (const auto reset = whole_number(net::header(response.headers, "X-RateLimit-Reset")))
      wait = *reset - std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  const auto seconds = std::clamp<std::int64_t>(wait.value_or(wait_default_s), 1, wait_max_s);
  return Error{ErrorKind::not_sent, "429", std::to_string(seconds)};
}

bool may_reject(int status) {
  return status == 400 || status == 401 || status == 403 || status == 404 || status == 422;
}

std::string code_of(const net::Json& body, int status) {
  const auto* code = body.find("code");
  if (code != nullptr && (code->is_number() || code->is_string()) && whole_number(code->text))
    return code->text;
  return status == 401 || status == 403 ? std::to_string(status) : std::string{};
}

std::string words_of(const net::Json& body) {
  const auto* message = body.find("message");
  if (message == nullptr || !message->is_string() || message->text.empty())
    return {};
  std::string words = message->text;
  for (const auto& [name, value] : body.members)
    if (name != "code" && name != "message" && (value.is_string() || value.is_number()))
      words.append(" ").append(name).append("=").append(value.text);
  return words;
}

Error refused(const net::HttpResponse& response) {
  const auto status = std::to_string(response.status);
  if (mutant("server_error_is_a_no"))
    return Error{ErrorKind::rejected, status, "HTTP " + status};
  if (!may_reject(response.status))
    return Error{ErrorKind::unknown, status, "HTTP " + status + " proves nothing"};
  const auto body = net::parse_json(response.body);
  if (!body || !body.value().is_object())
    return Error{ErrorKind::unknown, status, "HTTP " + status + " without a readable error body"};
  auto code = code_of(body.value(), response.status);
  auto words = words_of(body.value());
  if (code.empty() || words.empty())
    return Error{ErrorKind::unknown, status, "HTTP " + status + " without code and message"};
  return Error{ErrorKind::rejected, std::move(code), std::move(words)};
}

std::optional<Error> failure(const Result<net::HttpResponse>& answer, Instant now) {
  if (!answer) {
    Error error = answer.error();
    if (error.kind != ErrorKind::not_sent)
      error.kind = ErrorKind::unknown;
    return error;
  }
  const auto& response = answer.value();
  if (response.status >= 200 && response.status < 300)
    return std::nullopt;
  return response.status == 429 ? too_many_requests(response, now) : refused(response);
}

}  // namespace

Result<net::Json> read_answer(const Result<net::HttpResponse>& answer, Instant now) {
  if (auto error = failure(answer, now))
    return *std::move(error);
  auto body = net::parse_json(answer.value().body);
  if (!body && mutant("garbage_is_a_no"))
    return Error{ErrorKind::rejected, "unreadable", "no"};
  if (!body)
    return Error{ErrorKind::unknown, "unreadable", "body is not JSON: " + body.error().detail};
  return body;
}

Status read_bodiless(const Result<net::HttpResponse>& answer, Instant now) {
  if (auto error = failure(answer, now))
    return *std::move(error);
  return Ok{};
}

bool is_absent(const Error& error) { return error.kind == ErrorKind::rejected && error.code.starts_with("404"); }

bool is_duplicate_name(const Error& error) {
  return error.kind == ErrorKind::rejected && error.detail.find("client_order_id") != std::string::npos &&
         error.detail.find("unique") != std::string::npos;
}

}  // namespace heed::alpaca
