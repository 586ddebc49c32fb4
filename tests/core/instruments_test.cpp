#include "core/instruments.hpp"

#include "tests/core/support.hpp"

#include <catch2/catch.hpp>

using namespace heed;
using namespace heed::core;
using namespace heed::test;

namespace {

Instrument share() { return {"NVDA", AssetClass::us_equity, true, true, true, dec("0.01"), Quantity{1}, Decimal{1}}; }
Instrument micro_nasdaq() {
  return {"MNQZ5", AssetClass::future, true, true, false, dec("0.25"), Quantity{1}, Decimal{2}};
}

ProtectionSpec levels(std::optional<Level> stop, std::optional<Level> target, const char* reward_risk = "2") {
  ProtectionSpec spec;
  spec.stop = stop;
  spec.target = target;
  spec.reward_risk = dec(reward_risk);
  return spec;
}

std::string text(const std::optional<Price>& price) { return price ? price->str() : "-"; }

}  // namespace

TEST_CASE("the tick of an equity depends on its price", "[instruments]") {
  CHECK(equity_tick(dec("1")) == dec("0.01"));
  CHECK(equity_tick(dec("0.9999")) == dec("0.0001"));
  CHECK(tick_for(share(), dec("250")) == dec("0.01"));
  CHECK(tick_for(share(), dec("0.5")) == dec("0.0001"));
  CHECK(tick_for(micro_nasdaq(), dec("0.5")) == dec("0.25"));
}

TEST_CASE("levels are rounded away from the entry", "[instruments]") {
  struct Row {
    const char *level, *entry, *rounded;
  };
  const Row rows[]{{"91.999", "100", "91.99"},   {"92", "100", "92"},        {"120.001", "100", "120.01"},
                   {"120", "100", "120"},        {"0.91237", "1", "0.9123"}, {"0.99991", "0.9", "1"},
                   {"0.50001", "0.4", "0.5001"}, {"1.00999", "1.2", "1"},    {"0.000049", "1", "0"}};
  for (const auto& row : rows) {
    INFO(row.level << " from " << row.entry);
    CHECK(round_away(dec(row.level), dec(row.entry), share()).str() == row.rounded);
  }
  CHECK(round_away(dec("21000.3"), dec("21010"), micro_nasdaq()) == dec("21000.25"));
  CHECK(round_away(dec("21020.3"), dec("21010"), micro_nasdaq()) == dec("21020.5"));
}

TEST_CASE("exit prices of an entry", "[instruments]") {
  using K = LevelKind;
  struct Row {
    const char* why;
    ProtectionSpec spec;
    Side side;
    const char* entry;
    bool future;
    const char *stop, *target;
  };
  const Row rows[]{
    {"the mention's bracket", levels(Level{K::percent, dec("8")}, Level{K::percent, dec("20")}), Side::buy, "123.45",
     false, "113.57", "148.14"},
    {"short", levels(Level{K::percent, dec("8")}, Level{K::percent, dec("20")}), Side::sell, "123.45", false,
     "133.33", "98.76"},
    {"ticks", levels(Level{K::ticks, dec("40")}, Level{K::ticks, dec("80")}), Side::buy, "21000", true, "20990",
     "21020"},
    {"derived target", levels(Level{K::ticks, dec("40")}, std::nullopt), Side::buy, "21000", true, "20990", "21020"},
    {"derived target, short", levels(Level{K::price, dec("105")}, std::nullopt, "1.5"), Side::sell, "100", false,
     "105", "92.5"},
    {"derived from the asked level, not the rounded one", levels(Level{K::price, dec("99.995")}, std::nullopt),
     Side::buy, "100", false, "99.99", "100.01"},
    {"target only", levels(std::nullopt, Level{K::price, dec("101")}), Side::buy, "100", false, "-", "101"},
    {"none", levels(std::nullopt, std::nullopt), Side::buy, "100", false, "-", "-"},
    {"penny stock", levels(Level{K::percent, dec("8")}, Level{K::percent, dec("20")}), Side::buy, "0.3333", false,
     "0.3066", "0.4"},
  };
  for (const auto& row : rows) {
    INFO(row.why);
    const auto exits = exit_prices(row.spec, row.side, dec(row.entry), row.future ? micro_nasdaq() : share());
    REQUIRE(exits.ok());
    CHECK(text(exits.value().stop) == row.stop);
    CHECK(text(exits.value().target) == row.target);
    CHECK(exits.value().target_derived == (row.spec.stop && !row.spec.target));
  }
  const auto by_fraction = exit_prices(dec("0.08"), dec("0.2"), Side::buy, dec("10"), share());
  CHECK(text(by_fraction.value().stop) == "9.2");
  CHECK(text(by_fraction.value().target) == "12");
  const auto no_target = exit_prices(dec("0.08"), Decimal{}, Side::buy, dec("10"), share());
  CHECK(text(no_target.value().target) == "-");
}

TEST_CASE("impossible exit prices are refused with their values", "[instruments]") {
  using K = LevelKind;
  struct Row {
    ProtectionSpec spec;
    Side side;
    const char* entry;
    const char* told;
  };
  const Row rows[]{
    {levels(Level{K::price, dec("101")}, std::nullopt), Side::buy, "100", "stop 101 must lie below the entry"},
    {levels(Level{K::price, dec("100")}, std::nullopt), Side::buy, "100", "stop 100 must lie below"},
    {levels(Level{K::price, dec("99")}, std::nullopt), Side::sell, "100", "stop 99 must lie above"},
    {levels(std::nullopt, Level{K::price, dec("99")}), Side::buy, "100", "target 99 must lie above"},
    {levels(Level{K::percent, dec("100")}, std::nullopt), Side::buy, "100", "stop 0 is not a price"},
    {levels(Level{K::percent, dec("150")}, std::nullopt), Side::buy, "100", "stop -50 is not a price"},
    {levels(Level{K::price, dec("0.00001")}, std::nullopt), Side::buy, "100", "less than one tick"},
    {levels(Level{K::percent, dec("8")}, std::nullopt), Side::buy, "0", "above zero, not 0"},
    {levels(Level{K::percent, dec("60")}, std::nullopt), Side::sell, "100", "target -20 is not a price"},
  };
  for (const auto& row : rows) {
    const auto exits = exit_prices(row.spec, row.side, dec(row.entry), share());
    REQUIRE_FALSE(exits.ok());
    CHECK(exits.error().kind == ErrorKind::invalid);
    CHECK(exits.error().code == "PROTECTION_INVALID");
    CHECK_THAT(exits.error().detail, Catch::Contains(row.told));
  }
}

TEST_CASE("a stop and a target never lie nearer than was asked for", "[instruments][property]") {
  Chance chance{21};
  for (int i = 0; i < 20'000; ++i) {
    const Price entry = Decimal::from_units(chance.between(100'000, 900'000'000'000));
    const Side side = chance.one_in(2) ? Side::buy : Side::sell;
    const auto exits = exit_prices(dec("0.08"), dec("0.2"), side, entry, share());
    if (!exits.ok())
      continue;  // below one tick
    const Price stop = *exits.value().stop;
    const Price target = *exits.value().target;
    CHECK((entry - stop).abs() >= Decimal::mul(entry, dec("0.08"), Rounding::floor));
    CHECK((entry - target).abs() >= Decimal::mul(entry, dec("0.2"), Rounding::floor));
    CHECK(stop.is_multiple_of(equity_tick(stop)));
    CHECK(target.is_multiple_of(equity_tick(target)));
    CHECK((stop < entry) == (side == Side::buy));
    CHECK((target > entry) == (side == Side::buy));
  }
}

TEST_CASE("how much a sum buys", "[instruments]") {
  struct Row {
    const char *dollars, *price;
    bool fractional;
    const char* quantity;
  };
  const Row rows[]{{"3000", "123.45", false, "24"},
                   {"3000", "123.45", true, "24.3013"},
                   {"3000", "3000", false, "1"},
                   {"3000", "3000.01", false, "0"},
                   {"3000", "3000.01", true, "0.9999"},
                   {"0", "10", false, "0"},
                   {"-5", "10", false, "0"},
                   {"100", "0", false, "0"},
                   {"1", "0.0001", false, "10000"}};
  for (const auto& row : rows) {
    INFO(row.dollars << " at " << row.price);
    CHECK(quantity_for(dec(row.dollars), dec(row.price), share(), row.fractional).str() == row.quantity);
  }
  CHECK(quantity_for(dec("100000"), dec("21000"), micro_nasdaq(), false) == Quantity{2});
}

TEST_CASE("what was bought never costs more than the sum", "[instruments][property]") {
  Chance chance{22};
  for (int i = 0; i < 20'000; ++i) {
    const Money dollars = Decimal::from_units(chance.between(1, 500'000) * 10'000'000);
    const Price price = Decimal::from_units(chance.between(1'000'000, 900'000'000'000));
    const bool fractional = chance.one_in(2);
    const auto quantity = quantity_for(dollars, price, share(), fractional);
    CHECK(Decimal::mul(quantity, price, Rounding::floor) <= dollars);
    const auto more = quantity + (fractional ? dec("0.0001") : Decimal{1});
    CHECK(Decimal::mul(more, price, Rounding::ceil) >= dollars);
  }
}

TEST_CASE("slipped fills and scaled prices are rounded once", "[instruments]") {
  CHECK(slipped(dec("100"), Side::buy, dec("0.0005")) == dec("100.05"));
  CHECK(slipped(dec("100"), Side::sell, dec("0.0005")) == dec("99.95"));
  CHECK(slipped(dec("12.3457"), Side::buy, dec("0.0005")) == dec("12.3519"));  // 12.35187285
  CHECK(slipped(dec("0.1"), Side::buy, dec("0.0005")) == dec("0.1"));          // 0.10005, half-even
  CHECK(slipped(dec("0.3"), Side::buy, dec("0.0005")) == dec("0.3002"));       // 0.30015
  CHECK(slipped(dec("10"), Side::buy, Decimal{}) == dec("10"));
  CHECK(scaled_to(dec("0.333333333"), dec("0.15"), dec("0.05"), Rounding::half_even) == dec("0.05"));
  CHECK(scaled_to(dec("123.45"), dec("0.92"), dec("0.01"), Rounding::floor) == dec("113.57"));
  CHECK(scaled_to(dec("1.000000001"), dec("0.5"), dec("0.5"), Rounding::ceil) == dec("1"));
}

TEST_CASE("an entry pays the other side of the quote", "[instruments]") {
  Quote quote{"MNQZ5", dec("20999.75"), dec("21000"), dec("21000"), {}};
  CHECK(price_to_enter(Side::buy, quote) == dec("21000"));
  CHECK(price_to_enter(Side::sell, quote) == dec("20999.75"));
  quote.ask = Price{};
  CHECK_FALSE(price_to_enter(Side::buy, quote));
}
