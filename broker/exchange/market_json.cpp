#include "broker/exchange/market_json.hpp"

#include "broker/exchange/order_json.hpp"

namespace heed::exchange {
namespace {

std::string stamp(Instant at) {
  std::string out = "\"t\":\"";
  append_time(out, at);
  return out + "\"";
}

}  // namespace

Instant quoted_at(const Engine& engine, const Asset& asset) {
  return engine.market_open() && asset.quoted && !asset.halted ? engine.now() : asset.priced_at;
}

std::string bar_members(const TimedBar& bar) {
  const Price average = bar.trades == 0 ? bar.close : bar.value / Decimal{bar.trades};
  return stamp(bar.start) + ",\"o\":" + bar.open.str() + ",\"h\":" + bar.high.str() + ",\"l\":" + bar.low.str() +
         ",\"c\":" + bar.close.str() + ",\"v\":" + std::to_string(bar.volume) +
         ",\"n\":" + std::to_string(bar.trades) +
         ",\"vw\":" + average.rounded_to(Decimal::from_units(1000), Rounding::half_even).str();
}

std::string trade_members(const Engine&, const Asset& asset) {
  return stamp(asset.priced_at) + R"(,"x":"V","p":)" + asset.last.str() + R"(,"s":100,"c":["@"],"i":1,"z":"C")";
}

std::string quote_members(const Engine& engine, const Asset& asset) {
  const bool shown = engine.market_open() ? asset.quoted : asset.last.is_positive();
  const std::string price = shown ? asset.last.str() : "0";
  const std::string size = shown ? "1000" : "0";
  return stamp(quoted_at(engine, asset)) + R"(,"ax":"V","ap":)" + price + ",\"as\":" + size + R"(,"bx":"V","bp":)" +
         price + ",\"bs\":" + size + R"(,"c":["R"],"z":"C")";
}

std::string bar_json(const TimedBar& bar) { return "{" + bar_members(bar) + "}"; }
std::string trade_json(const Engine& engine, const Asset& asset) { return "{" + trade_members(engine, asset) + "}"; }
std::string quote_json(const Engine& engine, const Asset& asset) { return "{" + quote_members(engine, asset) + "}"; }

}  // namespace heed::exchange
