// A Config back to text: show and diff.
#include "config/load.hpp"
#include "config/registry.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace heed::config {
namespace {

void show_table(std::string& out, const Section& section, void* item) {
  out += "\n" + section.header() + "\n";
  for (const Key& key : section.keys) {
    const Slot slot = key.slot(item);
    // Where the default is something, nothing has to be written out.
    if (is_set(slot) || is_set(section.default_slot(key)))
      out += std::string{key.name} + " = " + to_toml(slot, key) + "\n";
    else
      out += "# " + std::string{key.name} + " is not set\n";
  }
}

const Section* nested_in(const Section& section) {
  const std::string prefix = std::string{section.name} + ".";
  for (const Section& other : registry())
    if (other.name.starts_with(prefix))
      return &other;
  return nullptr;
}

std::string members(const Section& section, void* item) {
  std::string out;
  for (const Key& key : section.keys)
    out += (out.empty() ? "\"" : ",\"") + std::string{key.name} + "\":" + to_json(key.slot(item), key);
  return out;
}

/// Of one table, with the table below it.
std::string json_object(const Section& section, Config& config, std::size_t index) {
  auto out = "{" + members(section, section.items(config)[index]);
  if (const Section* nested = nested_in(section))
    out += ",\"" + std::string{nested->name.substr(section.name.size() + 1)} + "\":{" +
           members(*nested, nested->items(config)[index]) + "}";
  return out + "}";
}

/// A secret that changed to another one shows the same reference or mask twice.
std::string shown_value(const Slot& slot, const Key& key) {
  return is_set(slot) ? to_toml(slot, key) : std::string{};
}

class Differ {
public:
  Differ(Config old_config, Config new_config) : old_{std::move(old_config)}, new_{std::move(new_config)} {}

  std::vector<Change> run() {
    for (const Section& section : registry())
      compare(section);
    return std::move(changes_);
  }

private:
  using Items = std::vector<std::pair<std::string, void*>>;

  static Items named_items(const Section& section, Config& config) {
    Items items;
    const auto all = section.items(config);
    for (std::size_t i = 0; i < all.size(); ++i)
      items.emplace_back(item_path(section, config, i), all[i]);
    return items;
  }

  static void* find(const Items& items, const std::string& path) {
    const auto it = std::find_if(items.begin(), items.end(), [&](const auto& item) { return item.first == path; });
    return it == items.end() ? nullptr : it->second;
  }

  void compare(const Section& section) {
    const Items before = named_items(section, old_);
    const Items after = named_items(section, new_);
    for (const auto& [path, item] : before) {
      if (void* other = find(after, path))
        compare_keys(section, path, item, other);
      else if (!section.nested())
        changes_.push_back({.key = path, .old_value = section.header(), .new_value = {}, .reloadable = false});
    }
    for (const auto& [path, item] : after)
      if (find(before, path) == nullptr && !section.nested())
        changes_.push_back({.key = path, .old_value = {}, .new_value = section.header(), .reloadable = false});
  }

  void compare_keys(const Section& section, const std::string& path, void* before, void* after) {
    for (const Key& key : section.keys) {
      const Slot left = key.slot(before);
      const Slot right = key.slot(after);
      if (!equal(left, right))
        changes_.push_back({.key = path + "." + std::string{key.name},
                            .old_value = shown_value(left, key),
                            .new_value = shown_value(right, key),
                            .reloadable = key.reloadable});
    }
  }

  Config old_;
  Config new_;
  std::vector<Change> changes_;
};

}  // namespace

std::string show(const Config& config) {
  Config copy = config;
  std::string out = "# Effective configuration; secrets are masked or shown as the reference they came from.\n";
  for (const Section& section : registry()) {
    if (section.nested())
      continue;  // shown below each of its parents
    const Section* nested = nested_in(section);
    const auto items = section.items(copy);
    for (std::size_t i = 0; i < items.size(); ++i) {
      show_table(out, section, items[i]);
      if (nested != nullptr)
        show_table(out, *nested, nested->items(copy)[i]);
    }
  }
  return out;
}

std::string show_json(const Config& config) {
  Config copy = config;
  std::string out;
  for (const Section& section : registry()) {
    if (section.nested())
      continue;
    std::string tables;
    for (std::size_t i = 0; i < section.items(copy).size(); ++i)
      tables += (i == 0 ? "" : ",") + json_object(section, copy, i);
    out += (out.empty() ? "{\"" : ",\"") + std::string{section.name} +
           "\":" + (section.list ? "[" + tables + "]" : tables);
  }
  return out + "}\n";
}

std::vector<Change> diff(const Config& old_config, const Config& new_config) {
  return Differ{old_config, new_config}.run();
}

}  // namespace heed::config
