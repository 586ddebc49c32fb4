// How fast are the pure decisions, by themselves, on one core? Mentions through the strategy, reports through the
// position machine, questions to the risk ledger, names of orders.
#include "bench/bracket.hpp"
#include "bench/measure.hpp"
#include "core/mention_strategy.hpp"
#include "core/naming.hpp"
#include "core/position.hpp"
#include "core/risk.hpp"

#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace heed;
using std::chrono::milliseconds;

constexpr milliseconds time_each{300};
const Instant now = bench::open_session();

// ---- mentions -----------------------------------------------------------------------------------------------------

void measure_mentions() {
  MentionStrategyConfig config;
  config.id = "mentions";
  config.enable_trading = true;
  AccountSnapshot account;
  account.account = "bench";
  account.known = true;
  account.equity = Money{100'000};
  // Of every kind: buys, sells, old ones, weak ones, held and blocked symbols.
  std::vector<Mention> mentions(1024);
  std::vector<core::SymbolView> views(mentions.size());
  for (std::size_t i = 0; i < mentions.size(); ++i) {
    auto& mention = mentions[i];
    mention.id = static_cast<std::int64_t>(i);
    mention.symbol = "NVDA";
    mention.action = static_cast<MentionAction>(i % 5);
    mention.conviction = Decimal::from_units(static_cast<std::int64_t>(i % 11) * 100'000'000);
    mention.horizon = static_cast<Horizon>(i % 6);
    mention.created_at = now - std::chrono::hours{i % 60};
    auto& view = views[i];
    view.tradable = true;
    if (i % 3 == 0) {
      view.held = Quantity{50};
      view.cost_held = Money{static_cast<std::int64_t>(i % 7) * 1'000};
    }
    if (i % 13 == 0)
      view.blocklisted_until = now + std::chrono::hours{24};
  }
  const auto per_second = bench::rate(time_each, mentions.size(), [&] {
    for (std::size_t i = 0; i < mentions.size(); ++i)
      bench::keep(core::decide_mention(mentions[i], mentions[i].conviction, views[i], account, config, {now, now}));
  });
  bench::result("mention decisions", per_second, "decisions/s");
}

// ---- positions ----------------------------------------------------------------------------------------------------

void measure_steps() {
  const auto flat = bench::flat_state("NVDA");
  const auto context = bench::bracket_context("NVDA");
  const auto life = bench::life_of_a_bracket("NVDA");

  auto state = flat;
  core::Step step;
  for (const auto& input : life)
    core::step(state, input, context, step);
  if (core::phase(state) != core::Phase::flat || !core::net_quantity(state).is_zero())
    throw std::runtime_error{"the bracket's life does not end flat"};

  const auto lives = bench::rate(time_each, life.size(), [&] {
    state = flat;
    for (const auto& input : life) {
      core::step(state, input, context, step);
      bench::keep(step);
    }
  });
  bench::result("position steps, life of a bracket", lives, "steps/s");

  // Most reports of a busy day say again what is known.
  state = flat;
  for (std::size_t i = 0; i < bench::open_after; ++i)
    core::step(state, life[i], context, step);
  const auto repeats = bench::rate(time_each, 1'000, [&] {
    for (std::size_t i = 0; i < 1'000; ++i) {
      core::step(state, life[5 + i % 4], context, step);
      bench::keep(step);
    }
  });
  bench::result("position steps, reports again", repeats, "steps/s");
}

// ---- risk ---------------------------------------------------------------------------------------------------------

void measure_risk() {
  RiskLimits limits;
  limits.trades_per_day_account = limits.trades_per_day_strategy = 1'000'000'000;
  limits.dollars_per_day_account = limits.dollars_per_day_strategy = Money{1'000'000'000};
  limits.position_equity_fraction_max = Decimal{};
  limits.open_positions_max = 1'000;
  limits.orders_per_second = 100;
  limits.orders_per_minute = 1'000;
  core::RiskLedger ledger{"bench", limits};
  AccountReport account;
  account.account = "bench";
  account.equity = account.cash = account.last_equity = account.buying_power = Money{1'000'000};
  account.at = now;
  (void)ledger.roll_day(std::chrono::floor<std::chrono::days>(now), Money{1'000'000});
  (void)ledger.apply(account, now);
  ledger.set_reconciled(true);

  ReserveRisk question;
  question.account = "bench";
  question.strategy = "mentions";
  question.symbol = "NVDA";
  question.quantity = Quantity{50};
  question.price = question.last_price = Price{100};
  RiskFact released;
  released.kind = RiskFactKind::released;
  released.account = "bench";
  released.strategy = "mentions";
  released.symbol = "NVDA";
  released.quantity = Quantity{50};
  std::size_t number = 0;
  auto at = now;
  const auto per_second = bench::rate(time_each, 256, [&] {
    for (std::size_t i = 0; i < 256; ++i) {
      at += milliseconds{100};
      question.order = "heed1.mentions.en." + std::to_string(++number);
      question.quote_at = at;
      const auto answer = ledger.reserve(question, at);
      if (!answer.answer.granted)
        throw std::runtime_error{"reservation denied: " + answer.answer.reason};
      released.order = question.order;
      released.at = at;
      bench::keep(ledger.apply(released));
    }
  });
  bench::result("risk, reserve and release", per_second, "pairs/s");
}

void measure_names() {
  const auto intent = core::intent_id("s-bench", "bench", 0);
  std::uint32_t revision = 0;
  bench::result(
    "client order ids",
    bench::rate(time_each, 1'000,
                [&] {
                  for (int i = 0; i < 1'000; ++i)
                    bench::keep(core::client_order_id("bench", intent, Leg::entry, ++revision, "mentions"));
                }),
    "names/s");
}

}  // namespace

int main() {
  try {
    measure_mentions();
    measure_steps();
    measure_risk();
    measure_names();
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "bench_core: %s\n", failure.what());
    return 1;
  }
  return 0;
}
