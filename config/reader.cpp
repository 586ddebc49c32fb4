// From the tree of the file to the fields of the Config, by the registry.
#include "config/document.hpp"
#include "config/file.hpp"
#include "config/load.hpp"
#include "config/overrides.hpp"
#include "config/reading.hpp"
#include "config/values.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace heed::config {
namespace {

class Reader {
public:
  Reader(Reading& reading, const ParseOptions& options) : reading_{reading}, options_{options} {}

  void read_root(const Node& root) {
    for (const Entry& entry : root.entries) {
      const Section* section = find_section(entry.key);
      if (section == nullptr || section->nested())
        unknown_section(entry);
      else if (section->list)
        read_list(*section, entry);
      else if (is_table(entry, *section))
        read_table(*section, 0, entry.value, entry.value.place);
    }
  }

private:
  bool is_table(const Entry& entry, const Section& section) {
    if (entry.value.kind == NodeKind::table)
      return true;
    Problem wrong = at(entry.place, std::string{section.name});
    wrong.message = "is a table that comes once, and is written here as " + std::string{describe(entry.value.kind)};
    wrong.fix = "write " + section.header() + " on a line of its own, and its keys below";
    reading_.add(wrong);
    reading_.mark_bad({section.name, 0});
    return false;
  }

  void read_list(const Section& section, const Entry& entry) {
    const bool tables = entry.value.kind == NodeKind::list &&
                        std::all_of(entry.value.items.begin(), entry.value.items.end(),
                                    [](const Node& item) { return item.kind == NodeKind::table; });
    if (!tables) {
      Problem wrong = at(entry.place, std::string{section.name});
      wrong.message =
        "is a table that may come several times, and is written here as " + std::string{describe(entry.value.kind)};
      wrong.fix = "write " + section.header() + " with two brackets";
      reading_.add(wrong);
      reading_.mark_bad({section.name, all_items});
      return;
    }
    for (std::size_t i = 0; i < entry.value.items.size(); ++i) {
      section.append(reading_.config);
      const Node& table = entry.value.items[i];
      // The id first, so that problems of the other keys can name their table by it.
      if (const Key* id = section.find("id"))
        if (const Entry* given = table.find("id"))
          read_value(section, i, *id, *given);
      read_table(section, i, table, table.place);
    }
  }

  void read_table(const Section& section, std::size_t index, const Node& table, Place place) {
    reading_.set_place({section.name, index}, place);
    for (const Entry& entry : table.entries) {
      const std::string nested_name = std::string{section.name} + "." + entry.key;
      if (const Key* key = section.find(entry.key)) {
        if (entry.key != "id")
          read_value(section, index, *key, entry);
      } else if (const Section* nested = find_section(nested_name)) {
        if (entry.value.kind == NodeKind::table)
          read_table(*nested, index, entry.value, entry.value.place);
        else
          nested_not_table(section, index, *nested, entry);
      } else {
        unknown_key(section, index, entry);
      }
    }
    for (const Key& key : section.keys)
      if (key.required && table.find(key.name) == nullptr)
        reading_.error({section.name, index}, std::string{key.name} + " is missing",
                       "write " + std::string{key.name} + " = " + std::string{key.example});
  }

  void read_value(const Section& section, std::size_t index, const Key& key, const Entry& entry) {
    const At where{section.name, index, key.name};
    reading_.set_place(where, entry.value.place.line > 0 ? entry.value.place : entry.place);
    auto wrong = assign(entry.value, key, key.slot(section.items(reading_.config)[index]), options_);
    if (!wrong)
      return;
    if (wrong->line == 0) {
      wrong->line = entry.value.place.line;
      wrong->column = entry.value.place.column;
    }
    wrong->key = path(section, index) + "." + std::string{key.name};
    reading_.mark_bad(where);
    if (options_.may_leave_secrets_unread && holds_secret(key.slot(section.items(reading_.config)[index])))
      reading_.leave_unread(std::move(*wrong));
    else
      reading_.add(std::move(*wrong));
  }

  void nested_not_table(const Section& section, std::size_t index, const Section& nested, const Entry& entry) {
    Problem wrong = at(entry.place, path(section, index) + "." + entry.key);
    wrong.message = "must be a table, and is " + std::string{describe(entry.value.kind)};
    wrong.fix = "write " + nested.header() + " below its " + section.header();
    reading_.add(wrong);
  }

  // The value of an unknown key is never repeated: it may be a secret under a mistyped name.
  void unknown_key(const Section& section, std::size_t index, const Entry& entry) {
    Problem wrong = at(entry.place, path(section, index) + "." + shown(entry.key));
    wrong.message = "unknown key";
    std::vector<std::string> names;
    for (const Key& key : section.keys)
      names.emplace_back(key.name);
    for (const Section& other : registry())
      if (other.nested() && other.name.starts_with(std::string{section.name} + "."))
        names.emplace_back(other.name.substr(section.name.size() + 1));
    wrong.nearest = nearest_name(entry.key, names);
    if (wrong.nearest.empty())
      wrong.fix = belongs_to(entry.key);
    reading_.add(wrong);
  }

  void unknown_section(const Entry& entry) {
    Problem wrong = at(entry.place, shown(entry.key));
    wrong.message =
      entry.value.kind == NodeKind::table || entry.value.kind == NodeKind::list ? "unknown table" : "unknown key";
    std::vector<std::string> names;
    for (const Section& section : registry())
      if (!section.nested())
        names.emplace_back(section.name);
    wrong.nearest = nearest_name(entry.key, names);
    wrong.fix = belongs_to(entry.key);
    if (!wrong.fix.empty())
      wrong.nearest.clear();
    reading_.add(wrong);
  }

  static std::string belongs_to(const std::string& key) {
    for (const Section& section : registry())
      if (section.find(key) != nullptr)
        return "it belongs under " + section.header();
    return {};
  }

  std::string path(const Section& section, std::size_t index) { return item_path(section, reading_.config, index); }

  static std::string shown(const std::string& key) {
    const bool bare = !key.empty() && key.size() <= 64 && std::all_of(key.begin(), key.end(), [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '_' || c == '-';
    });
    return bare ? key : as_written(Node::of_text(key));
  }

  static Problem at(Place place, std::string key) {
    Problem problem;
    problem.line = place.line;
    problem.column = place.column;
    problem.key = std::move(key);
    return problem;
  }

  Reading& reading_;
  const ParseOptions& options_;
};

}  // namespace

LoadOutcome parse(std::string_view text, std::string_view file_name, const ParseOptions& options) {
  Reading reading{file_name};
  if (text.size() > file_bytes_max) {
    Problem wrong;
    wrong.message = "is larger than " + std::to_string(file_bytes_max) + " bytes; is it the right file?";
    reading.add(wrong);
    return std::move(reading).finish();
  }
  const Document document = read_document(text);
  if (document.error) {
    reading.add(*document.error);
    return std::move(reading).finish();
  }
  Reader{reading, options}.read_root(*document.root);
  apply_overrides(reading, options);
  fill_in(reading.config);
  check(reading);
  return std::move(reading).finish();
}

LoadOutcome load(const std::string& path, ParseOptions options) {
  auto file = read_file(path, file_bytes_max);
  if (!file) {
    Problem wrong;
    wrong.file = path;
    wrong.message = file.error().detail;
    return {.config = std::nullopt, .errors = {wrong}, .warnings = {}, .unread_secrets = {}};
  }
  options.world_readable = options.world_readable || file.value().world_readable;
  return parse(file.value().text, path, options);
}

}  // namespace heed::config
