// Random commands against random prices: whatever comes, the sums agree after every step.
#include "market.hpp"

#include <algorithm>

using namespace heed;
using namespace heed::exchange;
using namespace heed::exchange::testing;

namespace {

constexpr const char* symbols[] = {"AAPL", "MSFT"};

class Storm {
public:
  explicit Storm(std::uint64_t seed) : chance_{seed}, market_{options(seed, chance_)} {
    market_.engine.advance_to(at(9, 31));
    market_.price("AAPL", 100_d);
    market_.price("MSFT", 50_d);
  }

  static EngineOptions options(std::uint64_t seed, Chance& chance) {
    auto o = Market::plain();
    o.seed = seed;
    o.partial_fill_percent = static_cast<int>(chance.below(3)) * 30;
    o.venue_delay = std::chrono::seconds{chance.below(2)};
    o.slippage = chance.below(2) == 0 ? Decimal{} : 0.0005_d;
    o.fee_per_order = Decimal{static_cast<std::int64_t>(chance.below(2))};
    o.accounts[0].multiplier = static_cast<int>(chance.below(2)) + 1;
    return o;
  }

  void step() {
    switch (chance_.below(12)) {
      case 0:
      case 1: submit(simple()); break;
      case 2:
      case 3: submit(group()); break;
      case 4: cancel(); break;
      case 5: replace(); break;
      case 6: close(); break;
      case 7: halt(); break;
      case 8: market_.engine.advance_to(market_.engine.now() + std::chrono::minutes{chance_.below(90)}); break;
      case 9: market_.engine.advance_to(market_.engine.now() + std::chrono::milliseconds{chance_.below(1500)}); break;
      default: market_.engine.set_price(symbol(), near(last(), 12), chance_.below(2) == 0); break;
    }
    market_.engine.settle();
  }

  void check() const {
    const Engine& e = market_.engine;
    const Account& a = e.accounts()[0];
    check_money(e, a);
    std::vector<Quantity> selling(e.assets().size()), buying(e.assets().size());
    Money reserved;
    for (OrderIndex i = 0; i < e.order_count(); ++i) {
      const Order& o = e.order(i);
      check_order(e, o);
      reserved += o.reserved;
      (o.side == Side::sell ? selling : buying)[o.asset] += o.holding;
    }
    CHECK(a.reserved == reserved);
    for (const auto& asset : e.assets()) {
      const Position& p = a.positions[asset.index];
      CHECK(p.selling == selling[asset.index]);
      CHECK(p.buying == buying[asset.index]);
      CHECK_FALSE(p.available().is_negative());
      CHECK(p.available() <= p.qty.abs());
      CHECK(p.available() + p.held() == p.qty.abs());
    }
    CHECK_FALSE(e.buying_power(a).is_negative());
  }

  const Market& market() const { return market_; }

private:
  // cash + what the positions cost = what was there + what was realized - fees, in both sets of books
  void check_money(const Engine& e, const Account& a) const {
    Money cost, realized, value;
    for (const auto& asset : e.assets()) {
      const Position& p = a.positions[asset.index];
      cost += p.cost;
      realized += p.realized;
      value += p.qty * asset.last;
      Quantity traded;
      for (const auto& x : e.executions())
        if (x.asset == asset.index)
          traded += x.side == Side::buy ? x.qty : -x.qty;
      CHECK(p.qty == traded);
      const auto& books = market_.ledger.book(0).positions;
      if (const auto found = books.find("#" + std::to_string(asset.index)); found != books.end()) {
        CHECK(found->second.qty == p.qty);
        CHECK((found->second.average - p.average().abs()).abs() < 0.00001_d);
        CHECK((found->second.realized - p.realized).abs() < 0.001_d);
      }
    }
    CHECK((a.cash + cost - (100'000_d + realized - a.fees)).abs() < 0.000001_d);
    CHECK(a.cash + value == a.equity());
    CHECK(market_.ledger.book(0).cash == a.cash);
  }

  static void check_order(const Engine& e, const Order& o) {
    CHECK_FALSE(o.filled_qty.is_negative());
    CHECK(o.filled_qty <= o.qty);
    CHECK_FALSE(o.reserved.is_negative());
    CHECK_FALSE(o.holding.is_negative());
    CHECK((o.status == exchange::Status::filled) ==
          (o.filled_qty == o.qty && !o.qty.is_zero() && o.filled_at.has_value()));
    if (!is_open(o.status)) {
      CHECK(o.reserved.is_zero());
      CHECK(o.holding.is_zero());
      CHECK(o.book == 0);
    }
    if (o.status == exchange::Status::replaced && o.replaced_by != no_order)
      CHECK(e.order(o.replaced_by).replaces == o.index);
    // Of a pair at most one leg has traded in full, and together not more than the entry.
    if (o.role == Role::entry && o.take_profit != no_order && o.stop_loss != no_order) {
      CHECK(e.order(o.take_profit).filled_qty + e.order(o.stop_loss).filled_qty <= o.filled_qty);
      if (o.status != exchange::Status::filled)
        CHECK(e.order(o.take_profit).filled_qty.is_zero());
    }
  }

  std::string symbol() { return symbol_ = symbols[chance_.below(2)]; }
  Price last() const { return market_.engine.find_asset(symbol_)->last; }
  Price near(Price price, std::uint64_t percent) {
    const auto ppm = static_cast<std::int64_t>(chance_.below(20'000 * percent)) - 10'000 * static_cast<int>(percent);
    const Price moved = price + price * Decimal::from_units(ppm * 1000);
    return std::max(moved.rounded_to(0.01_d, Rounding::half_even), Decimal{5});
  }
  OrderRequest simple() {
    OrderRequest r = testing::market(chance_.below(2) == 0 ? Side::buy : Side::sell,
                                     Decimal{static_cast<std::int64_t>(1 + chance_.below(60))}, symbol());
    r.type = static_cast<Type>(chance_.below(4));
    r.tif = static_cast<Tif>(chance_.below(6));
    if (r.type == Type::limit || r.type == Type::stop_limit)
      r.limit_price = near(last(), 5);
    if (r.type == Type::stop || r.type == Type::stop_limit)
      r.stop_price = near(last(), 5);
    return r;
  }
  OrderRequest group() {
    OrderRequest r = simple();
    r.type = chance_.below(2) == 0 ? Type::market : Type::limit;
    r.tif = chance_.below(2) == 0 ? Tif::day : Tif::gtc;
    r.stop_price.reset();
    r.limit_price = r.type == Type::limit ? std::optional{near(last(), 3)} : std::nullopt;
    const bool up = r.side == Side::buy;
    const Price above = (last() * 1.06_d).rounded_to(0.01_d, Rounding::up);
    const Price below = (last() * 0.94_d).rounded_to(0.01_d, Rounding::down);
    switch (chance_.below(3)) {
      case 0: return with_exits(r, Class::bracket, up ? above : below, up ? below : above);
      case 1: return with_exits(r, Class::oto, std::nullopt, up ? below : above);
      default:
        r.type = Type::limit;
        r.limit_price.reset();
        return with_exits(r, Class::oco, up ? below : above, up ? above : below);
    }
  }
  void submit(const OrderRequest& r) { market_.engine.submit(0, r); }
  OrderIndex any_order() {
    return static_cast<OrderIndex>(chance_.below(std::max<std::uint64_t>(1, market_.engine.order_count())));
  }
  void cancel() {
    if (market_.engine.order_count() > 0)
      market_.engine.cancel(any_order());
  }
  void replace() {
    if (market_.engine.order_count() == 0)
      return;
    const OrderIndex index = any_order();
    symbol_ = symbols[market_.engine.order(index).asset];
    ReplaceRequest r;
    if (chance_.below(2) == 0)
      r.qty = Decimal{static_cast<std::int64_t>(1 + chance_.below(60))};
    if (market_.engine.order(index).limit_price)
      r.limit_price = near(last(), 5);
    if (market_.engine.order(index).stop_price)
      r.stop_price = near(last(), 5);
    market_.engine.replace(index, r);
  }
  void close() {
    const auto asset = market_.engine.find_asset(symbol())->index;
    const auto qty = market_.engine.accounts()[0].positions[asset].available();
    if (qty.is_positive())
      market_.engine.close_position(0, asset, qty);
  }
  void halt() { market_.engine.set_halted(symbol(), chance_.below(3) == 0); }

  Chance chance_;
  std::string symbol_ = "AAPL";
  Market market_;
};

}  // namespace

TEST_CASE("whatever is asked of the exchange, money and shares add up after each step") {
  std::size_t executions = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    Storm storm{seed};
    for (int i = 0; i < 250; ++i) {
      CAPTURE(i);
      storm.step();
      storm.check();
    }
    executions += storm.market().engine.executions().size();
  }
  CHECK(executions > 500);  // the storm does trade
}

TEST_CASE("the same seed and commands give the same events, ids included, however time is cut") {
  const auto run = [](Duration cut) {
    SyntheticOptions walk;
    walk.seed = 11;
    walk.symbols = {"AAA", "BBB"};
    auto options = Market::plain();
    options.partial_fill_percent = 50;
    Market m{options, make_synthetic_feed(walk)};
    const auto to = [&](Instant until) {
      while (m.engine.now() < until)
        m.engine.advance_to(std::min(until, m.engine.now() + cut));
    };
    to(at(9, 31));
    const Price last = m.engine.find_asset("AAA")->last;
    auto r = with_exits(testing::market(Side::buy, 30_d, "AAA"), Class::bracket,
                        (last * 1.004_d).rounded_to(0.01_d, Rounding::up),
                        (last * 0.996_d).rounded_to(0.01_d, Rounding::down));
    r.tif = Tif::gtc;
    m.accept(r);
    to(at(15, 0));
    std::string trace;
    for (const auto& line : m.lines)
      trace += line + "\n";
    for (OrderIndex i = 0; i < m.engine.order_count(); ++i)
      trace += m.order(i).id.str() + to_rfc3339(m.order(i).updated_at) + m.status(i) + "\n";
    return trace;
  };
  const auto whole = run(std::chrono::hours{24});
  CHECK(whole.find("fill 0") != std::string::npos);
  CHECK(run(std::chrono::milliseconds{333}) == whole);
}
