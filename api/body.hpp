// Request bodies: strict JSON in, typed values or one problem that names the field out.
#pragma once

#include "api/problem.hpp"
#include "messages/decimal.hpp"
#include "messages/fields.hpp"
#include "net/json.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace heed::api {

/// The body as a document; 400 JSON_INVALID with the place. An empty body is an empty object where `may_be_empty`.
std::variant<net::Json, Problem> parse_body(std::string_view body, bool may_be_empty);

/// Reads the fields of one object and notices which it was not asked for. The first problem is kept; from then on
/// every read gives nothing. Null counts as absent.
class ObjectReader {
public:
  /// `path` stands before field names in messages: "protection.stop". `object` must outlive the reader.
  ObjectReader(const net::Json& object, std::string path, std::optional<Problem>& problem);

  bool has(std::string_view name) const;
  const net::Json* take(std::string_view name);  // nullptr: absent
  std::optional<std::string> text(std::string_view name, std::size_t size_max);
  std::optional<Decimal> decimal(std::string_view name);  // a string or a number of plain digits
  std::optional<std::int64_t> integer(std::string_view name, std::int64_t low, std::int64_t high);
  std::optional<bool> boolean(std::string_view name);
  /// By name, whatever the case.
  template <NamedEnum E>
  std::optional<E> choice(std::string_view name);

  void fail(std::string_view name, std::string_view code, std::string detail);
  void missing(std::string_view name, std::string_view what);
  /// Call last: a field that nobody took is a problem, with the nearest name.
  void finish();
  bool ok() const { return !problem_; }

private:
  std::optional<std::size_t> choice_of(std::string_view name, const std::vector<std::string>& names);
  std::string full(std::string_view name) const;

  const net::Json& object_;
  std::string path_;
  std::optional<Problem>& problem_;
  std::vector<std::string_view> asked_;
};

template <NamedEnum E>
std::optional<E> ObjectReader::choice(std::string_view name) {
  const std::vector<std::string> names(std::begin(EnumNames<E>::names), std::end(EnumNames<E>::names));
  const auto index = choice_of(name, names);
  if (!index)
    return std::nullopt;
  return static_cast<E>(*index);
}

}  // namespace heed::api
