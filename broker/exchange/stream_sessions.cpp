#include "broker/exchange/stream_sessions.hpp"

#include "net/json.hpp"
#include "net/json_writer.hpp"

#include <algorithm>
#include <array>

namespace heed::exchange {
namespace {

constexpr std::array<const char*, 9> channels{"trades",   "quotes", "bars",        "updatedBars", "dailyBars",
                                              "statuses", "lulds",  "corrections", "cancelErrors"};

std::string text_of(const net::Json& object, std::string_view name) {
  const net::Json* found = object.find(name);
  return found != nullptr && found->is_string() ? found->text : std::string{};
}

std::string authorization(bool granted, const std::string& action) {
  return R"({"stream":"authorization","data":{"status":")" + std::string{granted ? "authorized" : "unauthorized"} +
         R"(","action":")" + action + "\"}}";
}

std::string market_error(int code, const std::string& message) {
  return R"([{"T":"error","code":)" + std::to_string(code) + R"(,"msg":")" + message + "\"}]";
}

}  // namespace

std::vector<std::string> TradeStream::on_message(std::string_view text) {
  const auto json = net::parse_json(text);
  if (!json || !json.value().is_object())
    return {R"({"action":"error","data":{"error_message":"invalid message"}})"};
  const net::Json& message = json.value();
  const std::string action = text_of(message, "action");
  static const net::Json none;
  const net::Json* data = message.find("data") != nullptr ? message.find("data") : &none;
  if (action == "auth" || action == "authenticate") {
    const bool older = action == "authenticate";
    account_ = older ? wire_.authenticate(text_of(*data, "key_id"), text_of(*data, "secret_key"))
                     : wire_.authenticate(text_of(message, "key"), text_of(message, "secret"));
    return {authorization(account_.has_value(), "authenticate")};
  }
  if (action != "listen")
    return {R"({"action":"error","data":{"error_message":"unknown action"}})"};
  if (!account_)
    return {authorization(false, "listen")};
  listening_ = false;
  if (const net::Json* streams = data->find("streams"))
    for (const net::Json& stream : streams->items)
      listening_ = listening_ || (stream.is_string() && stream.text == "trade_updates");
  return {listening_ ? R"({"stream":"listening","data":{"streams":["trade_updates"]}})"
                     : R"({"stream":"listening","data":{"streams":[]}})"};
}

std::vector<std::string> MarketStream::on_message(std::string_view text) {
  const auto json = net::parse_json(text);
  if (!json || !json.value().is_object())
    return {market_error(400, "invalid syntax")};
  const net::Json& message = json.value();
  const std::string action = text_of(message, "action");
  if (action == "auth") {
    if (authenticated_)
      return {market_error(403, "already authenticated")};
    authenticated_ = wire_.authenticate(text_of(message, "key"), text_of(message, "secret")).has_value();
    return {authenticated_ ? R"([{"T":"success","msg":"authenticated"}])" : market_error(402, "auth failed")};
  }
  if (!authenticated_)
    return {market_error(401, "not authenticated")};
  if (action == "subscribe" || action == "unsubscribe")
    return change(action, message);
  return {market_error(400, "invalid syntax")};
}

std::vector<std::string> MarketStream::change(const std::string& action, const net::Json& message) {
  for (const auto& [name, symbols] : message.members) {
    if (name == "action")
      continue;
    if (std::find(channels.begin(), channels.end(), name) == channels.end() || !symbols.is_array())
      return {market_error(410, "invalid subscribe action for this feed")};
    for (const net::Json& symbol : symbols.items) {
      if (!symbol.is_string())
        return {market_error(400, "invalid syntax")};
      if (action == "subscribe")
        channels_[name].insert(symbol.text);
      else
        channels_[name].erase(symbol.text);
    }
  }
  return {subscription()};
}

std::string MarketStream::subscription() const {
  net::JsonWriter w;
  w.begin_array().begin_object().key("T").value("subscription");
  for (const char* channel : channels) {
    w.key(channel).begin_array();
    if (const auto found = channels_.find(channel); found != channels_.end())
      for (const auto& symbol : found->second)
        w.value(symbol);
    w.end_array();
  }
  w.end_object().end_array();
  return std::move(w).str();
}

bool MarketStream::wants(const char* channel, const std::string& symbol) const {
  const auto found = channels_.find(channel);
  return found != channels_.end() && (found->second.contains(symbol) || found->second.contains("*"));
}

std::string MarketStream::on_price(const Engine& engine, const Asset& asset) const {
  std::string out;
  const auto add = [&](const char* type, const std::string& members) {
    out += (out.empty() ? "[" : ",") + std::string{R"({"T":")"} + type + R"(","S":)" + net::quoted(asset.symbol) +
           "," + members + "}";
  };
  if (wants("trades", asset.symbol))
    add("t", trade_members(engine, asset));
  if (wants("quotes", asset.symbol))
    add("q", quote_members(engine, asset));
  return out.empty() ? out : out + "]";
}

std::string MarketStream::on_minute(const std::string& symbol, const TimedBar& bar) const {
  if (!wants("bars", symbol))
    return {};
  return R"([{"T":"b","S":)" + net::quoted(symbol) + "," + bar_members(bar) + "}]";
}

}  // namespace heed::exchange
