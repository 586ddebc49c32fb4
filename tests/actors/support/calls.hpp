// Calls as tests write them.
#pragma once

#include "core/naming.hpp"
#include "messages/mention.hpp"
#include "support/system.hpp"

#include <string>

namespace heed::test {

/// A valid mention of the source "calls"; `key` is its natural key.
inline Mention mention_of(const std::string& key, const Symbol& symbol, MentionAction action,
                          Instant created_at = friday_10, const char* conviction = "0.8") {
  Mention mention;
  mention.external_id = key;
  mention.source = "calls";
  mention.signal = core::signal_id(mention.source, key);
  mention.symbol = symbol;
  mention.action = action;
  mention.conviction = dec(conviction);
  mention.horizon = Horizon::days;
  mention.created_at = mention.published_at = created_at;
  return mention;
}
inline Mention buy(const std::string& key, const Symbol& symbol, Instant created_at = friday_10) {
  return mention_of(key, symbol, MentionAction::buy, created_at);
}
inline Mention sell(const std::string& key, const Symbol& symbol, Instant created_at = friday_10) {
  return mention_of(key, symbol, MentionAction::sell, created_at);
}
inline SignalId signal_of(const std::string& key) { return core::signal_id("calls", key); }

/// Gathers what a Reply brings; the test checks that it came, and once.
template <class T>
struct Answers {
  std::vector<Result<T>> got;
  Reply<T> reply() {
    return [this](Result<T> result) { got.push_back(std::move(result)); };
  }
  const T& one() const {
    REQUIRE(got.size() == 1);
    if (!got.front())
      FAIL(got.front().error().detail);
    return got.front().value();
  }
  const Error& error() const {
    REQUIRE(got.size() == 1);
    REQUIRE_FALSE(got.front().ok());
    return got.front().error();
  }
};

}  // namespace heed::test
