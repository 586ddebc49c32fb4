// What the server accepts as the head of a request, decided on the raw bytes before and after Beast has read them.
// Beast 1.74 alone accepts Transfer-Encoding it does not decode, missing and repeated Host, repeated Content-Length
// and folded lines; each of them lets two readers of one byte stream disagree about where a request ends.
#pragma once

#include "net/server.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace heed::net {

/// Why a request is not served: the status to answer with, and what to tell.
struct Refusal {
  int status = 400;
  std::string detail;
};

/// Finds the end of a head in a growing buffer, looking at every byte once. One per request.
class HeadScanner {
public:
  explicit HeadScanner(const ServerLimits& limits) : limits_{&limits} {}

  struct More {};
  struct Complete {
    std::size_t bytes = 0;  // with the empty line
  };
  /// `buffer` begins with the request's first byte and is never shorter than in the call before.
  std::variant<More, Complete, Refusal> scan(std::string_view buffer);

private:
  std::optional<Refusal> check_line(std::string_view line) const;
  std::optional<Refusal> check_unfinished(std::string_view buffer) const;

  const ServerLimits* limits_;
  std::size_t line_start_ = 0;
  std::size_t looked_ = 0;
  std::size_t lines_ = 0;
};

/// A head that passed, as values.
struct RequestHead {
  HttpRequest request;  // without body and peer
  std::uint64_t content_length = 0;
  bool keep_alive = false;
  bool http_1_0 = false;
  bool expects_continue = false;
  bool websocket = false;  // a complete WebSocket upgrade, version 13
};

/// `head` as found by HeadScanner.
std::variant<RequestHead, Refusal> parse_request_head(std::string_view head, const ServerLimits& limits);

}  // namespace heed::net
