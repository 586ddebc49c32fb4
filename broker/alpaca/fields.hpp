// Reading an object's members strictly, remembering the first thing that was wrong.
#pragma once

#include "messages/decimal.hpp"
#include "messages/ids.hpp"
#include "messages/result.hpp"
#include "messages/time.hpp"
#include "net/json.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace heed::alpaca {

/// An answer that came but cannot be understood: it proves nothing.
inline Error unreadable(std::string detail) { return Error{ErrorKind::unknown, "unreadable", std::move(detail)}; }

/// Lives on the stack of one reading function; borrows the document.
class Fields {
public:
  /// `what` begins the name of every field in an error: "order".
  Fields(const net::Json& json, std::string_view what);

  /// The member unless it is absent or null.
  const net::Json* present(std::string_view name) const;
  /// A non-empty string.
  std::string_view text(std::string_view name);
  /// Empty when absent, null or no string.
  std::string_view text_if_any(std::string_view name) const;
  /// False when absent, null or no boolean.
  bool flag(std::string_view name) const;
  Decimal number(std::string_view name);
  std::optional<Decimal> number_if_any(std::string_view name);
  /// Like number(), but cut to nine decimals.
  std::optional<Decimal> average_if_any(std::string_view name);
  Instant instant(std::string_view name);
  /// Absent, null or unreadable: the epoch.
  Instant instant_if_any(std::string_view name) const;

  template <class Id>
  Id id(std::string_view name) {
    const auto value = text(name);
    return fits<Id>(name, value) ? Id{value} : Id{};
  }
  /// Unset, by null, "" or the zero UUID: empty.
  template <class Id>
  Id id_if_any(std::string_view name) {
    const auto value = text_if_any(name);
    if (value == "00000000-0000-0000-0000-000000000000")
      return {};
    return fits<Id>(name, value) ? Id{value} : Id{};
  }

  /// Remembers the first problem only.
  void wrong(std::string_view name, std::string_view why, std::string_view value = {});
  bool ok() const { return !error_; }
  const Error& error() const { return *error_; }

private:
  template <class Id>
  bool fits(std::string_view name, std::string_view value) {
    if (value.size() <= Id::capacity)
      return true;
    wrong(name, "too long", value);
    return false;
  }

  const net::Json& json_;
  std::string_view what_;
  std::optional<Error> error_;
};

}  // namespace heed::alpaca
