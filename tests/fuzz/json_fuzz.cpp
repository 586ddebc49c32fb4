// JSON that others wrote: what is accepted has no repeated key and no depth, and means the same when written again.
#include "net/json.hpp"
#include "persistence/json_write.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <set>

using namespace heed;
using heed::fuzz::must;
using net::Json;

namespace {

constexpr std::size_t depth_max = 64;

void write(std::string& out, const Json& value) {
  switch (value.kind) {
    case Json::Kind::null: out += "null"; break;
    case Json::Kind::boolean: out += value.boolean ? "true" : "false"; break;
    case Json::Kind::number: out += value.text; break;
    case Json::Kind::string: append_json(out, value.text); break;
    case Json::Kind::array:
      out += '[';
      for (const auto& item : value.items) {
        out += &item == &value.items.front() ? "" : ",";
        write(out, item);
      }
      out += ']';
      break;
    case Json::Kind::object:
      out += '{';
      for (const auto& member : value.members) {
        out += &member == &value.members.front() ? "" : ",";
        append_json(out, member.first);
        out += ':';
        write(out, member.second);
      }
      out += '}';
      break;
  }
}

bool same(const Json& a, const Json& b) {
  if (a.kind != b.kind || a.boolean != b.boolean || a.text != b.text || a.items.size() != b.items.size() ||
      a.members.size() != b.members.size())
    return false;
  for (std::size_t i = 0; i < a.items.size(); ++i)
    if (!same(a.items[i], b.items[i]))
      return false;
  for (std::size_t i = 0; i < a.members.size(); ++i)
    if (a.members[i].first != b.members[i].first || !same(a.members[i].second, b.members[i].second))
      return false;
  return true;
}

void check(const Json& value, std::size_t depth) {
  must(depth <= depth_max, "not too deep");
  if (const auto decimal = value.decimal()) {
    must(value.is_number() || value.is_string(), "a decimal is a number or a text");
    must(Decimal::parse(decimal->str()) == decimal, "a decimal written again is the same");
  }
  if (const auto integer = value.integer()) {
    must(value.is_number() || value.is_string(), "an integer is a number or a text");
    must(!value.decimal() || value.decimal() == Decimal::parse(std::to_string(*integer)),
         "as a decimal the same number");
  }
  std::set<std::string_view> names;
  for (const auto& [name, member] : value.members) {
    must(names.insert(name).second, "no name twice");
    must(value.find(name) == &member, "found by its name");
    check(member, depth + 1);
  }
  for (const auto& item : value.items)
    check(item, depth + 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto read = net::parse_json(fuzz::text_of(data, size), depth_max);
  if (!read) {
    must(read.error().kind == ErrorKind::invalid && !read.error().detail.empty(), "an error says what and where");
    return 0;
  }
  check(read.value(), 0);
  std::string again;
  write(again, read.value());
  const auto second = net::parse_json(again, depth_max);
  must(second && same(read.value(), second.value()), "a document written again is the same");
  return 0;
}
