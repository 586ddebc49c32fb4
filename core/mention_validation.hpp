// From what a source brought to a Mention, or the reason why not: every rule of a mention in one place, whatever
// format it came in.
#pragma once

#include "messages/mention.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <variant>

namespace heed::core {

/// Fields as text, exactly as they stood in JSON, a table or a form; absent or null is empty. Numbers keep their
/// digits.
struct RawMention {
  std::optional<std::string> id;  // only files carry one
  std::optional<std::string> external_id;
  std::optional<std::string> source;
  std::optional<std::string> symbol;
  std::optional<std::string> action;
  std::optional<std::string> conviction;
  std::optional<std::string> time_horizon;
  std::optional<std::string> rationale_quote;
  std::optional<std::string> title;
  std::optional<std::string> url;
  std::optional<std::string> published_at;
  std::optional<std::string> created_at;
};

/// What the source that brought it adds.
struct MentionIntake {
  SourceId source;
  std::optional<Decimal> default_conviction;  // for mentions without one
  Instant arrival{};                          // created_at where none is given
  /// How far created_at and published_at may lie after the arrival (clocks differ). Empty: any time, for the past
  /// read from files.
  std::optional<Duration> future_tolerance = std::chrono::minutes{5};
};

/// What is wrong with an input: the field by its name, and why, with the fix.
struct FieldError {
  std::string field;
  std::string reason;
  friend bool operator==(const FieldError&, const FieldError&) = default;
};

/// Longest texts that are taken, in bytes.
constexpr std::size_t symbol_size_max = 16;
constexpr std::size_t external_id_size_max = 200;
constexpr std::size_t origin_size_max = 500;
constexpr std::size_t title_size_max = 1'000;
constexpr std::size_t quote_size_max = 10'000;
constexpr std::size_t url_size_max = 2'000;

/// Rules: symbol 1-16 of [A-Z0-9.-], put in upper case; action and horizon by their names, in any case; conviction
/// 0 to 1, rounded to nine decimals; instants RFC 3339 with a zone; text valid UTF-8 without control characters (a
/// quote may have line breaks and tabs); no unexpanded {{placeholders}}. Absent: horizon -> unspecified, created_at
/// -> arrival, published_at -> created_at, external_id -> derived from the content, conviction -> the source's
/// default. A buy without any conviction is a valid mention: its decision ends as invalid:conviction. `signal` is
/// filled in; `id` only where the input has one.
std::variant<Mention, FieldError> validate_mention(RawMention raw, const MentionIntake& intake);

/// What `again` says otherwise than `first`, which has the same key: fields by their names, separated by commas;
/// empty when it is the same call. A time that equals `arrival` is one that `again` did not bring, and says nothing.
std::string differences(const Mention& first, const Mention& again, Instant arrival);

/// Upper-cased symbol, or why it is none.
std::variant<Symbol, FieldError> validate_symbol(std::string_view text);

/// 0 to 1 as JSON has numbers, 6.6e-05 too; more than nine decimals are rounded half-even. Empty for anything else.
std::optional<Decimal> parse_conviction(std::string_view text);

}  // namespace heed::core
