// The table of all keys: name, type, range, default, words, whether SIGHUP reloads it. It drives reading,
// suggestions, the commented sample, show, diff and docs/configuration.md, so that none of them can disagree with
// another.
#pragma once

#include "config/config.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace heed::config {

/// A field that is an enumeration, seen through its names.
struct EnumSlot {
  std::uint8_t* value = nullptr;
  const std::string_view* names = nullptr;
  std::size_t count = 0;
};

/// The field behind a key, of one particular Config.
using Slot = std::variant<bool*, std::int32_t*, std::int64_t*, std::optional<std::int64_t>*, Decimal*,
                          std::optional<Decimal>*, std::string*, Secret*, std::vector<std::string>*,
                          std::optional<Instant>*, std::vector<NotifyEvent>*, EnumSlot>;

/// What a value means beyond its type: how it is checked, and how decimals may be written.
enum class Role : std::uint8_t {
  plain,
  money,     // decimal as a string or a whole number, never as a float
  fraction,  // decimal, read exactly from its digits
  id,        // lower-case name, unique in its section
  name,      // refers to an id
  symbols,
  path,
  address,       // host:port to listen on
  url,           // http(s) address
  database_url,  // secret only where it carries a password
  cron,
  zone
};

/// Bounds in the key's unit; empty: open.
struct Range {
  std::optional<Decimal> min = {};
  std::optional<Decimal> max = {};
  bool above_min = false;  // strictly greater than min
  bool empty_ok = true;    // text and lists: may be written empty
  int length_max = 0;      // text: bytes; 0: 1024
};

struct Key {
  std::string_view name;
  Slot (*slot)(void* item) = nullptr;
  Role role = Role::plain;
  Range range = {};
  std::string_view unit = {};
  bool reloadable = false;
  bool required = false;
  bool in_sample = false;           // the commented sample sets it, rather than naming its default
  std::string_view example = {};    // TOML value that the sample writes in place of the default
  std::string_view filled_in = {};  // what an unset key becomes
  std::string_view doc = {};
};

struct Section {
  std::string_view name;  // "account", "account.risk"
  bool list = false;      // [[name]]
  std::string_view doc;
  std::vector<Key> keys;
  std::vector<void*> (*items)(Config& config) = nullptr;  // one per table; of a nested section, one per parent
  void* (*append)(Config& config) = nullptr;              // lists only
  Slot (*default_slot)(const Key& key) = nullptr;         // into a default-constructed item

  bool nested() const { return name.find('.') != std::string_view::npos; }
  /// "[[account]]", "[account.risk]"
  std::string header() const;
  const Key* find(std::string_view key) const;
};

const std::vector<Section>& registry();
const Section* find_section(std::string_view name);

/// The id of an item, or "[2]" (counted from 1) where it has none; empty for a plain table.
std::string item_name(const Section& section, void* item, std::size_t index);
/// "account.paper.risk", "route[1]", "daemon"
std::string item_path(const Section& section, Config& config, std::size_t index);

/// The value as TOML, secrets masked; empty where nothing is set.
std::string to_toml(const Slot& slot, const Key& key);
/// The same as JSON; null where nothing is set.
std::string to_json(const Slot& slot, const Key& key);
bool is_set(const Slot& slot);
inline bool holds_secret(const Slot& slot) { return std::holds_alternative<Secret*>(slot); }
bool equal(const Slot& a, const Slot& b);

/// "whole number", "text", "paper | live"
std::string type_words(const Key& key, const Slot& slot);
/// "1..3600 seconds", "at least 0", "paper, live"; empty where all goes.
std::string allowed_words(const Key& key, const Slot& slot);

// How the tables below are written.
template <class>
struct MemberOf;
template <class S, class F>
struct MemberOf<F S::*> {
  using Struct = S;
  using Field = F;
};

/// `Item`: what the section consists of, where the member is one of its base's.
template <auto Member, class Item = typename MemberOf<decltype(Member)>::Struct>
Slot slot_of(void* item) {
  using Field = typename MemberOf<decltype(Member)>::Field;
  Field& field = static_cast<Item*>(item)->*Member;
  if constexpr (std::is_enum_v<Field>) {
    static_assert(sizeof(Field) == 1);
    return EnumSlot{reinterpret_cast<std::uint8_t*>(&field), EnumNames<Field>::names.data(),
                    EnumNames<Field>::names.size()};
  } else {
    return &field;
  }
}

template <class Item>
Slot default_slot_of(const Key& key) {
  static Item item;
  return key.slot(&item);
}

std::vector<Section> daemon_sections();   // registry_daemon.cpp
std::vector<Section> trading_sections();  // registry_trading.cpp

}  // namespace heed::config
