#include "api/render.hpp"

#include "net/json.hpp"

#include <algorithm>

namespace heed::api {

bool is_ratio(std::string_view field) {
  return field == "conviction" || field == "reward_risk" || field.ends_with("_fraction") ||
         field.ends_with("_fraction_max");
}

bool is_document(std::string_view field) { return field == "payload" || field == "metadata"; }

bool is_internal(std::string_view field) { return field == "state" || field == "live"; }

void append_document(std::string& out, std::string_view text) {
  if (text.empty()) {
    out += "null";
  } else if (net::parse_json(text)) {
    // A line break may stand between its tokens, and an event stream ends a message at one.
    const auto begin = out.size();
    out += text;
    std::replace_if(
      out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(), [](char c) { return c == '\n' || c == '\r'; },
      ' ');
  } else {
    append_json(out, text);
  }
}

void append_decision(std::string& out, const Decision& decision, const DecisionLinks& links) {
  out += "{\"account\":";
  append_json(out, decision.account);
  out += ",\"disposition\":";
  append_json(out, decision.disposition.str());
  out += ",\"reason\":";
  append_json(out, decision.reason);
  out += ",\"final\":";
  append_json(out, is_final(decision.disposition.kind));
  out += ",\"at\":";
  append_json(out, decision.at);
  out += ",\"intents\":";
  append_json(out, links.intents);
  out += ",\"orders\":";
  append_json(out, links.orders);
  out += '}';
}

std::string shown_position(const PositionRow& row) {
  std::string quarantine;
  Quantity external;
  if (const auto state = net::parse_json(row.state)) {
    if (const auto* reason = state.value().find("quarantine"); reason != nullptr && reason->is_string())
      quarantine = reason->text;
    if (const auto* lots = state.value().find("lots"))
      for (const auto& lot : lots->items) {
        const auto* strategy = lot.find("strategy");
        const auto* quantity = lot.find("quantity");
        if (strategy != nullptr && strategy->text == "external" && quantity != nullptr)
          external += quantity->decimal().value_or(Decimal{});
      }
  }
  auto out = shown(row);
  out.back() = ',';
  out += "\"external_quantity\":";
  append_json(out, external);
  out += ",\"quarantine\":";
  if (quarantine.empty())
    out += "null";
  else
    append_json(out, quarantine);
  return out + "}";
}

std::string signal_status(const SignalView& view) {
  if (view.decisions.empty())
    return std::string{to_string(DispositionKind::received)};
  const auto open = std::find_if(view.decisions.begin(), view.decisions.end(),
                                 [](const Decision& d) { return !is_final(d.disposition.kind); });
  if (open != view.decisions.end())
    return open->disposition.str();
  const auto& first = view.decisions.front().disposition;
  const bool common = std::all_of(view.decisions.begin(), view.decisions.end(),
                                  [&](const Decision& d) { return d.disposition == first; });
  return common ? first.str() : "mixed";
}

void append_signal(std::string& out, const SignalView& view, const std::vector<DecisionLinks>& links,
                   bool with_body) {
  const auto& s = view.signal;
  const auto member = [&out](std::string_view name, const auto& value) {
    out += ",\"";
    out += name;
    out += "\":";
    append_json(out, value);
  };
  out += "{\"signal_id\":";
  append_json(out, s.signal);
  member("source", s.source);
  member("origin", s.origin);
  member("symbol", s.symbol);
  member("action", s.action);
  member("received_at", s.received_at);
  member("status", signal_status(view));
  member("idempotency_key", s.idempotency_key);
  member("followers", s.followers);
  if (with_body) {
    out += ",\"body\":";
    append_document(out, s.body);
  }
  out += ",\"decisions\":[";
  for (std::size_t i = 0; i < view.decisions.size(); ++i) {
    out += i == 0 ? "" : ",";
    append_decision(out, view.decisions[i], i < links.size() ? links[i] : DecisionLinks{});
  }
  out += "]}";
}

}  // namespace heed::api
