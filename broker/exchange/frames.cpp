#include "broker/exchange/frames.hpp"

#include "messages/time.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <vector>

namespace heed::exchange {
namespace {

using Document = nlohmann::ordered_json;

constexpr std::uint8_t timestamp_type = 0xFF;  // extension -1
constexpr std::size_t document_bytes_max = 64UL * 1024;

/// 30 bits of nanoseconds, 34 of seconds, big endian.
Document timestamp(Instant at) {
  const auto micros = at.time_since_epoch().count();
  const auto seconds = static_cast<std::uint64_t>(micros / 1'000'000);
  const auto nanos = static_cast<std::uint64_t>(micros % 1'000'000) * 1'000;
  const auto packed = nanos << 34U | seconds;
  std::vector<std::uint8_t> bytes;
  for (int shift = 56; shift >= 0; shift -= 8)
    bytes.push_back(static_cast<std::uint8_t>(packed >> static_cast<unsigned>(shift)));
  return Document::binary(std::move(bytes), timestamp_type);
}

void with_timestamps(Document& json) {
  if (json.is_array())
    for (auto& item : json)
      with_timestamps(item);
  if (!json.is_object())
    return;
  for (auto& [name, value] : json.items()) {
    if (name == "t" && value.is_string()) {
      if (const auto at = parse_rfc3339(value.get<std::string>()); at && at->time_since_epoch().count() >= 0)
        value = timestamp(*at);
    } else {
      with_timestamps(value);
    }
  }
}

}  // namespace

bool wants_msgpack(std::string_view content_type) { return content_type.starts_with("application/msgpack"); }

std::string to_msgpack(std::string_view json) {
  auto document = Document::parse(json);
  with_timestamps(document);
  const auto bytes = Document::to_msgpack(document);
  return {bytes.begin(), bytes.end()};
}

std::optional<std::string> from_msgpack(std::string_view bytes) {
  if (bytes.size() > document_bytes_max)
    return std::nullopt;
  const auto document = Document::from_msgpack(bytes, true, false);
  if (document.is_discarded())
    return std::nullopt;
  // Bytes, and text that is no UTF-8, have no JSON: what says so is answered as any message that cannot be read.
  return document.dump(-1, ' ', false, Document::error_handler_t::replace);
}

}  // namespace heed::exchange
