#include "config/values.hpp"

#include "config/address.hpp"
#include "config/cron_check.hpp"
#include "config/secret_source.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>
#include <set>
#include <vector>

namespace heed::config {
namespace {

using Answer = std::optional<Problem>;

Problem problem(std::string message, std::string fix = {}) {
  Problem out;
  out.message = std::move(message);
  out.fix = std::move(fix);
  return out;
}

Problem wrong_type(const Node& node, const Key& key, const Slot& slot) {
  Problem out = problem("must be " + type_words(key, slot) + ", and is " + std::string{describe(node.kind)});
  out.allowed = allowed_words(key, slot);
  return out;
}

Problem out_of_range(const Key& key, const Slot& slot) {
  Problem out = problem("is out of range");
  out.allowed = allowed_words(key, slot);
  return out;
}

bool in_range(const Range& range, Decimal value) {
  if (range.min && (range.above_min ? value <= *range.min : value < *range.min))
    return false;
  return !range.max || value <= *range.max;
}

bool in_range(const Range& range, std::int64_t value) {
  // Bounds of whole numbers are whole; the value may be larger than a Decimal can hold.
  const auto whole = [](Decimal bound) { return bound.units() / Decimal::scale; };
  if (range.min && (range.above_min ? value <= whole(*range.min) : value < whole(*range.min)))
    return false;
  return !range.max || value <= whole(*range.max);
}

template <class Int>
Answer assign_integer(const Node& node, const Key& key, const Slot& slot, Int& field) {
  if (node.kind != NodeKind::integer)
    return wrong_type(node, key, slot);
  if (!in_range(key.range, node.integer) || node.integer > std::numeric_limits<Int>::max() ||
      node.integer < std::numeric_limits<Int>::min())
    return out_of_range(key, slot);
  field = static_cast<Int>(node.integer);
  return std::nullopt;
}

Answer assign_decimal(const Node& node, const Key& key, const Slot& slot, Decimal& field) {
  std::optional<Decimal> value;
  if (node.kind == NodeKind::text) {
    value = Decimal::parse(node.text);
    if (!value)
      return problem("is no decimal number of at most nine decimals", "write digits and a point, as in \"12.50\"");
  } else if (node.kind == NodeKind::integer) {
    if (node.integer > INT64_MAX / Decimal::scale || node.integer < -(INT64_MAX / Decimal::scale))
      return out_of_range(key, slot);
    value = Decimal{node.integer};
  } else if (node.kind == NodeKind::number && key.role == Role::money) {
    const auto exact = exact_decimal(node.text);
    if (!exact)
      return problem("is no amount; it must be a whole number or a decimal in quotes");
    return problem("an amount is not written as a floating-point number, which could not hold it exactly",
                   "write " + quoted(exact->str()));
  } else if (node.kind == NodeKind::number) {
    value = exact_decimal(node.text);
    if (!value)
      return problem("must be a finite number of at most nine decimals");
  } else {
    return wrong_type(node, key, slot);
  }
  if (!in_range(key.range, *value))
    return out_of_range(key, slot);
  field = *value;
  return std::nullopt;
}

Answer assign_enum(const Node& node, const Key& key, const EnumSlot& slot) {
  if (node.kind != NodeKind::text)
    return wrong_type(node, key, slot);
  for (std::size_t i = 0; i < slot.count; ++i) {
    if (slot.names[i] == node.text) {
      *slot.value = static_cast<std::uint8_t>(i);
      return std::nullopt;
    }
  }
  Problem out = problem("is none of the names for it");
  out.allowed = allowed_words(key, slot);
  out.nearest = nearest_name(node.text, std::vector<std::string>(slot.names, slot.names + slot.count));
  return out;
}

Answer check_id(const std::string& text) {
  const auto allowed = [](unsigned char c) {
    return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '_' || c == '-';
  };
  if (!std::all_of(text.begin(), text.end(), allowed) || std::isalnum(static_cast<unsigned char>(text.front())) == 0)
    return problem("is no id", "use lower-case letters, digits, _ and -, beginning with a letter or digit");
  return std::nullopt;
}

Answer check_zone(const std::string& text) {
  const std::vector<std::string> zones = {"America/New_York", "UTC"};
  if (std::find(zones.begin(), zones.end(), text) != zones.end())
    return std::nullopt;
  Problem out = problem("is no time zone that the market's calendar knows");
  out.allowed = "America/New_York, UTC";
  out.nearest = nearest_name(text, zones);
  return out;
}

Answer check_role(const std::string& text, const Key& key) {
  switch (key.role) {
    case Role::id: return check_id(text);
    case Role::zone: return check_zone(text);
    case Role::address:
      if (!parse_address(text))
        return problem("is no address to listen on", "write host:port, as in \"127.0.0.1:8420\" or \"[::1]:8420\"");
      return std::nullopt;
    case Role::url:
      if (!parse_url(text))
        return problem("is no web address", "write https://host[:port][/path], without user and password");
      return std::nullopt;
    case Role::cron:
      if (const auto wrong = cron_problem(text))
        return problem("is no cron line: " + *wrong, "write it as in \"35 9 * * 1-5\"");
      return std::nullopt;
    default: return std::nullopt;
  }
}

Answer check_text(const std::string& text, const Key& key) {
  const std::size_t length_max = key.range.length_max > 0 ? static_cast<std::size_t>(key.range.length_max) : 1024;
  if (text.empty())
    return key.range.empty_ok ? Answer{} : problem("may not be empty");
  if (text.size() > length_max)
    return problem("is longer than " + std::to_string(length_max) + " bytes");
  if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }))
    return problem("holds a control character");
  if (text.find("${") != std::string::npos)
    return problem("environment variables are read in secrets only", "write the value itself");
  return check_role(text, key);
}

Answer assign_text(const Node& node, const Key& key, const Slot& slot, std::string& field) {
  if (node.kind != NodeKind::text)
    return wrong_type(node, key, slot);
  if (Answer wrong = check_text(node.text, key))
    return wrong;
  field = node.text;
  return std::nullopt;
}

Answer assign_secret(const Node& node, const Key& key, const Slot& slot, Secret& field, const ParseOptions& options) {
  if (node.kind != NodeKind::text)
    return wrong_type(node, key, slot);
  const bool harmless = node.text == public_key || (key.role == Role::database_url && !has_password(node.text));
  auto secret = resolve_secret(node.text, harmless, options);
  if (!secret)
    return problem(secret.error().detail);
  field = std::move(secret).value();
  return std::nullopt;
}

bool is_symbol(const std::string& text) {
  return !text.empty() && text.size() <= 16 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isupper(c) != 0 || std::isdigit(c) != 0 || c == '.' || c == '-';
  });
}

Answer at_item(Problem wrong, const Node& item) {
  wrong.line = item.place.line;
  wrong.column = item.place.column;
  wrong.value = as_written(item);
  return wrong;
}

Answer assign_list(const Node& node, const Key& key, const Slot& slot, std::vector<std::string>& field) {
  if (node.kind != NodeKind::list)
    return wrong_type(node, key, slot);
  if (node.items.empty() && !key.range.empty_ok)
    return problem("may not be empty");
  std::vector<std::string> items;
  for (const Node& item : node.items) {
    if (item.kind != NodeKind::text)
      return at_item(problem("the list may only hold text, and this is " + std::string{describe(item.kind)}), item);
    if (key.role == Role::symbols && !is_symbol(item.text))
      return at_item(problem("is no symbol", "use 1 to 16 of A-Z, 0-9, point and minus, in upper case"), item);
    if (std::find(items.begin(), items.end(), item.text) != items.end())
      return at_item(problem("stands twice in the list"), item);
    items.push_back(item.text);
  }
  field = std::move(items);
  return std::nullopt;
}

Answer assign_events(const Node& node, const Key& key, const Slot& slot, std::vector<NotifyEvent>& field) {
  std::vector<std::string> names;
  if (Answer wrong = assign_list(node, key, slot, names))
    return wrong;
  constexpr auto& known = EnumNames<NotifyEvent>::names;
  std::vector<NotifyEvent> events;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto event = enum_from<NotifyEvent>(names[i]);
    if (!event) {
      Problem out = problem("is none of the events");
      out.allowed = allowed_words(key, slot);
      out.nearest = nearest_name(names[i], std::vector<std::string>(known.begin(), known.end()));
      return at_item(out, node.items[i]);
    }
    events.push_back(*event);
  }
  field = std::move(events);
  return std::nullopt;
}

Answer assign_instant(const Node& node, const Key& key, const Slot& slot, std::optional<Instant>& field) {
  if (node.kind != NodeKind::text && node.kind != NodeKind::date_time)
    return wrong_type(node, key, slot);
  std::string text = node.text;
  if (text.empty()) {
    field.reset();
    return std::nullopt;
  }
  if (node.kind == NodeKind::date_time && text.size() > 10 && text[10] == ' ')
    text[10] = 'T';  // TOML allows the space, RFC 3339 as read here does not
  const auto at = parse_rfc3339(text);
  if (!at)
    return problem("is no instant", "write date, time and zone, as in 2020-01-02T14:30:00Z");
  field = at;
  return std::nullopt;
}

/// An empty text takes an optional value away again.
bool clears(const Node& node) { return node.kind == NodeKind::text && node.text.empty(); }

struct Assigner {
  const Node& node;
  const Key& key;
  const Slot& slot;
  const ParseOptions& options;

  Answer operator()(bool* field) const {
    if (node.kind != NodeKind::boolean)
      return wrong_type(node, key, slot);
    *field = node.boolean;
    return std::nullopt;
  }
  Answer operator()(std::int32_t* field) const { return assign_integer(node, key, slot, *field); }
  Answer operator()(std::int64_t* field) const { return assign_integer(node, key, slot, *field); }
  Answer operator()(std::optional<std::int64_t>* field) const {
    return optional(field, assign_integer<std::int64_t>);
  }
  Answer operator()(Decimal* field) const { return assign_decimal(node, key, slot, *field); }
  Answer operator()(std::optional<Decimal>* field) const { return optional(field, assign_decimal); }
  Answer operator()(std::string* field) const { return assign_text(node, key, slot, *field); }
  Answer operator()(Secret* field) const { return assign_secret(node, key, slot, *field, options); }
  Answer operator()(std::vector<std::string>* field) const { return assign_list(node, key, slot, *field); }
  Answer operator()(std::vector<NotifyEvent>* field) const { return assign_events(node, key, slot, *field); }
  Answer operator()(std::optional<Instant>* field) const { return assign_instant(node, key, slot, *field); }
  Answer operator()(const EnumSlot& field) const { return assign_enum(node, key, field); }

private:
  template <class T, class F>
  Answer optional(std::optional<T>* field, F assign_value) const {
    if (clears(node)) {
      field->reset();
      return std::nullopt;
    }
    T value{};
    Answer wrong = assign_value(node, key, slot, value);
    if (!wrong)
      *field = value;
    return wrong;
  }
};

}  // namespace

std::optional<Decimal> exact_decimal(std::string_view token) {
  std::string digits;
  bool negative = false;
  int point = -1;  // digits before the point
  std::size_t i = 0;
  if (!token.empty() && (token[0] == '+' || token[0] == '-'))
    negative = token[i++] == '-';
  for (; i < token.size() && token[i] != 'e' && token[i] != 'E'; ++i) {
    if (token[i] == '_')
      continue;
    if (token[i] == '.' && point < 0)
      point = static_cast<int>(digits.size());
    else if (std::isdigit(static_cast<unsigned char>(token[i])) != 0)
      digits += token[i];
    else
      return std::nullopt;
  }
  if (digits.empty())
    return std::nullopt;
  if (point < 0)
    point = static_cast<int>(digits.size());
  if (i < token.size()) {
    std::string exponent{token.substr(i + 1)};
    std::erase(exponent, '_');
    const char* begin = exponent.data() + (exponent.starts_with('+') ? 1 : 0);
    const char* end = exponent.data() + exponent.size();
    int shift = 0;
    const auto [read, error] = std::from_chars(begin, end, shift);
    if (begin == end || error != std::errc{} || read != end || shift > 40 || shift < -40)
      return std::nullopt;
    point += shift;
  }
  if (point <= 0) {
    digits.insert(0, static_cast<std::size_t>(1 - point), '0');
    point = 1;
  }
  const auto whole = static_cast<std::size_t>(point);
  if (digits.size() < whole)
    digits.append(whole - digits.size(), '0');
  std::string text = digits.substr(0, whole);
  std::string fraction = digits.substr(whole);
  text.erase(0, std::min(text.find_first_not_of('0'), text.size() - 1));
  fraction.erase(fraction.find_last_not_of('0') + 1);
  return Decimal::parse((negative ? "-" : "") + text + (fraction.empty() ? "" : "." + fraction));
}

std::optional<Problem> assign(const Node& node, const Key& key, Slot slot, const ParseOptions& options) {
  Answer wrong = std::visit(Assigner{node, key, slot, options}, slot);
  // What was meant as a secret is not repeated in a message, whatever its type.
  if (wrong && wrong->value.empty() && !std::holds_alternative<Secret*>(slot))
    wrong->value = as_written(node);
  return wrong;
}

}  // namespace heed::config
