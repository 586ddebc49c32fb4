#include "broker/alpaca/fields.hpp"

#include "broker/alpaca/wire.hpp"

namespace heed::alpaca {

Fields::Fields(const net::Json& json, std::string_view what) : json_{json}, what_{what} {
  if (!json.is_object())
    wrong("", "not an object");
}

void Fields::wrong(std::string_view name, std::string_view why, std::string_view value) {
  if (error_)
    return;
  std::string detail{what_};
  if (!name.empty())
    detail.append(".").append(name);
  detail.append(": ").append(why);
  if (!value.empty())
    detail.append(" \"").append(value.substr(0, 80)).append("\"");
  error_ = unreadable(std::move(detail));
}

const net::Json* Fields::present(std::string_view name) const {
  const auto* member = json_.find(name);
  return member == nullptr || member->is_null() ? nullptr : member;
}

std::string_view Fields::text(std::string_view name) {
  const auto* member = present(name);
  if (member == nullptr)
    wrong(name, "missing");
  else if (!member->is_string())
    wrong(name, "not a string");
  else if (member->text.empty())
    wrong(name, "empty");
  else
    return member->text;
  return {};
}

std::string_view Fields::text_if_any(std::string_view name) const {
  const auto* member = present(name);
  return member != nullptr && member->is_string() ? std::string_view{member->text} : std::string_view{};
}

bool Fields::flag(std::string_view name) const {
  const auto* member = present(name);
  return member != nullptr && member->kind == net::Json::Kind::boolean && member->boolean;
}

Decimal Fields::number(std::string_view name) {
  const auto value = number_if_any(name);
  if (!value)
    wrong(name, "missing");
  return value.value_or(Decimal{});
}

std::optional<Decimal> Fields::number_if_any(std::string_view name) {
  const auto* member = present(name);
  if (member == nullptr)
    return std::nullopt;
  const auto value = member->decimal();
  if (!value)
    wrong(name, "not a decimal number", member->text);
  return value;
}

std::optional<Decimal> Fields::average_if_any(std::string_view name) {
  const auto* member = present(name);
  if (member == nullptr)
    return std::nullopt;
  std::optional<Decimal> value;
  if (member->is_string() || member->is_number())
    value = read_average(member->text);
  if (!value)
    wrong(name, "not a decimal number", member->text);
  return value;
}

Instant Fields::instant(std::string_view name) {
  const auto written = text(name);
  const auto at = parse_rfc3339(written);
  if (!at && !written.empty())
    wrong(name, "not an RFC 3339 time", written);
  return at.value_or(Instant{});
}

Instant Fields::instant_if_any(std::string_view name) const {
  return parse_rfc3339(text_if_any(name)).value_or(Instant{});
}

std::optional<Decimal> read_average(std::string_view text) {
  const auto point = text.find('.');
  if (point != std::string_view::npos && text.size() - point - 1 > static_cast<std::size_t>(Decimal::digits)) {
    const auto rest = text.substr(point + 1 + static_cast<std::size_t>(Decimal::digits));
    if (rest.find_first_not_of("0123456789") != std::string_view::npos)
      return std::nullopt;
    text = text.substr(0, text.size() - rest.size());
  }
  return Decimal::parse(text);
}

}  // namespace heed::alpaca
