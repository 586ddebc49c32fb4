// Rows as the API shows them: the fields of the row by their names, money and quantities as strings, ratios as
// numbers, documents inside documents, and without what only the daemon itself can read.
#pragma once

#include "messages/disposition.hpp"
#include "messages/intent.hpp"
#include "messages/order.hpp"
#include "messages/records.hpp"
#include "persistence/journal.hpp"
#include "persistence/json_write.hpp"

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

namespace heed::api {

/// A decimal under this name is a ratio or a percentage.
bool is_ratio(std::string_view field);
/// A string under this name holds JSON of our own.
bool is_document(std::string_view field);
/// State that has no meaning outside of the daemon: left away.
bool is_internal(std::string_view field);
/// `text` as it is if it is valid JSON; else as a string; empty gives null.
void append_document(std::string& out, std::string_view text);

template <class T>
void append_shown(std::string& out, const T& value);

namespace render_detail {

template <class T>
void append_member(std::string& out, std::string_view name, const T& field) {
  if constexpr (std::same_as<T, Decimal>) {
    if (is_ratio(name)) {
      out += short_text(field).view();
      return;
    }
  } else if constexpr (std::same_as<T, std::optional<Decimal>>) {
    if (field && is_ratio(name)) {
      out += short_text(*field).view();
      return;
    }
  } else if constexpr (std::same_as<T, std::string>) {
    if (is_document(name)) {
      append_document(out, field);
      return;
    }
  }
  append_shown(out, field);
}

}  // namespace render_detail

template <class T>
void append_shown(std::string& out, const T& value) {
  if constexpr (json_detail::FieldStruct<T>) {
    bool first = true;
    out += '{';
    T::fields(value, [&](std::string_view name, const auto& field) {
      if (is_internal(name))
        return;
      out += first ? "\"" : ",\"";
      first = false;
      out += name;
      out += "\":";
      render_detail::append_member(out, name, field);
    });
    out += '}';
  } else if constexpr (json_detail::is_optional<T>) {
    if (value)
      append_shown(out, *value);
    else
      out += "null";
  } else if constexpr (json_detail::List<T>) {
    json_detail::append_list(out, value, [&out](const auto& item) { append_shown(out, item); });
  } else {
    append_json(out, value);
  }
}

template <class T>
std::string shown(const T& value) {
  std::string out;
  append_shown(out, value);
  return out;
}

/// Names of what a decision made.
struct DecisionLinks {
  std::vector<IntentId> intents;
  std::vector<ClientOrderId> orders;
};

/// One decision with its links.
void append_decision(std::string& out, const Decision& decision, const DecisionLinks& links);

/// A signal as /signals lists it; `links` has one entry per decision.
/// A position with what of it no order of ours explains, and why it is quarantined.
std::string shown_position(const PositionRow& row);

void append_signal(std::string& out, const SignalView& view, const std::vector<DecisionLinks>& links, bool with_body);

/// Where a signal stands as a whole: its decisions' common disposition, else the first that is not final, else
/// "mixed"; "received" before any.
std::string signal_status(const SignalView& view);

}  // namespace heed::api
