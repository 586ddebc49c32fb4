#include "config/overrides.hpp"

#include "config/values.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace heed::config {
namespace {

constexpr std::string_view environment_prefix = "HEED__";

/// Names of environment variables know neither lower case nor a hyphen.
bool same_name(std::string_view a, std::string_view b) {
  const auto plain = [](char c) {
    return c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return plain(x) == plain(y); });
}

/// Every key there is at the moment, under the name that an override gives it.
struct Target {
  std::string name;
  const Section* section;
  std::size_t index;
  const Key* key;
};

std::vector<Target> targets(Config& config) {
  std::vector<Target> all;
  for (const Section& section : registry()) {
    const std::size_t count = section.items(config).size();
    for (std::size_t index = 0; index < count; ++index) {
      const std::string path = item_path(section, config, index);
      for (const Key& key : section.keys)
        if (key.role != Role::id)
          all.push_back({path + "." + std::string{key.name}, &section, index, &key});
    }
  }
  return all;
}

bool wants_literal(const Slot& slot) {
  return std::holds_alternative<bool*>(slot) || std::holds_alternative<std::int32_t*>(slot) ||
         std::holds_alternative<std::int64_t*>(slot) || std::holds_alternative<std::optional<std::int64_t>*>(slot);
}

bool wants_list(const Slot& slot) {
  return std::holds_alternative<std::vector<std::string>*>(slot) ||
         std::holds_alternative<std::vector<NotifyEvent>*>(slot);
}

/// On a command line there are no quotes around text: what the key is decides how its value is read.
Node value_for(const Slot& slot, const std::string& text) {
  const std::optional<Node> node = read_value(text);
  if (node && (node->kind == NodeKind::text || node->kind == NodeKind::list || wants_literal(slot)))
    return *node;
  if (!wants_list(slot))
    return Node::of_text(text);
  Node list;
  list.kind = NodeKind::list;
  std::size_t begin = 0;
  while (!text.empty() && begin <= text.size()) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    list.items.push_back(Node::of_text(text.substr(begin, comma - begin)));
    begin = comma + 1;
  }
  return list;
}

void apply(Reading& reading, const Override& override_, const ParseOptions& options) {
  const std::vector<Target> all = targets(reading.config);
  const auto target =
    std::find_if(all.begin(), all.end(), [&](const Target& t) { return same_name(t.name, override_.key); });
  Problem wrong;
  bool may_stay_unread = false;
  if (target == all.end()) {
    std::vector<std::string> names;
    names.reserve(all.size());
    for (const Target& candidate : all)
      names.push_back(candidate.name);
    wrong.message = "unknown key";
    wrong.nearest = nearest_name(override_.key, names);
    wrong.key = override_.key;
  } else {
    const At at{target->section->name, target->index, target->key->name};
    Slot slot = target->key->slot(target->section->items(reading.config)[target->index]);
    auto problem = assign(value_for(slot, override_.text), *target->key, slot, options);
    reading.set_origin(at, override_.origin);
    if (!problem)
      return;
    reading.mark_bad(at);
    may_stay_unread = options.may_leave_secrets_unread && holds_secret(slot);
    wrong = *problem;
    wrong.key = target->name;
  }
  wrong.line = 0;
  wrong.column = 0;
  wrong.file = override_.origin;
  may_stay_unread ? reading.leave_unread(std::move(wrong)) : reading.add(std::move(wrong));
}

}  // namespace

void apply_overrides(Reading& reading, const ParseOptions& options) {
  // What stands on a command line or in the environment is not in the file that everybody may read.
  ParseOptions own = options;
  own.world_readable = false;
  for (const Override& override_ : options.overrides)
    apply(reading, override_, own);
}

std::vector<Override> environment_overrides(const char* const* environment) {
  std::vector<Override> overrides;
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const std::string_view line{*environment};
    const std::size_t equals = line.find('=');
    if (!line.starts_with(environment_prefix) || equals == std::string_view::npos)
      continue;
    Override override_;
    override_.origin = std::string{line.substr(0, equals)};
    override_.text = std::string{line.substr(equals + 1)};
    std::string_view name = line.substr(0, equals);
    name.remove_prefix(environment_prefix.size());
    for (std::size_t i = 0; i < name.size(); ++i) {
      if (name.substr(i, 2) == "__") {
        override_.key += '.';
        ++i;
      } else {
        override_.key += static_cast<char>(std::tolower(static_cast<unsigned char>(name[i])));
      }
    }
    overrides.push_back(std::move(override_));
  }
  // The environment has no order that anybody meant.
  std::sort(overrides.begin(), overrides.end(), [](const Override& a, const Override& b) { return a.key < b.key; });
  return overrides;
}

}  // namespace heed::config
