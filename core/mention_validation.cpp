#include "core/mention_validation.hpp"

#include "core/naming.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace heed::core {
namespace {

enum class Breaks : std::uint8_t { refused, allowed };

std::string quoted(std::string_view text) {
  constexpr std::size_t shown = 40;
  std::string out = "\"";
  for (const char c : text.substr(0, shown))
    out += c >= ' ' && c <= '~' ? c : '?';
  return out + (text.size() > shown ? "...\"" : "\"");
}

std::string lower(std::string_view text) {
  std::string out{text};
  for (char& c : out)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// The length of the well-formed UTF-8 character at `at`, or 0; `code` gets the character.
std::size_t utf8_character(std::string_view text, std::size_t at, std::uint32_t& code) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(at);
  if (first < 0x80) {
    code = first;
    return 1;
  }
  const std::size_t size = first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (size == 0 || first >= 0xf5 || at + size > text.size())
    return 0;
  code = first & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(at + i) & 0xc0U) != 0x80U)
      return 0;
    code = code << 6 | (byte(at + i) & 0x3fU);
  }
  const bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  return overlong || surrogate || code > 0x10ffff ? 0 : size;
}

bool is_control(std::uint32_t code, Breaks breaks) {
  if (breaks == Breaks::allowed && (code == '\n' || code == '\r' || code == '\t'))
    return false;
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

// Why a text cannot be kept; empty when it can.
std::string text_problem(std::string_view text, std::size_t size_max, Breaks breaks) {
  if (text.size() > size_max)
    return "is " + std::to_string(text.size()) + " bytes long; at most " + std::to_string(size_max) + " are taken";
  for (std::size_t at = 0; at < text.size();) {
    std::uint32_t code = 0;
    const auto size = utf8_character(text, at, code);
    if (size == 0)
      return "is not valid UTF-8 at byte " + std::to_string(at);
    if (is_control(code, breaks))
      return "has a control character at byte " + std::to_string(at);
    at += size;
  }
  return {};
}

bool has_placeholder(std::string_view text) {
  const auto open = text.find("{{");
  return open != std::string_view::npos && text.find("}}", open) != std::string_view::npos;
}

// Collects the first problem; every step after it does nothing.
class Validation {
public:
  explicit Validation(RawMention& raw) : raw_{raw} {}

  std::optional<FieldError> error;

  void fail(std::string_view field, std::string reason) {
    if (!error)
      error = FieldError{std::string{field}, std::move(reason)};
  }

  // Text that only is kept and shown.
  std::string free_text(std::string_view field, std::optional<std::string>& value, std::size_t size_max,
                        Breaks breaks = Breaks::refused) {
    if (!value)
      return {};
    if (auto problem = text_problem(*value, size_max, breaks); !problem.empty())
      fail(field, std::move(problem));
    return std::move(*value);
  }

  // Text that decides something: a template that was never filled in must not.
  void no_placeholder(std::string_view field, const std::optional<std::string>& value) {
    if (value && has_placeholder(*value))
      fail(field, "holds an unexpanded placeholder " + quoted(*value) + "; the sender has to fill it in");
  }

  std::int64_t id() {
    std::int64_t value = 0;
    if (!raw_.id)
      return value;
    const auto* end = raw_.id->data() + raw_.id->size();
    const auto [stop, problem] = std::from_chars(raw_.id->data(), end, value);
    if (problem != std::errc{} || stop != end || value < 0)
      fail("id", "must be a whole number from 0 to 9223372036854775807, not " + quoted(*raw_.id));
    return value;
  }

  Symbol symbol() {
    if (!raw_.symbol) {
      fail("symbol", "is missing");
      return {};
    }
    auto answer = validate_symbol(*raw_.symbol);
    if (auto* problem = std::get_if<FieldError>(&answer)) {
      fail(problem->field, std::move(problem->reason));
      return {};
    }
    return std::get<Symbol>(answer);
  }

  MentionAction action() {
    if (!raw_.action) {
      fail("action", "is missing; it is one of buy, sell, avoid, hold, watch");
      return MentionAction::watch;
    }
    const auto value = enum_from<MentionAction>(lower(*raw_.action));
    if (!value)
      fail("action", "is " + quoted(*raw_.action) + "; it is one of buy, sell, avoid, hold, watch");
    return value.value_or(MentionAction::watch);
  }

  Horizon horizon() {
    if (!raw_.time_horizon || raw_.time_horizon->empty())
      return Horizon::unspecified;
    const auto value = enum_from<Horizon>(lower(*raw_.time_horizon));
    if (!value)
      fail("time_horizon", "is " + quoted(*raw_.time_horizon) +
                             "; it is one of intraday, days, weeks, months, long_term, unspecified");
    return value.value_or(Horizon::unspecified);
  }

  std::optional<Decimal> conviction(const std::optional<Decimal>& otherwise) {
    if (!raw_.conviction)
      return otherwise;
    const auto value = parse_conviction(*raw_.conviction);
    if (!value)
      fail("conviction", "is " + quoted(*raw_.conviction) + "; it is a decimal from 0 to 1, like 0.75");
    return value;
  }

  Instant instant(std::string_view field, const std::optional<std::string>& text, Instant otherwise,
                  const MentionIntake& intake) {
    if (!text)
      return otherwise;
    const auto value = parse_rfc3339(*text);
    if (!value) {
      fail(field, "is " + quoted(*text) + "; it is an instant with a zone, like 2026-11-21T14:30:00Z");
      return otherwise;
    }
    if (intake.future_tolerance && *value > intake.arrival + *intake.future_tolerance)
      fail(field,
           "lies in the future: " + to_rfc3339(*value) + " is after the arrival at " + to_rfc3339(intake.arrival));
    return *value;
  }

private:
  RawMention& raw_;
};

}  // namespace

std::variant<Symbol, FieldError> validate_symbol(std::string_view text) {
  if (has_placeholder(text))
    return FieldError{"symbol", "holds an unexpanded placeholder " + quoted(text) + "; the sender has to fill it in"};
  if (text.empty() || text.size() > symbol_size_max)
    return FieldError{"symbol", "is " + quoted(text) + "; it has 1 to 16 characters"};
  std::string upper{text};
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z')
      c = static_cast<char>(c - 'a' + 'A');
    if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-'))
      return FieldError{"symbol", "is " + quoted(text) + "; it consists of letters, digits, '.' and '-'"};
  }
  return Symbol{upper};
}

namespace {

constexpr int number_size_max = 64;

/// "6.6" and "-05" as "0.000066": JSON has such numbers, and programs write them.
std::optional<std::string> without_exponent(std::string_view number, std::string_view exponent) {
  constexpr int shift_max = 2 * number_size_max;  // beyond it nothing is both at most one and above zero
  if (exponent.starts_with('+'))
    exponent.remove_prefix(1);
  int shift = 0;
  const auto [end, failed] = std::from_chars(exponent.data(), exponent.data() + exponent.size(), shift);
  if (exponent.empty() || failed != std::errc{} || end != exponent.data() + exponent.size())
    return std::nullopt;
  const auto point = number.find('.');
  const auto whole = number.substr(0, point);
  const auto fraction = point == std::string_view::npos ? std::string_view{} : number.substr(point + 1);
  if (whole.empty() || (whole.size() > 1 && whole.front() == '0') ||
      (point != std::string_view::npos && fraction.empty()))
    return std::nullopt;
  shift = std::clamp(shift, -shift_max, shift_max);
  auto digits = std::string{whole}.append(fraction);
  auto place = static_cast<std::ptrdiff_t>(whole.size()) + shift;  // of the point
  if (place < 1) {
    digits.insert(0, static_cast<std::size_t>(1 - place), '0');
    place = 1;
  }
  const auto ones = static_cast<std::size_t>(place);
  if (ones > digits.size())
    digits.append(ones - digits.size(), '0');
  const auto leading = std::min(digits.find_first_not_of('0'), ones - 1);
  return digits.substr(leading, ones - leading) + (ones < digits.size() ? "." + digits.substr(ones) : "");
}

/// Of plain digits, 0 to 1.
std::optional<Decimal> parse_fraction(std::string_view text) {
  const auto point = text.find('.');
  const auto whole = text.substr(0, point);
  const auto fraction = point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
  const auto all_digits = [](std::string_view s) {
    return s.find_first_not_of("0123456789") == std::string_view::npos;
  };
  if ((whole != "0" && whole != "1") || !all_digits(fraction) ||
      (point != std::string_view::npos && fraction.empty()))
    return std::nullopt;
  if (whole == "1")
    return fraction.find_first_not_of('0') == std::string_view::npos ? std::optional{Decimal{1}} : std::nullopt;
  std::int64_t units = 0;
  for (std::size_t i = 0; i < Decimal::digits; ++i)
    units = units * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
  if (fraction.size() > Decimal::digits) {
    const auto rest = fraction.substr(Decimal::digits);
    const bool tie = rest.front() == '5' && rest.find_first_not_of('0', 1) == std::string_view::npos;
    if (tie ? units % 2 != 0 : rest.front() >= '5')
      ++units;
  }
  return Decimal::from_units(units);
}

}  // namespace

std::optional<Decimal> parse_conviction(std::string_view text) {
  if (text.size() > number_size_max)
    return std::nullopt;
  const auto e = text.find_first_of("eE");
  if (e == std::string_view::npos)
    return parse_fraction(text);
  const auto plain = without_exponent(text.substr(0, e), text.substr(e + 1));
  return plain ? parse_fraction(*plain) : std::nullopt;
}

std::variant<Mention, FieldError> validate_mention(RawMention raw, const MentionIntake& intake) {
  Validation v{raw};
  v.no_placeholder("external_id", raw.external_id);
  v.no_placeholder("action", raw.action);
  v.no_placeholder("conviction", raw.conviction);
  v.no_placeholder("time_horizon", raw.time_horizon);
  v.no_placeholder("published_at", raw.published_at);
  v.no_placeholder("created_at", raw.created_at);
  Mention m;
  m.source = intake.source;
  m.symbol = v.symbol();
  m.action = v.action();
  m.conviction = v.conviction(intake.default_conviction);
  m.horizon = v.horizon();
  m.created_at = v.instant("created_at", raw.created_at, intake.arrival, intake);
  m.published_at = v.instant("published_at", raw.published_at, m.created_at, intake);
  m.id = v.id();
  m.external_id = v.free_text("external_id", raw.external_id, external_id_size_max);
  m.origin = v.free_text("source", raw.source, origin_size_max);
  m.rationale_quote = v.free_text("rationale_quote", raw.rationale_quote, quote_size_max, Breaks::allowed);
  m.title = v.free_text("title", raw.title, title_size_max);
  m.url = v.free_text("url", raw.url, url_size_max);
  if (v.error)
    return std::move(*v.error);
  if (m.external_id.empty())
    m.external_id = mention_natural_key(m.source, m.symbol, m.action, m.published_at, m.rationale_quote);
  m.signal = signal_id(m.source, m.external_id);
  return m;
}

std::string differences(const Mention& first, const Mention& again, Instant arrival) {
  std::string out;
  const auto compare = [&out](std::string_view field, bool same) {
    if (!same)
      out.append(out.empty() ? "" : ", ").append(field);
  };
  const auto compare_times = [&](std::string_view field, Instant one, Instant other) {
    compare(field, other == arrival || one == other);
  };
  compare("symbol", first.symbol == again.symbol);
  compare("action", first.action == again.action);
  compare("conviction", first.conviction == again.conviction);
  compare("time_horizon", first.horizon == again.horizon);
  compare("source", first.origin == again.origin);
  compare("rationale_quote", first.rationale_quote == again.rationale_quote);
  compare("title", first.title == again.title);
  compare("url", first.url == again.url);
  compare_times("published_at", first.published_at, again.published_at);
  compare_times("created_at", first.created_at, again.created_at);
  return out;
}

}  // namespace heed::core
