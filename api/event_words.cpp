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

std::string plain_members(const Json& payload) {
  std::string out;
  for (const auto& [name, value] : payload.members) {
    const auto text = scalar(&value);
    if (text.empty())
      continue;
    std::string words = name;
    std::replace(words.begin(), words.end(), '_', ' ');
    out += (out.empty() ? "" : ", ") + words + " " + text;
  }
  return out;
}

std::string call_words(const Json& p) {
  auto out = text_at(p, {"action"}) + " " + text_at(p, {"symbol"});
  out += labelled("conviction", text_at(p, {"conviction"}));
  out += labelled("for", text_at(p, {"horizon"}));
  out += labelled("from", text_at(p, {"source"}));
  const auto quote = text_at(p, {"rationale_quote"});
  return quote.empty() ? out : out + ": \"" + quote.substr(0, 120) + "\"";
}

std::string lot_words(const Json& p) {
  return text_at(p, {"lot", "strategy"}) + labelled("stop", text_at(p, {"lot", "stop"})) +
         labelled("target", text_at(p, {"lot", "target"})) + labelled("due", text_at(p, {"lot", "due_session"}));
}

std::string adopted_words(const Json& p) {
  return text_at(p, {"lot", "quantity"}) + " of what was external, for " + lot_words(p);
}

std::string planned_words(const Json& p) {
  const auto of = [&](std::string_view name) { return text_at(p, {"order", "row", name}); };
  return of("leg") + ": " + of("side") + " " + of("quantity") + " " + of("symbol") + " " + of("type") +
         labelled("limit", of("limit_price")) + labelled("stop", of("stop_price")) + ", " + of("client_order_id");
}

std::string changed_words(const Json& p) {
  const auto filled = text_at(p, {"cum_qty"});
  auto out = text_at(p, {"order"}) + " " + text_at(p, {"status"});
  if (filled != "0")
    out += labelled("filled", filled) + labelled("at", text_at(p, {"avg_px"}));
  return out + labelled("code", text_at(p, {"reject_code"})) + labelled("text:", text_at(p, {"text"}));
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
    {"lot_opened", lot_words},        {"lot_adopted", adopted_words}, {"order_planned", planned_words},
    {"order_changed", changed_words}, {"fill_booked", fill_words},    {"decision", decision_words},
    {"close_started", close_words},   {"close_queued", close_words},
  };
  const auto& payload = parsed.value();
  if (event.type == "signal_received" && at(payload, {"conviction"}) != nullptr)
    return call_words(payload);
  const auto words = known.find(event.type);
  return words == known.end() ? plain_members(payload) : words->second(payload);
}

}  // namespace heed::api
