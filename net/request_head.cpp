#include "net/request_head.hpp"

#include "net/boost_asio.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>

namespace heed::net {

namespace http = boost::beast::http;

namespace {

constexpr std::size_t header_lines_max = 64;
constexpr std::size_t method_bytes_max = 32;
constexpr std::string_view transfer_encoding_refused =
  "Transfer-Encoding is not accepted; send the body with a Content-Length";

bool is_token_character(char c) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         marks.find(c) != std::string_view::npos;
}

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

// True when the comma-separated list `value` names `token`.
bool lists(std::string_view value, std::string_view token) {
  while (!value.empty()) {
    const auto comma = std::min(value.find(','), value.size());
    std::string_view item = value.substr(0, comma);
    while (!item.empty() && (item.front() == ' ' || item.front() == '\t'))
      item.remove_prefix(1);
    while (!item.empty() && (item.back() == ' ' || item.back() == '\t'))
      item.remove_suffix(1);
    if (same_name(item, token))
      return true;
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
  return false;
}

std::optional<Refusal> check_target(std::string_view method, std::string_view target) {
  if (target == "*" && method == "OPTIONS")
    return std::nullopt;
  if (target.empty() || target.front() != '/')
    return Refusal{400, "the request target must be a path that begins with '/'"};
  for (std::size_t i = 0; i < target.size(); ++i) {
    const char c = target[i];
    if (c <= 0x20 || c >= 0x7F || c == '#')
      return Refusal{400, "the request target holds a byte that must be percent-encoded"};
    if (c != '%')
      continue;
    if (i + 2 >= target.size() || !is_hex(target[i + 1]) || !is_hex(target[i + 2]))
      return Refusal{400, "a '%' in the request target is not followed by two hexadecimal digits"};
    if (target[i + 1] == '0' && target[i + 2] == '0')
      return Refusal{400, "the request target holds an encoded NUL"};
  }
  return std::nullopt;
}

bool is_host_value(std::string_view host) {
  return !host.empty() && host.size() <= 255 && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_' || c == ':' || c == '[' || c == ']';
  });
}

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Beast's reading of the head, straight into our values.
class HeadParser final : public http::basic_parser<true> {
public:
  using Code = boost::beast::error_code;

  RequestHead head;
  std::optional<Refusal> refusal;
  int hosts = 0;
  int lengths = 0;

private:
  void refuse(int status, std::string detail) {
    if (!refusal)
      refusal = Refusal{status, std::move(detail)};
  }
  void on_request_impl(http::verb, boost::beast::string_view method, boost::beast::string_view target, int version,
                       Code&) override {
    head.request.method = view(method);
    head.request.target = view(target);
    head.http_1_0 = version < 11;
    refusal = check_target(view(method), view(target));
  }
  void on_field_impl(http::field name, boost::beast::string_view name_text, boost::beast::string_view value,
                     Code&) override {
    if (name == http::field::host && (++hosts > 1 || !is_host_value(view(value))))
      refuse(400,
             hosts > 1 ? "the Host header is repeated" : "the Host header is not a host name with optional port");
    if (name == http::field::content_length && ++lengths > 1)
      refuse(400, "the Content-Length header is repeated");
    if (name == http::field::content_length && !is_number(view(value)))  // Beast takes "3, 3" for 3
      refuse(400, "the Content-Length is not a decimal number");
    if (name == http::field::transfer_encoding)
      refuse(411, std::string{transfer_encoding_refused});
    if (name == http::field::expect && !same_name(view(value), "100-continue"))
      refuse(417, "the only expectation served is 100-continue");
    head.expects_continue |= name == http::field::expect && !head.http_1_0;
    head.request.headers.emplace_back(view(name_text), view(value));
  }
  void on_response_impl(int, boost::beast::string_view, int, Code&) override {}
  void on_header_impl(Code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
  std::size_t on_body_impl(boost::beast::string_view, Code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, boost::beast::string_view, Code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, boost::beast::string_view, Code&) override { return 0; }
  void on_finish_impl(Code&) override {}
};

// A handshake this server can complete; anything less is served as a plain request.
bool is_websocket(const RequestHead& head) {
  const Headers& headers = head.request.headers;
  return head.request.method == "GET" && !head.http_1_0 && lists(header(headers, "Upgrade"), "websocket") &&
         lists(header(headers, "Connection"), "upgrade") && header(headers, "Sec-WebSocket-Key").size() == 24 &&
         header(headers, "Sec-WebSocket-Version") == "13" && head.content_length == 0;
}

}  // namespace

std::variant<HeadScanner::More, HeadScanner::Complete, Refusal> HeadScanner::scan(std::string_view buffer) {
  while (true) {
    const auto feed = buffer.find('\n', looked_);
    if (feed == std::string_view::npos) {
      looked_ = buffer.size();
      if (auto refusal = check_unfinished(buffer))
        return std::move(*refusal);
      return More{};
    }
    const std::string_view line = buffer.substr(line_start_, feed - line_start_);
    if (auto refusal = check_line(line))
      return std::move(*refusal);
    if (feed >= limits_->header_bytes_max)
      return Refusal{431, "the request head is longer than " + std::to_string(limits_->header_bytes_max) + " bytes"};
    looked_ = line_start_ = feed + 1;
    if (line.size() == 1)
      return Complete{feed + 1};
    ++lines_;
  }
}

std::optional<Refusal> HeadScanner::check_line(std::string_view line) const {
  if (line.empty() || line.back() != '\r')
    return Refusal{400, "a header line ends with LF alone; lines end with CR LF"};
  line.remove_suffix(1);
  if (line.find('\r') != std::string_view::npos || line.find('\0') != std::string_view::npos)
    return Refusal{400, "the request head holds a stray CR or a NUL"};
  if (lines_ == 0) {
    if (line.empty() || !is_token_character(line.front()))
      return Refusal{400, "the request does not begin with a method"};
    const auto method = std::min(line.find(' '), line.size());
    if (method > method_bytes_max)
      return Refusal{501, "the method is longer than " + std::to_string(method_bytes_max) + " bytes"};
    if (line.size() - method > limits_->target_bytes_max + sizeof " HTTP/1.1")
      return Refusal{414,
                     "the request target is longer than " + std::to_string(limits_->target_bytes_max) + " bytes"};
    return std::nullopt;
  }
  if (!line.empty() && (line.front() == ' ' || line.front() == '\t'))
    return Refusal{400, "a header line is folded; write each header on one line"};
  if (!line.empty() && lines_ > header_lines_max)
    return Refusal{431, "the request has more than " + std::to_string(header_lines_max) + " headers"};
  return std::nullopt;
}

// What can be refused without waiting for the end of the line: another protocol, and lines without end.
std::optional<Refusal> HeadScanner::check_unfinished(std::string_view buffer) const {
  if (lines_ == 0 && !buffer.empty() && !is_token_character(buffer.front()))
    return Refusal{400, "the request does not begin with a method; this port speaks plain HTTP/1.1"};
  if (lines_ == 0 && buffer.size() > method_bytes_max + limits_->target_bytes_max + sizeof "  HTTP/1.1")
    return Refusal{414, "the request target is longer than " + std::to_string(limits_->target_bytes_max) + " bytes"};
  if (buffer.size() >= limits_->header_bytes_max)
    return Refusal{431, "the request head is longer than " + std::to_string(limits_->header_bytes_max) + " bytes"};
  return std::nullopt;
}

std::variant<RequestHead, Refusal> parse_request_head(std::string_view head, const ServerLimits& limits) {
  HeadParser parser;
  parser.skip(true);
  parser.eager(false);
  parser.header_limit(static_cast<std::uint32_t>(std::max(head.size() + 1, limits.header_bytes_max)));
  parser.body_limit(boost::none);
  boost::beast::error_code code;
  parser.put(boost::asio::const_buffer{head.data(), head.size()}, code);
  if (parser.refusal)
    return std::move(*parser.refusal);
  if (code == http::error::bad_transfer_encoding)  // Beast's own word when a Content-Length came first
    return Refusal{411, std::string{transfer_encoding_refused}};
  if (code == http::error::bad_version)
    return Refusal{505, "only HTTP/1.1 and HTTP/1.0 are served"};
  if (code == http::error::bad_content_length)
    return Refusal{400, "the Content-Length is not a decimal number"};
  if (code || !parser.is_header_done())
    return Refusal{400, "the request head is malformed: " + (code ? code.message() : "it has no end")};
  if (parser.hosts == 0)
    return Refusal{400, "the Host header is missing"};
  RequestHead result = std::move(parser.head);
  if (result.request.target.size() > limits.target_bytes_max)
    return Refusal{414, "the request target is longer than " + std::to_string(limits.target_bytes_max) + " bytes"};
  if (const auto length = parser.content_length())
    result.content_length = *length;
  if (result.content_length > limits.body_bytes_max)
    return Refusal{413, "the body is longer than " + std::to_string(limits.body_bytes_max) + " bytes"};
  result.keep_alive = !result.http_1_0 && parser.keep_alive();
  result.websocket = is_websocket(result);
  return result;
}

}  // namespace heed::net
