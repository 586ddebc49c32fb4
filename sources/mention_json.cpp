#include "sources/mention_json.hpp"

#include "messages/nearest_name.hpp"

#include <array>
#include <utility>
#include <vector>

namespace heed {
namespace {

using core::FieldError;
using core::RawMention;
using net::Json;

struct Field {
  std::string_view name;
  std::optional<std::string> RawMention::*member;
  bool number_too = false;
};
constexpr std::array fields{
  Field{"id", &RawMention::id, true},
  Field{"external_id", &RawMention::external_id},
  Field{"source", &RawMention::source},
  Field{"symbol", &RawMention::symbol},
  Field{"action", &RawMention::action},
  Field{"conviction", &RawMention::conviction, true},
  Field{"time_horizon", &RawMention::time_horizon},
  Field{"rationale_quote", &RawMention::rationale_quote},
  Field{"title", &RawMention::title},
  Field{"url", &RawMention::url},
  Field{"published_at", &RawMention::published_at},
  Field{"created_at", &RawMention::created_at},
};

FieldError unknown_field(std::string_view name) {
  std::vector<std::string> known;
  known.reserve(std::size(fields));
  for (const auto& field : fields)
    known.emplace_back(field.name);
  const std::string shown{name.substr(0, 64)};
  const auto nearest = nearest_name(shown, known);
  std::string reason = "\"" + shown + "\" is no field of a mention";
  if (!nearest.empty())
    reason += "; did you mean \"" + nearest + "\"?";
  return {shown.empty() ? "\"\"" : shown, reason};
}

std::optional<FieldError> take_member(RawMention& raw, const std::string& name, const Json& value) {
  for (const auto& field : fields) {
    if (field.name != name)
      continue;
    if (value.is_null())
      return std::nullopt;
    if (!value.is_string() && !(field.number_too && value.is_number()))
      return FieldError{name, std::string{"must be "} + (field.number_too ? "a number" : "a string") + ", not " +
                                std::string{net::kind_name(value.kind)}};
    raw.*field.member = value.text;
    return std::nullopt;
  }
  return unknown_field(name);
}

}  // namespace

std::variant<Mention, FieldError> read_mention(const Json& item, const core::MentionIntake& intake) {
  if (!item.is_object())
    return FieldError{"mention", "must be an object, not " + std::string{net::kind_name(item.kind)}};
  RawMention raw;
  for (const auto& [name, value] : item.members)
    if (auto error = take_member(raw, name, value))
      return std::move(*error);
  return core::validate_mention(std::move(raw), intake);
}

std::variant<Mention, FieldError> read_mention_line(std::string_view line, const core::MentionIntake& intake) {
  const auto parsed = net::parse_json(line);
  if (!parsed)
    return FieldError{"line", parsed.error().detail};
  return read_mention(parsed.value(), intake);
}

}  // namespace heed
