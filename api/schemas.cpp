#include "api/schemas.hpp"

#include "api/render.hpp"
#include "api/stream.hpp"

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace heed::api {
namespace {

using Schema = nlohmann::ordered_json;

template <class T>
inline constexpr bool is_id = requires {
  T::capacity;
};

Schema text() { return {{"type", "string"}}; }
Schema number() { return {{"type", "number"}}; }
Schema integer() { return {{"type", "integer"}}; }
Schema flag() { return {{"type", "boolean"}}; }
Schema instant() { return {{"type", "string"}, {"format", "date-time"}}; }
Schema decimal() { return {{"type", "string"}, {"format", "decimal"}, {"examples", {"12.5"}}}; }
Schema any_object() { return {{"type", "object"}}; }
Schema ref(const std::string& name) { return {{"$ref", "#/components/schemas/" + name}}; }
Schema list_of(Schema item) { return {{"type", "array"}, {"items", std::move(item)}}; }
Schema nullable(Schema schema) { return {{"anyOf", {std::move(schema), {{"type", "null"}}}}}; }

template <NamedEnum E>
Schema choice() {
  Schema names = Schema::array();
  for (const auto name : EnumNames<E>::names)
    names.push_back(std::string{name});
  return {{"type", "string"}, {"enum", std::move(names)}};
}

/// An object. A strict one is a request: only `required` has to be there, and nothing else may. Of another one, an
/// answer, all members are always there unless `required` says which.
Schema object(std::initializer_list<std::pair<const char*, Schema>> members, bool strict = false,
              std::initializer_list<const char*> required = {}) {
  Schema properties = Schema::object();
  for (const auto& [name, schema] : members)
    properties[name] = schema;
  Schema out{{"type", "object"}, {"properties", std::move(properties)}};
  if (required.size() != 0) {
    out["required"] = required;
  } else if (!strict) {
    out["required"] = Schema::array();
    for (const auto& [name, schema] : members)
      out["required"].push_back(name);
  }
  if (strict)
    out["additionalProperties"] = false;
  return out;
}

template <class T>
Schema schema_of(std::string_view field = {});

template <class T>
Schema fields_schema() {
  Schema properties = Schema::object();
  Schema required = Schema::array();
  const T example{};
  T::fields(example, [&]<class F>(std::string_view name, const F&) {
    if (is_internal(name))
      return;
    properties[std::string{name}] = schema_of<F>(name);
    required.push_back(std::string{name});
  });
  return {{"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}};
}

template <class T>
Schema schema_of(std::string_view field) {
  if constexpr (std::same_as<T, bool>)
    return flag();
  else if constexpr (std::integral<T>)
    return integer();
  else if constexpr (std::same_as<T, Decimal>)
    return is_ratio(field) ? number() : decimal();
  else if constexpr (std::same_as<T, Instant>)
    return instant();
  else if constexpr (std::same_as<T, Date>)
    return {{"type", "string"}, {"format", "date"}};
  else if constexpr (NamedEnum<T>)
    return choice<T>();
  else if constexpr (json_detail::is_optional<T>)
    return nullable(schema_of<typename T::value_type>(field));
  else if constexpr (json_detail::FieldStruct<T>)
    return fields_schema<T>();
  else if constexpr (is_id<T>)
    return {{"type", "string"}, {"maxLength", T::capacity}};
  else if constexpr (std::same_as<T, std::string>)
    return is_document(field) ? Schema::object() : text();
  else
    return list_of(schema_of<typename T::value_type>());
}

void add_page(Schema& to, const std::string& name) {
  to[name + "Page"] =
    object({{"items", list_of(ref(name))}, {"next_cursor", nullable(text())}}, false, {"items", "next_cursor"});
}

template <class Row>
void add_row(Schema& to, const std::string& name) {
  to[name] = fields_schema<Row>();
  add_page(to, name);
}

Schema size_schema() {
  return {
    {"oneOf",
     {object({{"kind", choice<SizeKind>()}, {"value", decimal()}, {"stop_distance", decimal()}}, true, {"kind"}),
      object({{"dollars", decimal()}}, true, {"dollars"}), object({{"quantity", decimal()}}, true, {"quantity"}),
      object({{"signed_target", decimal()}}, true, {"signed_target"}),
      object({{"risk_percent", decimal()}, {"stop_distance", decimal()}}, true, {"risk_percent", "stop_distance"}),
      Schema{{"const", "ALL"}}}}};
}

Schema level_schema() {
  return {{"oneOf",
           {object({{"kind", choice<LevelKind>()}, {"value", decimal()}}, true, {"kind", "value"}),
            object({{"price", decimal()}}, true, {"price"}), object({{"percent", decimal()}}, true, {"percent"}),
            object({{"ticks", decimal()}}, true, {"ticks"})}}};
}

void add_requests(Schema& to) {
  const auto mention = object({{"id", integer()},
                               {"external_id", text()},
                               {"source", text()},
                               {"symbol", {{"type", "string"}, {"pattern", "^[A-Za-z0-9.\\-]{1,16}$"}}},
                               {"action", choice<MentionAction>()},
                               {"conviction", {{"type", "number"}, {"minimum", 0}, {"maximum", 1}}},
                               {"time_horizon", choice<Horizon>()},
                               {"rationale_quote", text()},
                               {"title", text()},
                               {"url", text()},
                               {"published_at", instant()},
                               {"created_at", instant()}},
                              true, {"symbol", "action"});
  to["MentionInput"] = {{"oneOf", {mention, list_of(mention)}}};
  const auto protection = object(
    {{"stop", level_schema()}, {"target", level_schema()}, {"trailing", flag()}, {"reward_risk", number()}}, true);
  to["IntentInput"] = object({{"account", text()},
                              {"strategy", text()},
                              {"symbol", text()},
                              {"action", choice<IntentAction>()},
                              {"side", choice<Side>()},
                              {"size", size_schema()},
                              {"order_type", choice<OrderType>()},
                              {"limit_price", decimal()},
                              {"stop_price", decimal()},
                              {"time_in_force", choice<TimeInForce>()},
                              {"protection", protection},
                              {"scale_in", choice<ScaleIn>()},
                              {"hold_sessions", integer()},
                              {"replaces_due", flag()},
                              {"close_reason", choice<CloseReason>()},
                              {"subreason", text()},
                              {"correlation_id", text()},
                              {"idempotency_key", text()},
                              {"account_id", text()},
                              {"metadata", any_object()}},
                             true, {"symbol", "action"});
  to["CloseInput"] = object({{"quantity", decimal()}, {"by", text()}}, true);
  const auto price_or_level = Schema{{"anyOf", {decimal(), level_schema()}}};
  to["AdoptInput"] = object({{"strategy", text()},
                             {"side", choice<Side>()},
                             {"quantity", decimal()},
                             {"stop", price_or_level},
                             {"target", price_or_level},
                             {"hold_sessions", integer()},
                             {"by", text()}},
                            true, {"strategy", "side"});
  to["PauseInput"] = object({{"strategy", text()}, {"symbol", text()}, {"reason", text()}, {"by", text()}}, true);
  to["KillInput"] = object({{"level", choice<KillLevel>()}, {"account", text()}, {"by", text()}}, true, {"level"});
}

void add_answers(Schema& to) {
  const auto receipt = object({{"mention_id", integer()}, {"signal_id", text()}, {"index", integer()}});
  to["MentionReceipts"] =
    object({{"accepted", list_of(receipt)},
            {"duplicates", list_of(receipt)},
            {"rejected", list_of(object({{"index", integer()}, {"field", text()}, {"reason", text()}}))}},
           false, {"accepted", "duplicates", "rejected"});
  to["IntentReceipt"] = object({{"signal_id", text()}, {"duplicate", flag()}}, false, {"signal_id", "duplicate"});
  to["CloseReceipt"] = object({{"signal_id", text()}, {"decision", ref("Decision")}}, false, {"decision"});
  to["AdoptReceipt"] = to["CloseReceipt"];
  to["Pause"] = fields_schema<Pause>();
  to["Resumed"] = object({{"resumed", integer()}}, false, {"resumed"});
  to["Killed"] =
    object({{"level", choice<KillLevel>()}, {"accounts", list_of(text())}}, false, {"level", "accounts"});
}

Schema decision_schema() {
  return object({{"account", text()},
                 {"disposition", text()},
                 {"reason", text()},
                 {"final", flag()},
                 {"at", instant()},
                 {"intents", list_of(text())},
                 {"orders", list_of(text())}},
                false, {"account", "disposition", "reason", "final", "intents", "orders"});
}

void add_signals(Schema& to) {
  to["Decision"] = decision_schema();
  to["Signal"] = object({{"signal_id", text()},
                         {"source", text()},
                         {"origin", choice<Origin>()},
                         {"symbol", text()},
                         {"action", text()},
                         {"received_at", instant()},
                         {"status", text()},
                         {"idempotency_key", text()},
                         {"followers", integer()},
                         {"decisions", list_of(ref("Decision"))}},
                        false, {"signal_id", "source", "origin", "symbol", "action", "received_at", "decisions"});
  add_page(to, "Signal");
  to["SignalDetail"] = to["Signal"];
  to["SignalDetail"]["properties"]["body"] = Schema::object();
  to["Funnel"] =
    object({{"dispositions", {{"type", "object"}, {"additionalProperties", integer()}}}, {"total", integer()}});
  const auto step = object({{"at", instant()},
                            {"what", text()},
                            {"detail", text()},
                            {"account", text()},
                            {"symbol", text()},
                            {"order", text()},
                            {"seq", integer()},
                            {"payload", Schema::object()}},
                           false, {"at", "what", "detail"});
  to["Story"] = object({{"kind", text()},
                        {"id", text()},
                        {"steps", list_of(step)},
                        {"signal", nullable(ref("SignalDetail"))},
                        {"mentions", list_of(ref("Mention"))},
                        {"intents", list_of(ref("Intent"))},
                        {"orders", list_of(ref("Order"))},
                        {"fills", list_of(ref("Fill"))},
                        {"trades", list_of(ref("Trade"))}},
                       false, {"kind", "id", "steps"});
}

void add_operations(Schema& to) {
  const auto components = list_of(object({{"name", text()}, {"ok", flag()}, {"detail", text()}}));
  to["Health"] = object({{"status", text()}, {"version", text()}, {"started_at", instant()}});
  to["Ready"] = object({{"ready", flag()}, {"draining", flag()}, {"components", components}});
  to["Status"] = object({{"version", text()},
                         {"mode", text()},
                         {"now", instant()},
                         {"started_at", instant()},
                         {"ready", flag()},
                         {"draining", flag()},
                         {"signals_in", integer()},
                         {"decisions_final", integer()},
                         {"decisions_under_way", integer()},
                         {"orders_unknown", integer()},
                         {"in_flight", integer()},
                         {"components", components},
                         {"accounts", list_of(text())},
                         {"inboxes", list_of(text())}});
  to["AccountSnapshot"] = fields_schema<AccountSnapshot>();
  to["Risk"] = object({{"account", text()},
                       {"limits", fields_schema<RiskLimits>()},
                       {"now", ref("AccountSnapshot")},
                       {"usage", fields_schema<RiskUsage>()}});
  const auto entry =
    object({{"name", text()}, {"rule", text()}, {"next_at", nullable(instant())}, {"last_at", nullable(instant())}});
  to["SchedulePage"] = object({{"items", list_of(entry)}, {"next_cursor", nullable(text())}});
  to["Document"] = any_object();
  to["Verification"] =
    object({{"ok", flag()}, {"events", integer()}, {"code", text()}, {"detail", text()}}, false, {"ok"});
  to["Problem"] = object({{"type", text()},
                          {"title", text()},
                          {"status", integer()},
                          {"code", text()},
                          {"detail", text()},
                          {"field", text()},
                          {"nearest", text()},
                          {"refused", flag()}},
                         false, {"title", "status", "code", "detail"});
}

void add_backtests(Schema& to) {
  const auto setting = Schema{{"type", {"string", "number", "boolean"}}};
  to["BacktestInput"] = object({{"mentions", text()},
                                {"source", text()},
                                {"strategy", text()},
                                {"account", text()},
                                {"profile", text()},
                                {"benchmark", text()},
                                {"from", {{"type", "string"}, {"format", "date"}}},
                                {"to", {{"type", "string"}, {"format", "date"}}},
                                {"capital", Schema{{"type", {"string", "number"}}}},
                                {"default_conviction", Schema{{"type", {"string", "number"}}}},
                                {"settings", {{"type", "object"}, {"additionalProperties", setting}}},
                                {"grid", {{"type", "object"}, {"additionalProperties", text()}}},
                                {"list", {{"type", "object"}, {"additionalProperties", list_of(setting)}}},
                                {"metric", text()},
                                {"folds", {{"type", "integer"}, {"minimum", 0}, {"maximum", 100}}}},
                               true);
  to["KeptBacktest"] = object({{"kind", choice<BacktestKind>()},
                               {"digest", text()},
                               {"params", text()},
                               {"summary", text()},
                               {"result", text()},
                               {"trades", list_of(fields_schema<BacktestTradeRow>())}},
                              true, {"kind", "digest", "params", "summary", "result", "trades"});
  to["BacktestReceipt"] = object({{"run_id", text()}}, false, {"run_id"});
  to["BacktestCancelled"] =
    object({{"run_id", text()}, {"status", choice<BacktestStatus>()}}, false, {"run_id", "status"});
  to["Backtest"] =
    object({{"run_id", text()},
            {"kind", choice<BacktestKind>()},
            {"status", choice<BacktestStatus>()},
            {"progress", {{"type", "number"}, {"minimum", 0}, {"maximum", 1}}},
            {"error", nullable(text())},
            {"created_at", instant()},
            {"finished_at", nullable(instant())},
            {"digest", nullable(text())},
            {"params", any_object()},
            {"metrics", any_object()},
            {"dispositions", {{"type", "object"}, {"additionalProperties", integer()}}}},
           false, {"run_id", "kind", "status", "progress", "error", "created_at", "finished_at", "digest", "params"});
  add_page(to, "Backtest");
  // Of a sweep: what was tried, ranked; else what `heed backtest --json` prints.
  to["BacktestDetail"] = to["Backtest"];
  auto& members = to["BacktestDetail"]["properties"];
  for (const auto* name : {"input", "breakdown", "best"})
    members[name] = any_object();
  for (const auto* name : {"trades", "equity_curve", "benchmark_curve", "runs", "walk_forward"})
    members[name] = list_of(Schema::object());
}

}  // namespace

nlohmann::ordered_json component_schemas() {
  Schema to = Schema::object();
  add_requests(to);
  add_answers(to);
  add_signals(to);
  add_row<Mention>(to, "Mention");
  add_row<RejectedInputRow>(to, "RejectedInput");
  add_row<Intent>(to, "Intent");
  add_row<OrderRow>(to, "Order");
  add_row<FillRow>(to, "Fill");
  add_row<PositionRow>(to, "Position");
  to["Position"]["properties"]["external_quantity"] = decimal();
  to["Position"]["properties"]["quarantine"] = nullable(text());
  for (const char* name : {"external_quantity", "quarantine"})
    to["Position"]["required"].push_back(name);
  add_row<TradeRow>(to, "Trade");
  add_row<AccountRow>(to, "Account");
  to["Account"]["properties"]["known"] = flag();
  to["Account"]["properties"]["configured"] = flag();
  add_row<PauseRow>(to, "PauseHistory");
  add_row<BrokerCallRow>(to, "BrokerCall");
  add_row<JournalEvent>(to, "Event");
  add_operations(to);
  add_backtests(to);
  return to;
}

}  // namespace heed::api
