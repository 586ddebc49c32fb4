// A request's head as it comes off the wire: where it ends must not depend on how it was cut into packets, and what
// two readers could understand differently must have been refused. Then its target.
#include "api/target.hpp"
#include "net/request_head.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <variant>

using namespace heed;
using namespace heed::net;
using heed::fuzz::must;

namespace {

using Scanned = std::variant<HeadScanner::More, HeadScanner::Complete, Refusal>;

Scanned scan_in_pieces(std::string_view input, const ServerLimits& limits, std::size_t piece) {
  HeadScanner scanner{limits};
  for (std::size_t n = std::min(piece, input.size());; n = std::min(n + piece, input.size())) {
    auto scanned = scanner.scan(input.substr(0, n));
    if (n == input.size() || !std::holds_alternative<HeadScanner::More>(scanned))
      return scanned;
  }
}

/// How many lines after the first begin with the name, seen by the simplest means there are.
int lines_named(std::string_view head, std::string_view name) {
  int count = 0;
  for (auto at = head.find('\n'); at != std::string_view::npos; at = head.find('\n', at + 1)) {
    const auto line = head.substr(at + 1);
    count += line.size() > name.size() && same_name(line.substr(0, name.size()), name) && line[name.size()] == ':';
  }
  return count;
}

void check_head(std::string_view head, const RequestHead& read) {
  must(lines_named(head, "Host") == 1 || (read.http_1_0 && lines_named(head, "Host") == 0), "one Host");
  must(lines_named(head, "Content-Length") <= 1, "at most one Content-Length");
  must(lines_named(head, "Transfer-Encoding") == 0, "no Transfer-Encoding");
  must(head.find("\r\n ") == head.npos && head.find("\r\n\t") == head.npos, "no folded line");
  must(lines_named(head, "Content-Length") == 1 || read.content_length == 0, "a length that was told");
  for (const auto& [name, value] : read.request.headers)
    must(value.find_first_of(std::string_view{"\r\n\0", 3}) == std::string::npos, "no line end in a value");
}

void check_target(std::string_view text) {
  const auto read = api::parse_target(text);
  const auto* target = std::get_if<api::Target>(&read);
  if (target == nullptr)
    return;
  std::string again;
  for (const auto& segment : target->segments) {
    must(api::is_plain_text(segment), "a segment is plain text");
    again += '/' + api::percent_encode(segment);
  }
  if (again.empty())
    again = "/";
  char sign = '?';
  for (const auto& [name, value] : target->query) {
    must(api::is_plain_text(name) && api::is_plain_text(value), "a parameter is plain text");
    again += std::exchange(sign, '&') + api::percent_encode(name) + '=' + api::percent_encode(value);
  }
  const auto second = api::parse_target(again);
  const auto* same = std::get_if<api::Target>(&second);
  must(same != nullptr && same->segments == target->segments && same->query == target->query,
       "a target written again is the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const ServerLimits limits;
  const auto input = fuzz::text_of(data, size);
  const auto whole = HeadScanner{limits}.scan(input);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}}) {
    const auto pieces = scan_in_pieces(input, limits, piece);
    must(pieces.index() == whole.index(), "the same head in pieces");
    if (const auto* complete = std::get_if<HeadScanner::Complete>(&whole))
      must(std::get<HeadScanner::Complete>(pieces).bytes == complete->bytes, "ends at the same byte in pieces");
  }
  if (const auto* complete = std::get_if<HeadScanner::Complete>(&whole)) {
    const auto head = input.substr(0, complete->bytes);
    const auto parsed = parse_request_head(head, limits);
    if (const auto* read = std::get_if<RequestHead>(&parsed)) {
      check_head(head, *read);
      check_target(read->request.target);
    }
  } else {
    check_target(input);
  }
  return 0;
}
