// The outcome of a call through a port. C++20 has no std::expected.
#pragma once

#include <cassert>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace heed {

/// Answers the only question a caller has about a failure: did it happen?
enum class ErrorKind : std::uint8_t {
  not_sent,    // it did not happen: safe to try again under the same name
  rejected,    // the other side said no, in words we understood
  unknown,     // it may have happened: only asking can tell
  invalid,     // the request itself is wrong; `detail` names field, line or key
  unavailable  // a local resource (store, file) cannot be used now
};

struct Error {
  ErrorKind kind = ErrorKind::unknown;
  std::string code;    // stable, for programs: "40310000", "timeout", "CONFIG_UNKNOWN_KEY"
  std::string detail;  // for people: names the thing and, where there is one, the fix
};

template <class T>
class [[nodiscard]] Result {
public:
  Result(T value) : v_{std::in_place_index<0>, std::move(value)} {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : v_{std::in_place_index<1>, std::move(error)} {}  // NOLINT(google-explicit-constructor)

  explicit operator bool() const { return v_.index() == 0; }
  bool ok() const { return v_.index() == 0; }
  T& value() & { return std::get<0>(v_); }
  const T& value() const& { return std::get<0>(v_); }
  T&& value() && { return std::get<0>(std::move(v_)); }
  const Error& error() const { return std::get<1>(v_); }

private:
  std::variant<T, Error> v_;
};

struct Ok {};
using Status = Result<Ok>;

}  // namespace heed
