// Orders as a gateway gets them: by symbol and number.
#pragma once

#include "messages/order.hpp"

#include <string>

namespace heed::test {

inline ClientOrderId order_name(const char* leg, int number) {
  std::string hash(16, 'a');
  hash[14] = static_cast<char>('a' + number / 26 % 26);
  hash[15] = static_cast<char>('a' + number % 26);
  return ClientOrderId{"heed1.s." + std::string{leg} + "." + hash};
}

inline SubmitOrder entry(const std::string& symbol, int number) {
  SubmitOrder order;
  order.client_order_id = order_name("en", number);
  order.account = "paper";
  order.symbol = Symbol{symbol};
  order.quantity = Quantity{10};
  return order;
}
/// A stop that protects; the naive venue takes it whatever is held.
inline SubmitOrder stop_order(const std::string& symbol, int number) {
  auto order = entry(symbol, number);
  order.client_order_id = order_name("sl", number);
  order.side = Side::sell;
  order.leg = Leg::stop_loss;
  order.type = OrderType::stop;
  order.stop_price = Price{90};
  order.reduce_only = true;
  return order;
}
inline CancelOrder cancel(const std::string& symbol, int number) {
  return {order_name("sl", number), {}, "paper", Symbol{symbol}};
}
inline ReplaceOrder replace(const std::string& symbol, int number, int fresh) {
  ReplaceOrder order;
  order.client_order_id = order_name("sl", number);
  order.new_client_order_id = order_name("sl", fresh);
  order.account = "paper";
  order.symbol = Symbol{symbol};
  order.quantity = Quantity{5};
  return order;
}

}  // namespace heed::test
