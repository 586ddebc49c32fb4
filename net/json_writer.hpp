// Writing JSON without a document in memory: append in order, take the text.
#pragma once

#include "messages/decimal.hpp"

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace heed::net {

/// `text` as a JSON string with its quotes. Bytes that are not valid UTF-8 become U+FFFD, so that the result is
/// always valid JSON.
std::string quoted(std::string_view text);
// Exact matches, so that a std::string does not find std::quoted where <iomanip> is included.
inline std::string quoted(const std::string& text) { return quoted(std::string_view{text}); }
inline std::string quoted(std::string& text) { return quoted(std::string_view{text}); }
/// The same, appended.
void append_quoted(std::string& out, std::string_view text);

/// Appends one document. Commas are its business; balance is the caller's (checked when the text is taken).
///   JsonWriter w;
///   w.begin_object().key("symbol").value("AAPL").key("qty").value(quantity).end_object();
///   send(std::move(w).str());
class JsonWriter {
public:
  JsonWriter() { out_.reserve(256); }

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view{text}); }
  JsonWriter& value(const std::string& text) { return value(std::string_view{text}); }
  JsonWriter& value(bool flag) { return raw(flag ? "true" : "false"); }
  template <std::integral T>
  requires(!std::same_as<T, bool> && !std::same_as<T, char>) JsonWriter& value(T number) {
    if constexpr (std::is_signed_v<T>)
      return integer(static_cast<std::int64_t>(number));
    else
      return natural(static_cast<std::uint64_t>(number));
  }
  /// As a number, exact: 12.5.
  JsonWriter& value(Decimal number) { return raw(number.str()); }
  JsonWriter& null() { return raw("null"); }
  /// `json` as it is: a number's token, or a document made elsewhere. Must be valid JSON.
  JsonWriter& raw(std::string_view json);

  /// The text so far.
  std::string_view view() const { return out_; }
  /// The finished document; every begin must have had its end.
  std::string str() &&;

private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  JsonWriter& integer(std::int64_t number);
  JsonWriter& natural(std::uint64_t number);
  void separate();

  std::string out_;
  int depth_ = 0;
  bool comma_ = false;  // something stands before the next element at this level
};

}  // namespace heed::net
