// A market for the engine's tests: one or two scripted symbols on a real trading day, with everything that happens
// written down as short lines.
#pragma once

#include "broker/exchange/engine.hpp"
#include "broker/exchange/ledger.hpp"
#include "messages/time.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace heed::exchange::testing {

using namespace literals;

/// New York time on Wednesday 2020-03-04 (behind UTC by five hours) plus `days`.
inline Instant at(int hour, int minute, int second = 0, int days = 0) {
  return Instant{*parse_iso_date("2020-03-04")} + std::chrono::days{days} + std::chrono::hours{hour + 5} +
         std::chrono::minutes{minute} + std::chrono::seconds{second};
}

class Market : public EngineSink {
public:
  static EngineOptions plain() {
    EngineOptions options;
    options.start = at(9, 0);
    options.partial_fill_percent = 0;
    return options;
  }
  explicit Market(EngineOptions options = plain(), std::unique_ptr<PriceFeed> feed = nullptr)
      : ledger{opening(options)},
        engine{std::move(options), feed ? std::move(feed) : make_scripted_feed({"AAPL", "MSFT"})} {
    engine.begin(this);
  }

  static std::vector<Money> opening(const EngineOptions& options) {
    std::vector<Money> cash;
    for (const auto& account : options.accounts)
      cash.push_back(account.cash);
    return cash;
  }

  /// At 09:31 with AAPL at 100 and MSFT at 50.
  Market& opened() {
    engine.advance_to(at(9, 31));
    price("AAPL", 100_d);
    price("MSFT", 50_d);
    return *this;
  }

  void price(const std::string& symbol, Price value) { engine.set_price(symbol, value, false); }
  void slide(const std::string& symbol, Price value) { engine.set_price(symbol, value, true); }

  OrderIndex accept(const OrderRequest& request) {
    auto answer = engine.submit(0, request);
    if (const auto* no = std::get_if<Refusal>(&answer))
      FAIL("refused: " << no->message);
    answered = std::get<OrderIndex>(answer);
    answered_status = std::string{to_string(engine.order(answered).status)};
    engine.settle();
    return answered;
  }
  Refusal refuse(const OrderRequest& request) {
    const auto orders = engine.order_count();
    auto answer = engine.submit(0, request);
    if (std::holds_alternative<OrderIndex>(answer))
      FAIL("accepted, though it must be refused");
    CHECK(engine.order_count() == orders);
    return std::get<Refusal>(answer);
  }
  void cancel(OrderIndex order) {
    const auto no = engine.cancel(order);
    REQUIRE_FALSE(no);
    engine.settle();
  }
  OrderIndex replace(OrderIndex order, const ReplaceRequest& request) {
    auto answer = engine.replace(order, request);
    if (const auto* no = std::get_if<Refusal>(&answer))
      FAIL("refused: " << no->message);
    engine.settle();
    return std::get<OrderIndex>(answer);
  }

  std::string status(OrderIndex order) const { return std::string{to_string(engine.order(order).status)}; }
  const Order& order(OrderIndex index) const { return engine.order(index); }
  const Position& position(const std::string& symbol = "AAPL") const {
    return engine.accounts()[0].positions[engine.find_asset(symbol)->index];
  }
  const Account& account() const { return engine.accounts()[0]; }
  /// What happened since the last call: "new 0", "fill 0 5@100".
  std::vector<std::string> happened() { return std::exchange(lines, {}); }

  void on_trade_event(const TradeEvent& event) override {
    std::string line = std::string{to_string(event.kind)} + " " + std::to_string(event.order);
    if (event.execution != nullptr) {
      const Execution& e = *event.execution;
      line += " " + e.qty.str() + "@" + e.price.str();
      ledger.record(e.account, "#" + std::to_string(e.asset), e.side, e.qty, e.price, e.fee);
    }
    lines.push_back(line);
  }
  void on_split(AccountIndex account, const Asset& asset, const SplitOutcome& outcome) override {
    ledger.record_split(account, "#" + std::to_string(asset.index), engine.now(), outcome);
  }

  std::vector<std::string> lines;
  Ledger ledger;
  OrderIndex answered = no_order;
  std::string answered_status;
  Engine engine;
};

inline OrderRequest market(Side side, Quantity qty, const std::string& symbol = "AAPL") {
  OrderRequest r;
  r.symbol = symbol;
  r.qty = qty;
  r.side = side;
  return r;
}
inline OrderRequest limit(Side side, Quantity qty, Price price, Tif tif = Tif::day) {
  OrderRequest r = market(side, qty);
  r.type = Type::limit;
  r.limit_price = price;
  r.tif = tif;
  return r;
}
inline OrderRequest stop(Side side, Quantity qty, Price price) {
  OrderRequest r = market(side, qty);
  r.type = Type::stop;
  r.stop_price = price;
  return r;
}
inline OrderRequest with_exits(OrderRequest r, Class order_class, std::optional<Price> target,
                               std::optional<Price> stop_price, std::optional<Price> stop_limit = std::nullopt) {
  r.order_class = order_class;
  r.has_take_profit = target.has_value();
  r.take_profit_limit = target;
  r.has_stop_loss = stop_price.has_value();
  r.stop_loss_stop = stop_price;
  r.stop_loss_limit = stop_limit;
  return r;
}
inline OrderRequest bracket(Quantity qty, Price target, Price stop_price, Tif tif = Tif::gtc) {
  OrderRequest r = with_exits(market(Side::buy, qty), Class::bracket, target, stop_price);
  r.tif = tif;
  return r;
}
inline OrderRequest oco(Quantity qty, Price target, Price stop_price) {
  OrderRequest r = market(Side::sell, qty);
  r.type = Type::limit;
  r.tif = Tif::gtc;
  return with_exits(r, Class::oco, target, stop_price);
}

}  // namespace heed::exchange::testing
