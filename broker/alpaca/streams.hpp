// What is said on the two streams: log-in, subscription, messages.
#pragma once

#include "broker/alpaca/link.hpp"
#include "broker/alpaca/wire.hpp"
#include "messages/market.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace heed::alpaca {

struct Credentials {
  std::string key;
  std::string secret;
};

/// trade_updates. Up only when the venue has confirmed the subscription. A message that cannot be read ends the
/// session, since it may have been a fill: the new session's reconciliation finds out.
class OrderStream : public std::enable_shared_from_this<OrderStream> {
public:
  struct Hooks {
    std::function<void(TradeUpdate)> update;
    std::function<void(bool up, std::string why)> link;
    std::function<void(std::string_view message, std::string error)> unreadable;
  };
  OrderStream(std::shared_ptr<Link> link, Credentials credentials, Hooks hooks);
  void start();
  void stop();

private:
  void message(std::string_view text);
  void unreadable(std::string_view text, const Error& error);
  void authorization(const net::Json& data);
  void listening(const net::Json& data);

  std::shared_ptr<Link> link_;
  Credentials credentials_;
  Hooks hooks_;
};

/// Quotes and trades of the watched symbols, folded into one Quote each. Connected only while something is watched
/// for the first time; best effort.
class DataStream : public std::enable_shared_from_this<DataStream> {
public:
  struct Hooks {
    std::function<void(Quote)> quote;
    std::function<void(std::string_view message, std::string error)> problem;
  };
  DataStream(std::shared_ptr<Link> link, Credentials credentials, Hooks hooks);
  void start();
  void stop();
  void watch(const std::vector<Symbol>& symbols);

private:
  void connect_if_wanted();
  void message(std::string_view text);
  void control(const net::Json& item, std::string_view text);
  void market(const net::Json& item, std::string_view text);

  std::shared_ptr<Link> link_;
  Credentials credentials_;
  Hooks hooks_;
  std::mutex mutex_;
  std::map<Symbol, Quote> quotes_;
  bool started_ = false;
  bool connecting_ = false;
  bool subscribed_ = false;
};

}  // namespace heed::alpaca
