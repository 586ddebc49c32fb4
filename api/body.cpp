#include "api/body.hpp"

#include "api/target.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace heed::api {
namespace {

bool same_word(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

bool blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

}  // namespace

std::variant<net::Json, Problem> parse_body(std::string_view body, bool may_be_empty) {
  if (may_be_empty && blank(body)) {
    net::Json empty;
    empty.kind = net::Json::Kind::object;
    return empty;
  }
  auto parsed = net::parse_json(body);
  if (parsed)
    return std::move(parsed).value();
  Problem problem;
  problem.status = 400;
  problem.code = "JSON_INVALID";
  problem.detail = "the body is not valid JSON: " + parsed.error().detail;
  return problem;
}

ObjectReader::ObjectReader(const net::Json& object, std::string path, std::optional<Problem>& problem)
    : object_{object}, path_{std::move(path)}, problem_{problem} {
  if (!object_.is_object() && !problem_)
    problem_ = Problem{
      400,
      "FIELD_INVALID",
      (path_.empty() ? "the body" : path_) + " must be an object, not " + std::string{net::kind_name(object_.kind)},
      path_,
      {},
      false,
      {}};
}

bool ObjectReader::has(std::string_view name) const {
  const auto* value = object_.find(name);
  return value != nullptr && !value->is_null();
}

const net::Json* ObjectReader::take(std::string_view name) {
  asked_.push_back(name);
  if (problem_ || !has(name))
    return nullptr;
  return object_.find(name);
}

std::optional<std::string> ObjectReader::text(std::string_view name, std::size_t size_max) {
  const auto* value = take(name);
  if (value == nullptr)
    return std::nullopt;
  if (!value->is_string())
    fail(name, "FIELD_INVALID", "must be a string, not " + std::string{net::kind_name(value->kind)});
  else if (value->text.empty() || value->text.size() > size_max)
    fail(name, "FIELD_INVALID", "must have 1 to " + std::to_string(size_max) + " characters");
  else if (!is_plain_text(value->text))
    fail(name, "FIELD_INVALID", "must have no control characters");
  else
    return value->text;
  return std::nullopt;
}

std::optional<Decimal> ObjectReader::decimal(std::string_view name) {
  const auto* value = take(name);
  if (value == nullptr)
    return std::nullopt;
  const auto number = value->decimal();
  if (!number)
    fail(name, "FIELD_INVALID",
         "must be a decimal like \"12.5\" with at most nine decimals and no exponent" +
           (value->is_string() || value->is_number() ? ", not " + value->text.substr(0, 40)
                                                     : ", not " + std::string{net::kind_name(value->kind)}));
  return number;
}

std::optional<std::int64_t> ObjectReader::integer(std::string_view name, std::int64_t low, std::int64_t high) {
  const auto* value = take(name);
  if (value == nullptr)
    return std::nullopt;
  const auto number = value->is_number() ? value->integer() : std::nullopt;
  if (number && *number >= low && *number <= high)
    return number;
  fail(name, "FIELD_INVALID", "must be a whole number from " + std::to_string(low) + " to " + std::to_string(high));
  return std::nullopt;
}

std::optional<bool> ObjectReader::boolean(std::string_view name) {
  const auto* value = take(name);
  if (value == nullptr)
    return std::nullopt;
  if (value->kind == net::Json::Kind::boolean)
    return value->boolean;
  fail(name, "FIELD_INVALID", "must be true or false, not " + std::string{net::kind_name(value->kind)});
  return std::nullopt;
}

std::optional<std::size_t> ObjectReader::choice_of(std::string_view name, const std::vector<std::string>& names) {
  const auto* value = take(name);
  if (value == nullptr)
    return std::nullopt;
  const auto found = value->is_string()
                       ? std::find_if(names.begin(), names.end(),
                                      [&](const auto& n) { return !n.empty() && same_word(n, value->text); })
                       : names.end();
  if (found != names.end())
    return static_cast<std::size_t>(found - names.begin());
  std::string known;
  for (const auto& n : names)
    if (!n.empty())
      known += (known.empty() ? "" : ", ") + n;
  fail(name, "FIELD_INVALID", "must be one of " + known);
  if (value->is_string())
    problem_->nearest = nearest_name(value->text.substr(0, 64), names);
  return std::nullopt;
}

void ObjectReader::fail(std::string_view name, std::string_view code, std::string detail) {
  if (problem_)
    return;
  Problem problem;
  problem.status = 400;
  problem.code = code;
  problem.field = full(name);
  problem.detail = problem.field + " " + std::move(detail);
  problem_ = std::move(problem);
}

void ObjectReader::missing(std::string_view name, std::string_view what) {
  fail(name, "FIELD_MISSING", "is missing: " + std::string{what});
}

void ObjectReader::finish() {
  if (problem_)
    return;
  for (const auto& [name, value] : object_.members) {
    if (std::find(asked_.begin(), asked_.end(), name) != asked_.end())
      continue;
    std::vector<std::string> known;
    for (const auto a : asked_)
      known.emplace_back(a);
    auto problem = unknown_name(path_.empty() ? "field" : "field of " + path_, "FIELD_UNKNOWN", name, known);
    problem.field = full(problem.field);
    problem_ = std::move(problem);
    return;
  }
}

std::string ObjectReader::full(std::string_view name) const {
  return path_.empty() ? std::string{name} : path_ + "." + std::string{name};
}

}  // namespace heed::api
