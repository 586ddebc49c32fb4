#include "broker/exchange/faults.hpp"

#include "net/json.hpp"

#include <algorithm>

namespace heed::exchange {
namespace {

using Kind = FaultAction::Kind;

Error bad(std::size_t rule, const std::string& what) {
  return {ErrorKind::invalid, "faults", "rules[" + std::to_string(rule) + "]: " + what};
}

bool is_stream(Kind kind) { return kind >= Kind::stream_drop; }

std::string kinds() {
  std::string out;
  for (const auto name : EnumNames<Kind>::names)
    if (name != "none")
      out += (out.empty() ? "" : ", ") + std::string{name};
  return out;
}

// One member into the rule; empty when it is right.
std::string read_member(const std::string& name, const net::Json& value, FaultRule& rule) {
  const auto whole = value.integer();
  if (name == "kind") {
    const auto kind = value.is_string() ? enum_from<Kind>(value.text) : std::nullopt;
    if (!kind || *kind == Kind::none)
      return "kind must be one of " + kinds();
    rule.action.kind = *kind;
  } else if (name == "method") {
    if (!value.is_string())
      return "method must be a string";
    rule.method = value.text;
  } else if (name == "path" || name == "event") {
    if (!value.is_string())
      return name + " must be a regular expression";
    try {
      rule.path.emplace(value.text, std::regex::ECMAScript | std::regex::optimize);
    } catch (const std::regex_error& e) {
      return name + " is not a regular expression: " + e.what();
    }
  } else if (name == "delay_ms" || name == "count" || name == "skip") {
    if (!value.is_number() || !whole || *whole < 0 || *whole > 1'000'000'000)
      return name + " must be a whole number, 0 or more";
    if (name == "delay_ms")
      rule.action.delay = std::chrono::milliseconds{*whole};
    else
      (name == "count" ? rule.count : rule.skip) = *whole;
  } else if (name == "status") {
    if (!whole || *whole < 500 || *whole > 599)
      return "status must be 500 to 599";
    rule.action.status = static_cast<int>(*whole);
  } else if (name == "probability") {
    const auto share = value.decimal();
    if (!share || share->is_negative() || *share > Decimal{1})
      return "probability must be 0 to 1";
    rule.probability = *share;
  } else {
    return "unknown key " + name;
  }
  return {};
}

}  // namespace

heed::Status FaultScript::load(std::string_view json) {
  const auto document = net::parse_json(json);
  if (!document)
    return document.error();
  const net::Json* rules = document.value().find("rules");
  if (rules == nullptr || !rules->is_array())
    return Error{ErrorKind::invalid, "faults", "rules must be an array"};
  bool append = false;
  for (const auto& [name, value] : document.value().members) {
    if (name == "append" && value.kind == net::Json::Kind::boolean)
      append = value.boolean;
    else if (name != "rules")
      return Error{ErrorKind::invalid, "faults", "unknown key " + name + "; use rules, append (true or false)"};
  }
  std::vector<FaultRule> read;
  for (std::size_t i = 0; i < rules->items.size(); ++i) {
    FaultRule rule;
    for (const auto& [name, value] : rules->items[i].members)
      if (const auto why = read_member(name, value, rule); !why.empty())
        return bad(i, why);
    if (rule.action.kind == Kind::none)
      return bad(i, "kind must be one of " + kinds());
    read.push_back(std::move(rule));
  }
  if (!append)
    rules_.clear();
  std::move(read.begin(), read.end(), std::back_inserter(rules_));
  return Ok{};
}

FaultAction FaultScript::first_hit(bool stream, std::string_view method, std::string_view subject) {
  for (FaultRule& rule : rules_) {
    if (is_stream(rule.action.kind) != stream || rule.count == 0)
      continue;
    if (!rule.method.empty() && rule.method != method)
      continue;
    if (rule.path && !std::regex_search(subject.begin(), subject.end(), *rule.path))
      continue;
    if (rule.skip > 0) {
      --rule.skip;
      continue;
    }
    const auto share = static_cast<std::uint64_t>(rule.probability.units());
    if (share < static_cast<std::uint64_t>(Decimal::scale) &&
        chance_.below(static_cast<std::uint64_t>(Decimal::scale)) >= share)
      continue;
    if (rule.count > 0)
      --rule.count;
    ++hits_;
    return rule.action;
  }
  return {};
}

FaultAction FaultScript::on_request(std::string_view method, std::string_view target) {
  return rules_.empty() ? FaultAction{} : first_hit(false, method, target);
}

FaultAction FaultScript::on_stream(std::string_view event) {
  return rules_.empty() ? FaultAction{} : first_hit(true, {}, event);
}

}  // namespace heed::exchange
