#include "api/intent_body.hpp"

#include "api/body.hpp"
#include "core/mention_validation.hpp"
#include "core/naming.hpp"
#include "persistence/json_write.hpp"

#include <array>
#include <string>
#include <utility>

namespace heed::api {
namespace {

using net::Json;

constexpr std::array assigned{"intent_id", "signal", "source", "origin", "created_at"};

void write_document(std::string& out, const Json& value) {
  switch (value.kind) {
    case Json::Kind::null: out += "null"; break;
    case Json::Kind::boolean: out += value.boolean ? "true" : "false"; break;
    case Json::Kind::number: out += value.text; break;
    case Json::Kind::string: append_json(out, value.text); break;
    case Json::Kind::array:
      for (std::size_t i = 0; i < value.items.size(); ++i) {
        out += i == 0 ? '[' : ',';
        write_document(out, value.items[i]);
      }
      out += value.items.empty() ? "[]" : "]";
      break;
    case Json::Kind::object:
      for (std::size_t i = 0; i < value.members.size(); ++i) {
        out += i == 0 ? '{' : ',';
        append_json(out, value.members[i].first);
        out += ':';
        write_document(out, value.members[i].second);
      }
      out += value.members.empty() ? "{}" : "}";
      break;
  }
}

std::optional<Decimal> positive(ObjectReader& reader, std::string_view name) {
  const auto value = reader.decimal(name);
  if (value && !value->is_positive())
    reader.fail(name, "FIELD_INVALID", "must be more than 0");
  return value;
}

Size read_short_size(ObjectReader& reader) {
  Size size;
  int given = 0;
  for (const auto kind : {SizeKind::dollars, SizeKind::quantity, SizeKind::signed_target, SizeKind::risk_percent}) {
    const auto name = to_string(kind);
    if (!reader.has(name)) {
      reader.take(name);
      continue;
    }
    ++given;
    size.kind = kind;
    size.value =
      (kind == SizeKind::signed_target ? reader.decimal(name) : positive(reader, name)).value_or(Decimal{});
  }
  if (given != 1)
    reader.fail("kind", "FIELD_INVALID",
                "or exactly one of dollars, quantity, signed_target, risk_percent must say how much");
  return size;
}

Size read_size(const Json& value, std::optional<Problem>& problem) {
  Size size;
  if (value.is_string()) {
    Json all;
    all.kind = Json::Kind::object;
    all.members.emplace_back("size", value);
    ObjectReader reader{all, "", problem};
    if (reader.choice<SizeKind>("size").value_or(SizeKind::all) != SizeKind::all)
      reader.fail("size", "FIELD_INVALID", "as a string can only be \"ALL\"; others are {\"kind\",\"value\"}");
    return size;
  }
  ObjectReader reader{value, "size", problem};
  if (const auto kind = reader.choice<SizeKind>("kind")) {
    size.kind = *kind;
    if (size.kind == SizeKind::signed_target) {
      size.value = reader.decimal("value").value_or(Decimal{});
    } else if (size.kind != SizeKind::all) {
      size.value = positive(reader, "value").value_or(Decimal{});
    } else {
      reader.take("value");
    }
    if (size.kind != SizeKind::all && !reader.has("value"))
      reader.missing("value", "how many of \"" + std::string{to_string(size.kind)} + "\"");
  } else if (reader.ok()) {
    size = read_short_size(reader);
  }
  size.stop_distance = positive(reader, "stop_distance");
  if (size.kind == SizeKind::risk_percent && !size.stop_distance)
    reader.missing("stop_distance", "risk_percent needs the distance of the stop from the entry");
  if (size.kind != SizeKind::risk_percent && size.stop_distance)
    reader.fail("stop_distance", "FIELD_INVALID", "goes with risk_percent only");
  reader.finish();
  return size;
}

/// Where `bare` is true a number alone is a price.
std::optional<Level> read_level(ObjectReader& parent, std::string_view name, std::optional<Problem>& problem,
                                bool bare = false) {
  const auto* value = parent.take(name);
  if (value == nullptr)
    return std::nullopt;
  Level level;
  if (bare && !value->is_object()) {
    level.value = positive(parent, name).value_or(Decimal{});
    return level;
  }
  ObjectReader reader{*value, (bare ? "" : "protection.") + std::string{name}, problem};
  if (const auto kind = reader.choice<LevelKind>("kind")) {
    level.kind = *kind;
    if (!reader.has("value"))
      reader.missing("value", "how far, or which price");
    level.value = positive(reader, "value").value_or(Decimal{});
  } else {
    int given = 0;
    for (const auto k : {LevelKind::price, LevelKind::percent, LevelKind::ticks}) {
      if (const auto amount = positive(reader, to_string(k))) {
        level = {k, *amount};
        ++given;
      }
    }
    if (given != 1)
      reader.fail("kind", "FIELD_INVALID", "or exactly one of price, percent, ticks must say where");
  }
  if (level.kind == LevelKind::percent && level.value >= Decimal{100} && name == "stop")
    reader.fail("value", "FIELD_INVALID", "must be less than 100 percent");
  reader.finish();
  return level;
}

ProtectionSpec read_protection(const Json& value, std::optional<Problem>& problem) {
  ProtectionSpec spec;
  ObjectReader reader{value, "protection", problem};
  spec.stop = read_level(reader, "stop", problem);
  spec.target = read_level(reader, "target", problem);
  spec.trailing = reader.boolean("trailing").value_or(false);
  spec.reward_risk = positive(reader, "reward_risk").value_or(spec.reward_risk);
  reader.finish();
  return spec;
}

template <class T>
T read_id(ObjectReader& reader, std::string_view name) {
  const auto text = reader.text(name, T::capacity);
  return text ? T{*text} : T{};
}

StrategyId read_strategy(ObjectReader& reader) {
  const auto strategy = read_id<StrategyId>(reader, "strategy");
  if (reader.ok() && !strategy.empty() && !core::may_own_orders(strategy))
    reader.fail("strategy", "FIELD_INVALID",
                strategy.view() == "external" ? "stands for positions that no strategy owns"
                                              : "must be 1 to 20 of letters, digits, _ and -");
  return strategy;
}

void read_what(ObjectReader& reader, Intent& intent, std::optional<Problem>& problem) {
  const bool by_id = reader.has("account_id");
  intent.account = read_id<AccountId>(reader, by_id ? "account_id" : "account");
  if (reader.ok() && intent.account.empty())
    reader.missing("account", "the account that shall act");
  intent.strategy = read_strategy(reader);
  if (const auto symbol = reader.text("symbol", 64)) {
    auto checked = core::validate_symbol(*symbol);
    if (auto* error = std::get_if<core::FieldError>(&checked))
      reader.fail("symbol", "FIELD_INVALID", error->reason);
    else
      intent.symbol = std::get<Symbol>(checked);
  } else {
    reader.missing("symbol", "what shall be traded");
  }
  const auto action = reader.choice<IntentAction>("action");
  if (!action)
    reader.missing("action", "OPEN, CLOSE, REDUCE, REVERSE, TARGET, MODIFY_PROTECTION or ADOPT");
  intent.action = action.value_or(IntentAction::open);
  const auto side = reader.choice<Side>("side");
  const bool needs_side = intent.action == IntentAction::open || intent.action == IntentAction::reverse ||
                          intent.action == IntentAction::adopt;
  if (!side && needs_side)
    reader.missing(
      "side", intent.action == IntentAction::adopt ? "buy for what is held long, sell for short" : "buy or sell");
  intent.side = side.value_or(Side::buy);
  if (const auto* size = reader.take("size"))
    intent.size = read_size(*size, problem);
  else if (intent.action != IntentAction::close && intent.action != IntentAction::modify_protection &&
           intent.action != IntentAction::adopt)
    reader.missing("size", "how much, like {\"kind\":\"quantity\",\"value\":\"5\"}");
  if (const auto* protection = reader.take("protection"))
    intent.protection = read_protection(*protection, problem);
}

void read_how(ObjectReader& reader, Intent& intent) {
  intent.order_type = reader.choice<OrderType>("order_type").value_or(intent.order_type);
  intent.limit_price = positive(reader, "limit_price");
  intent.stop_price = positive(reader, "stop_price");
  intent.time_in_force = reader.choice<TimeInForce>("time_in_force").value_or(intent.time_in_force);
  intent.scale_in = reader.choice<ScaleIn>("scale_in").value_or(intent.scale_in);
  intent.hold_sessions = static_cast<std::int32_t>(reader.integer("hold_sessions", 0, 1000).value_or(0));
  intent.replaces_due = reader.boolean("replaces_due").value_or(false);
  intent.close_reason = reader.choice<CloseReason>("close_reason").value_or(CloseReason::manual_close);
  intent.subreason = reader.text("subreason", 64).value_or("");
  intent.correlation_id = reader.text("correlation_id", 128).value_or("");
  intent.idempotency_key = reader.text("idempotency_key", 200).value_or("");
  if (const auto* metadata = reader.take("metadata")) {
    if (!metadata->is_object())
      reader.fail("metadata", "FIELD_INVALID", "must be an object");
    write_document(intent.metadata, *metadata);
    if (intent.metadata.size() > 16UL * 1024)
      reader.fail("metadata", "FIELD_INVALID", "must be at most 16 KiB");
  }
}

void check_prices(ObjectReader& reader, const Intent& intent) {
  const bool limit = intent.order_type == OrderType::limit || intent.order_type == OrderType::stop_limit;
  const bool stop = intent.order_type == OrderType::stop || intent.order_type == OrderType::stop_limit;
  const auto type = std::string{to_string(intent.order_type)};
  if (limit && !intent.limit_price)
    reader.missing("limit_price", "a " + type + " order needs it");
  if (!limit && intent.limit_price)
    reader.fail("limit_price", "FIELD_INVALID", "has no meaning for a " + type + " order");
  if (stop && !intent.stop_price)
    reader.missing("stop_price", "a " + type + " order needs it");
  if (!stop && intent.stop_price)
    reader.fail("stop_price", "FIELD_INVALID", "has no meaning for a " + type + " order");
}

void check_size(ObjectReader& reader, const Intent& intent) {
  const auto kind = intent.size.kind;
  const auto fail = [&](std::string detail) { reader.fail("size", "FIELD_INVALID", std::move(detail)); };
  const bool amount = kind == SizeKind::dollars || kind == SizeKind::quantity || kind == SizeKind::risk_percent;
  switch (intent.action) {
    case IntentAction::open:
    case IntentAction::reverse:
      if (!amount)
        fail("of OPEN and REVERSE is dollars, quantity or risk_percent");
      break;
    case IntentAction::reduce:
      if (kind != SizeKind::quantity)
        fail("of REDUCE is a quantity");
      break;
    case IntentAction::close:
      if (kind != SizeKind::all && kind != SizeKind::quantity)
        fail("of CLOSE is \"ALL\" or a quantity");
      break;
    case IntentAction::target:
      if (kind != SizeKind::signed_target)
        fail("of TARGET is a signed_target");
      break;
    case IntentAction::adopt:
      if (kind != SizeKind::all && kind != SizeKind::quantity)
        fail("of ADOPT is \"ALL\" or a quantity");
      break;
    case IntentAction::modify_protection:
      if (!intent.protection.stop && !intent.protection.target)
        reader.missing("protection", "MODIFY_PROTECTION needs a stop, a target or both");
      break;
  }
}

void read_adopted(ObjectReader& reader, Intent& intent, std::optional<Problem>& problem) {
  intent.strategy = read_strategy(reader);
  if (reader.ok() && intent.strategy.empty())
    reader.missing("strategy", "who shall own it: a configured strategy, or manual");
  const auto side = reader.choice<Side>("side");
  if (!side)
    reader.missing("side", "buy for what is held long, sell for short");
  intent.side = side.value_or(Side::buy);
  if (const auto quantity = positive(reader, "quantity"))
    intent.size = Size{SizeKind::quantity, *quantity, {}};
  intent.protection.stop = read_level(reader, "stop", problem, true);
  intent.protection.target = read_level(reader, "target", problem, true);
  intent.hold_sessions = static_cast<std::int32_t>(reader.integer("hold_sessions", 0, 1000).value_or(0));
  intent.subreason = reader.text("by", 64).value_or("");
}

}  // namespace

std::variant<Intent, Problem> read_adoption(const Json& body) {
  std::optional<Problem> problem;
  ObjectReader reader{body, "", problem};
  Intent intent;
  intent.origin = Origin::manual;
  intent.action = IntentAction::adopt;
  intent.close_reason = CloseReason::manual_close;
  read_adopted(reader, intent, problem);
  reader.finish();
  if (problem)
    return std::move(*problem);
  return intent;
}

std::variant<Intent, Problem> read_intent(const Json& body) {
  std::optional<Problem> problem;
  ObjectReader reader{body, "", problem};
  for (const auto* name : assigned)
    if (reader.ok() && body.find(name) != nullptr)
      reader.fail(name, "FIELD_ASSIGNED", "is assigned by the daemon; leave it away");
  Intent intent;
  intent.origin = Origin::manual;
  read_what(reader, intent, problem);
  read_how(reader, intent);
  check_prices(reader, intent);
  check_size(reader, intent);
  reader.finish();
  if (problem)
    return std::move(*problem);
  return intent;
}

}  // namespace heed::api
