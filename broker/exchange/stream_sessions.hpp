// What is said on the two WebSockets, one object per connection: text in, texts out. No sockets here.
#pragma once

#include "broker/exchange/market_json.hpp"
#include "broker/exchange/wire.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace heed::exchange {

/// `/stream`: order events of one account.
class TradeStream {
public:
  explicit TradeStream(const Wire& wire) : wire_{wire} {}
  /// Answers, in order.
  std::vector<std::string> on_message(std::string_view text);
  /// The account whose trade_updates this client listens to.
  std::optional<AccountIndex> listens_to() const { return listening_ ? account_ : std::nullopt; }

private:
  const Wire& wire_;
  std::optional<AccountIndex> account_;
  bool listening_ = false;
};

/// `/v2/{feed}`: trades, quotes and minute bars.
class MarketStream {
public:
  explicit MarketStream(const Wire& wire) : wire_{wire} {}
  static std::string greeting() { return R"([{"T":"success","msg":"connected"}])"; }
  std::vector<std::string> on_message(std::string_view text);
  /// Messages for a new price, and for a minute that has ended; empty when nobody here asked for it.
  std::string on_price(const Engine& engine, const Asset& asset) const;
  std::string on_minute(const std::string& symbol, const TimedBar& bar) const;
  bool authenticated() const { return authenticated_; }

private:
  std::vector<std::string> change(const std::string& action, const net::Json& message);
  std::string subscription() const;
  bool wants(const char* channel, const std::string& symbol) const;

  const Wire& wire_;
  bool authenticated_ = false;
  std::map<std::string, std::set<std::string>> channels_;
};

}  // namespace heed::exchange
