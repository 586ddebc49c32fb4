#include "api/event_words.hpp"

#include "net/json.hpp"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <string_view>

namespace heed::api {
namespace {

using net::Json;

std::string scalar(const Json* value) {
  if (value == nullptr)
    return {};
  switch (value->kind) {
    case Json::Kind::boolean: return value->boolean ? "yes" : "no";
    case Json::Kind::number:
    case Json::Kind::string: return value->text;
    default: return {};
  }
}

/// Follows member names from the document's root; nullptr where one is missing.
const Json* at(const Json& root, std::initializer_list<std::string_view> path) {
  const Json* value = &root;
  for (const auto name : path)
    value = value == nullptr ? nullptr : value->find(name);
  return value;
}
std::string text_at(const Json& root, std::initializer_list<std::string_view> path) { return scalar(at(root, path)); }

/// " limit 12.5": a label and a value, or nothing without the value.
std::string labelled(std::string_view label, const std::string& value) {
  return value.empty() ? "" : " " + std::string{label} + " " + value;
}

std::string plain_members(const Json& payload, std::string_view but = {}) {
  std::string out;
  for (const auto& [name, value] : payload.members) {
    const auto text = scalar(&value);
    if (text.empty() || name == but)
      continue;
    std::string words = name;
    std::replace(words.begin(), words.end(), '_', ' ');
    out += (out.empty() ? "" : ", ") + words + " " + text;
  }
  return out;
}

/// The side of a CLOSE and the like follows from what is held; the one that it bears says nothing.
std::string intent_words(const Json& p) {
  const auto action = text_at(p, {"action"});
  const bool has_side = action == "OPEN" || action == "REVERSE" || action == "ADOPT";
  return plain_members(p, has_side ? "" : "side");
}

std::string call_words(const Json& p) {
  auto out = text_at(p, {"action"}) + " " + text_at(p, {"symbol"});
  out += labelled("conviction", text_at(p, {"conviction"}));
  out += labelled("for", text_at(p, {"horizon"}));
  out += labelled("from", text_at(p, {"source"}));
  const auto quote = text_at(p, {"rationale_quote"});
  return quote.empty() ? out : out + ": \"" + quote.substr(0, 120) + "\"";
}

std::string lot_words(const Json& lot) {
  return text_at(lot, {"strategy"}) + labelled("stop", text_at(lot, {"stop"})) +
         labelled("target", text_at(lot, {"target"})) + labelled("due", text_at(lot, {"due_session"}));
}
std::string opened_words(const Json& p) {
  const auto* lot = p.find("lot");
  return lot == nullptr ? "" : lot_words(*lot);
}

std::string adopted_words(const Json& p) {
  return text_at(p, {"lot", "quantity"}) + " of what was external, for " + opened_words(p);
}

/// `each` of every member of the list, if there is one.
template <class Each>
void each_of(const Json& p, std::string_view list, Each&& each) {
  if (const auto* found = p.find(list))
    for (const auto& item : found->items)
      each(item);
}

/// "; take profit limit 120.03, heed1.m.tp.x": what came with an entry.
std::string leg_words(const Json& leg) {
  auto name = text_at(leg, {"leg"});
  std::replace(name.begin(), name.end(), '_', ' ');
  return "; " + name + labelled("limit", text_at(leg, {"limit_price"})) +
         labelled("stop", text_at(leg, {"stop_price"})) + ", " + text_at(leg, {"client_order_id"});
}

std::string planned_words(const Json& p) {
  const auto of = [&](std::string_view name) { return text_at(p, {"order", "row", name}); };
  const auto symbol = of("symbol");
  auto out = of("leg") + ": " + of("side") + " " + of("quantity") + (symbol.empty() ? "" : " " + symbol) + " " +
             of("type") + labelled("limit", of("limit_price")) + labelled("stop", of("stop_price")) + ", " +
             of("client_order_id");
  each_of(p, "legs", [&](const Json& leg) { out += leg_words(leg); });
  const auto* lot = at(p, {"opens", "lot"});
  const auto opens = lot == nullptr ? std::string{} : lot_words(*lot);
  return opens.empty() ? out : out + (opens.front() == ' ' ? ";" : "; ") + opens;
}

std::string one_changed(const Json& p) {
  const auto filled = text_at(p, {"cum_qty"});
  auto out = text_at(p, {"order"}) + " " + text_at(p, {"status"});
  if (!filled.empty() && filled != "0")
    out += labelled("filled", filled) + labelled("at", text_at(p, {"avg_px"}));
  return out + labelled("code", text_at(p, {"reject_code"})) + labelled("text:", text_at(p, {"text"}));
}
std::string changed_words(const Json& p) {
  auto out = one_changed(p);
  each_of(p, "more", [&](const Json& other) { out += "; " + one_changed(other); });
  return out;
}

std::string fill_words(const Json& p) {
  return text_at(p, {"quantity"}) + " at " + text_at(p, {"price"}) + labelled("fee", text_at(p, {"fee"})) + ", " +
         text_at(p, {"order"}) + (text_at(p, {"inferred"}) == "yes" ? ", inferred from the order's total" : "");
}

std::string decision_words(const Json& p) {
  auto out = text_at(p, {"disposition", "kind"});
  if (const auto detail = text_at(p, {"disposition", "detail"}); !detail.empty())
    out += ":" + detail;
  const auto reason = text_at(p, {"reason"});
  return reason.empty() ? out : out + ": " + reason;
}

std::string close_words(const Json& p) {
  return text_at(p, {"plan", "intent", "close_reason"}) + labelled("quantity", text_at(p, {"plan", "quantity"}));
}

}  // namespace

std::string event_words(const JournalEvent& event) {
  const auto parsed = net::parse_json(event.payload.empty() ? "{}" : event.payload);
  if (!parsed)
    return event.payload.substr(0, 200);
  static const std::map<std::string_view, std::string (*)(const Json&)> known{
    {"lot_opened", opened_words},     {"lot_adopted", adopted_words}, {"order_planned", planned_words},
    {"order_changed", changed_words}, {"fill_booked", fill_words},    {"decision", decision_words},
    {"close_started", close_words},   {"close_queued", close_words},
  };
  const auto& payload = parsed.value();
  if (event.type == "signal_received")
    return at(payload, {"conviction"}) != nullptr ? call_words(payload) : intent_words(payload);
  const auto words = known.find(event.type);
  return words == known.end() ? plain_members(payload) : words->second(payload);
}

}  // namespace heed::api
