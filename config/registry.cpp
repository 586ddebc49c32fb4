#include "config/registry.hpp"

#include "config/document.hpp"
#include "config/secret_source.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace heed::config {
namespace {

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

std::string decimal_text(Decimal value, const Key& key) {
  const std::string text = value.str();
  // Money with cents is a string in the file; everything else stands as it is.
  return key.role == Role::money && !value.is_whole() ? quoted(text) : text;
}

std::string secret_text(const Secret& secret) {
  if (secret.empty())
    return {};
  if (secret.reveal() == public_key)
    return quoted(public_key);
  return quoted(secret.origin().empty() ? Secret::mask : std::string_view{secret.origin()});
}

template <class Items, class F>
std::string list_text(const Items& items, F&& text) {
  std::string out = "[";
  for (const auto& item : items)
    out += (out.size() > 1 ? ", " : "") + text(item);
  return out + "]";
}

std::string joined_names(const std::string_view* names, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i)
    out += (i > 0 ? ", " : "") + std::string{names[i]};
  return out;
}

bool is_decimal(const Slot& slot) {
  return std::holds_alternative<Decimal*>(slot) || std::holds_alternative<std::optional<Decimal>*>(slot);
}

}  // namespace

std::string Section::header() const { return (list ? "[[" : "[") + std::string{name} + (list ? "]]" : "]"); }

const Key* Section::find(std::string_view key) const {
  const auto it = std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return k.name == key; });
  return it == keys.end() ? nullptr : &*it;
}

const std::vector<Section>& registry() {
  // In the order of the sample: first the process, then what it trades, last what it does by the clock.
  static const std::vector<Section> sections = [] {
    std::vector<Section> all = daemon_sections();
    std::vector<Section> trading = trading_sections();
    const auto schedule = std::find_if(all.begin(), all.end(), [](const Section& s) { return s.name == "schedule"; });
    all.insert(schedule, std::make_move_iterator(trading.begin()), std::make_move_iterator(trading.end()));
    return all;
  }();
  return sections;
}

const Section* find_section(std::string_view name) {
  const auto& all = registry();
  const auto it = std::find_if(all.begin(), all.end(), [&](const Section& s) { return s.name == name; });
  return it == all.end() ? nullptr : &*it;
}

std::string item_name(const Section& section, void* item, std::size_t index) {
  if (!section.list)
    return {};
  if (const Key* id = section.find("id"))
    if (const auto* text = *std::get_if<std::string*>(&static_cast<const Slot&>(id->slot(item))); !text->empty())
      return *text;
  return "[" + std::to_string(index + 1) + "]";
}

std::string item_path(const Section& section, Config& config, std::size_t index) {
  if (section.nested()) {
    const std::size_t dot = section.name.find('.');
    const Section& parent = *find_section(section.name.substr(0, dot));
    return item_path(parent, config, index) + std::string{section.name.substr(dot)};
  }
  std::string path{section.name};
  if (!section.list)
    return path;
  const std::string name = item_name(section, section.items(config)[index], index);
  return path + (name.starts_with('[') ? name : "." + name);
}

std::string to_toml(const Slot& slot, const Key& key) {
  return std::visit(
    Overloaded{
      [](const bool* v) { return std::string{*v ? "true" : "false"}; },
      [](const std::int32_t* v) { return std::to_string(*v); },
      [](const std::int64_t* v) { return std::to_string(*v); },
      [](const std::optional<std::int64_t>* v) { return *v ? std::to_string(**v) : std::string{}; },
      [&](const Decimal* v) { return decimal_text(*v, key); },
      [&](const std::optional<Decimal>* v) { return *v ? decimal_text(**v, key) : std::string{}; },
      [](const std::string* v) { return quoted(*v); },
      [](const Secret* v) { return secret_text(*v); },
      [](const std::vector<std::string>* v) { return list_text(*v, [](const std::string& s) { return quoted(s); }); },
      [](const std::optional<Instant>* v) { return *v ? to_rfc3339(**v) : std::string{}; },
      [](const std::vector<NotifyEvent>* v) {
        return list_text(*v, [](NotifyEvent e) { return quoted(to_string(e)); });
      },
      [](const EnumSlot& v) { return quoted(v.names[*v.value]); },
    },
    slot);
}

// What TOML and JSON write differently is an instant: TOML has it without quotes.
std::string to_json(const Slot& slot, const Key& key) {
  auto text = to_toml(slot, key);
  if (text.empty())
    return "null";
  return std::holds_alternative<std::optional<Instant>*>(slot) ? quoted(text) : text;
}

bool is_set(const Slot& slot) {
  return std::visit(Overloaded{
                      [](std::string* v) { return !v->empty(); },
                      [](Secret* v) { return !v->empty(); },
                      [](std::optional<std::int64_t>* v) { return v->has_value(); },
                      [](std::optional<Decimal>* v) { return v->has_value(); },
                      [](std::optional<Instant>* v) { return v->has_value(); },
                      [](const auto&) { return true; },
                    },
                    slot);
}

bool equal(const Slot& a, const Slot& b) {
  return std::visit(
    [&](const auto& left) {
      const auto& right = std::get<std::decay_t<decltype(left)>>(b);
      if constexpr (std::is_same_v<std::decay_t<decltype(left)>, EnumSlot>)
        return *left.value == *right.value;
      else
        return *left == *right;
    },
    a);
}

std::string type_words(const Key& key, const Slot& slot) {
  if (is_decimal(slot))
    return key.role == Role::money ? "whole number, or a decimal in quotes" : "number";
  return std::visit(Overloaded{
                      [](const bool*) { return "true or false"; },
                      [](const std::int32_t*) { return "whole number"; },
                      [](const std::int64_t*) { return "whole number"; },
                      [](const std::optional<std::int64_t>*) { return "whole number"; },
                      [](const Secret*) { return "secret: ${NAME} or file:PATH"; },
                      [](const std::vector<std::string>*) { return "list of text"; },
                      [](const std::vector<NotifyEvent>*) { return "list of names"; },
                      [](const std::optional<Instant>*) { return "date and time with zone"; },
                      [](const EnumSlot&) { return "name"; },
                      [](const auto*) { return "text"; },
                    },
                    slot);
}

std::string allowed_words(const Key& key, const Slot& slot) {
  if (const auto* names = std::get_if<EnumSlot>(&slot))
    return joined_names(names->names, names->count);
  if (std::holds_alternative<std::vector<NotifyEvent>*>(slot))
    return joined_names(EnumNames<NotifyEvent>::names.data(), EnumNames<NotifyEvent>::names.size());
  if (key.role == Role::zone)
    return "America/New_York, UTC";
  const Range& range = key.range;
  std::string out;
  if (range.min && range.max && !range.above_min)
    out = range.min->str() + ".." + range.max->str();
  else if (range.min)
    out = (range.above_min ? "above " : "at least ") + range.min->str() +
          (range.max ? ", at most " + range.max->str() : "");
  if (!out.empty() && !key.unit.empty())
    out += " " + std::string{key.unit};
  return out;
}

}  // namespace heed::config
