// The market, the misfortunes that have no request or message to hang on, and the healing.
#include "sim/world.hpp"

#include "net/json.hpp"

#include <algorithm>
#include <array>
#include <variant>
#include <vector>

namespace heed::sim {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

Price price_of(std::int64_t cents) { return Decimal::from_units(cents * 10'000'000); }

}  // namespace

// ---- market -------------------------------------------------------------------------------------------------------

void World::open_market() {
  prices_ = work_.market.opening_cents;
  host_.change([this](exchange::Engine& engine) {
    for (std::size_t i = 0; i < prices_.size(); ++i)
      engine.set_price(i < work_.market.symbols.size() ? work_.market.symbols[i] : work_.market.foreign,
                       price_of(prices_[i]), false);
  });
  move_prices();
}

void World::move_prices() {
  const auto session = calendar_.session_at_or_after(around_.now());
  if (around_.now() < session.open) {
    around_.agenda.at(session.open + milliseconds{1}, [this] { move_prices(); });
    return;
  }
  host_.change([this](exchange::Engine& engine) {
    for (std::size_t i = 0; i < work_.market.symbols.size(); ++i) {
      const auto step = price_chance_.spread(1, price_chance_.below(20) == 0 ? 400 : 60);  // of ten thousand
      auto moved = prices_[i] + prices_[i] * (price_chance_.below(2) == 0 ? step : -step) / 10'000;
      moved = std::clamp<std::int64_t>(moved, 300, 90'000);
      prices_[i] = moved;
      engine.set_price(work_.market.symbols[i], price_of(moved), price_chance_.below(3) != 0);
    }
  });
  around_.agenda.after(seconds{price_chance_.spread(5, 180)}, [this] { move_prices(); });
}

void World::jump_price() {
  auto& chance = around_.chance(Fault::gap);
  const auto i = chance.below(work_.market.symbols.size());
  const auto step = chance.between(300, 2'500);
  prices_[i] =
    std::clamp<std::int64_t>(prices_[i] + prices_[i] * (chance.below(2) == 0 ? step : -step) / 10'000, 300, 90'000);
  around_.reach(Mark::gap_through_stop);
  around_.tell("market: " + work_.market.symbols[i] + " jumps to " + price_of(prices_[i]).str());
  host_.change(
    [&](exchange::Engine& engine) { engine.set_price(work_.market.symbols[i], price_of(prices_[i]), false); });
}

void World::halt() {
  auto& chance = around_.chance(Fault::halt);
  const auto symbol = work_.market.symbols[chance.below(work_.market.symbols.size())];
  around_.reach(Mark::halted);
  around_.tell("market: " + symbol + " halted");
  host_.change([&](exchange::Engine& engine) { engine.set_halted(symbol, true); });
  around_.agenda.after(seconds{chance.spread(5, 3'600)}, [this, symbol] {
    host_.change([&](exchange::Engine& engine) { engine.set_halted(symbol, false); });
  });
}

void World::untradable() {
  auto& chance = around_.chance(Fault::asset);
  const auto symbol = work_.market.symbols[chance.below(work_.market.symbols.size())];
  around_.tell("market: " + symbol + " takes no entries");
  host_.change([&](exchange::Engine& engine) { engine.set_tradable(symbol, false, false, false); });
  around_.agenda.after(seconds{chance.spread(5, 3'600)}, [this, symbol] {
    host_.change([&](exchange::Engine& engine) { engine.set_tradable(symbol, true, true, true); });
  });
}

/// Mostly in a symbol that nobody calls; sometimes in one of ours, where Heed has to tell the two apart.
void World::somebody_trades() {
  auto& chance = around_.chance(Fault::external);
  if (!calendar_.is_open(around_.now()))
    return;
  const bool foreign = chance.below(3) != 0;
  const auto symbol =
    foreign ? work_.market.foreign : work_.market.symbols[chance.below(work_.market.symbols.size())];
  exchange::OrderRequest request;
  request.symbol = symbol;
  request.qty = Decimal{chance.spread(1, 40)};
  request.side = chance.below(4) == 0 ? exchange::Side::sell : exchange::Side::buy;
  request.client_order_id = "person-" + std::to_string(around_.struck[static_cast<std::size_t>(Fault::external)]);
  const bool rests = chance.below(3) == 0;
  if (rests) {
    request.type = exchange::Type::limit;
    request.limit_price = price_of(request.side == exchange::Side::buy ? 250 : 95'000);
    request.tif = exchange::Tif::gtc;
  }
  around_.reach(Mark::external_trade);
  around_.tell("somebody else: " + std::string{to_string(request.side)} + " " + request.qty->str() + " " + symbol);
  auditor_.external(symbol);
  host_.change([&](exchange::Engine& engine) { (void)engine.submit(0, request); });
}

/// As from a venue's own site: everything in the symbol is cancelled, and what is held is sold or bought back.
void World::somebody_liquidates() {
  if (!calendar_.is_open(around_.now()))
    return;
  auto& chance = around_.chance(Fault::liquidation);
  const auto& engine = host_.engine();
  std::vector<exchange::AssetIndex> held;
  for (const auto& asset : engine.assets())
    if (asset.symbol != work_.market.foreign && !engine.accounts().front().positions[asset.index].qty.is_zero())
      held.push_back(asset.index);
  if (held.empty())
    return;
  const auto asset = held[chance.below(held.size())];
  const auto symbol = engine.assets()[asset].symbol;
  around_.tell("somebody else: liquidates " + symbol);
  auditor_.liquidated(symbol);
  host_.change([asset](exchange::Engine& venue) {
    for (exchange::OrderIndex i = 0; i < venue.order_count(); ++i)
      if (venue.order(i).asset == asset && exchange::is_open(venue.order(i).status))
        (void)venue.cancel(i);
  });
  // A slow venue holds the shares until the cancels are through.
  const auto sell = [this, asset] {
    host_.change([this, asset](exchange::Engine& venue) {
      const auto quantity = venue.accounts().front().positions[asset].qty.abs();
      if (quantity.is_positive() &&
          std::holds_alternative<exchange::OrderIndex>(venue.close_position(0, asset, quantity)))
        around_.reach(Mark::liquidated);
    });
  };
  around_.agenda.after(engine.options().venue_delay + milliseconds{1}, sell);
}

/// The order, or an exit that it brought, is cancelled a while after it came, for reasons of the venue's own.
void World::venue_cancels(const std::string& order_taken) {
  const auto json = net::parse_json(order_taken);
  const auto* named = json ? json.value().find("id") : nullptr;
  const auto id = named != nullptr ? exchange::Uuid::parse(named->text) : std::nullopt;
  const auto head = id ? host_.engine().find_order(0, *id) : exchange::no_order;
  if (head == exchange::no_order)
    return;
  auto& chance = around_.chance(Fault::venue_cancels);
  // A close is at work for a moment only.
  const bool close = host_.engine().order(head).client_order_id.find(".cl.") != std::string::npos;
  around_.agenda.after(milliseconds{chance.spread(1, close ? 500 : 600'000)}, [this, head] {
    if (around_.healed)
      return;
    host_.change([this, head](exchange::Engine& venue) {
      for (const auto index : {head, venue.order(head).take_profit, venue.order(head).stop_loss}) {
        if (index == exchange::no_order || !exchange::is_open(venue.order(index).status))
          continue;
        const auto& name = venue.order(head).client_order_id;
        around_.tell("venue: cancels " + name + " of its own accord");
        if (name.find(".cl.") != std::string::npos)
          around_.reach(Mark::close_taken_away);
        auditor_.taken_away(venue.assets()[venue.order(index).asset].symbol, tunables_.reconcile);
        (void)venue.cancel(index);
        return;
      }
    });
  });
}

// ---- minute by minute ---------------------------------------------------------------------------------------------

void World::minute() {
  if (around_.healed)
    return;
  if (around_.strikes(Fault::outage) && link_.down == Network::Link::Down::no)
    Network::start_outage(around_, link_);
  disk_trouble();
  if (around_.strikes(Fault::clock_jump))
    clock_trouble();
  if (around_.strikes(Fault::halt))
    halt();
  if (around_.strikes(Fault::gap))
    jump_price();
  if (around_.strikes(Fault::asset))
    untradable();
  if (around_.strikes(Fault::external))
    somebody_trades();
  if (around_.strikes(Fault::liquidation))
    somebody_liquidates();
  if (life_ && around_.strikes(Fault::actor)) {
    around_.reach(Mark::actor_killed);
    around_.tell("actor killed: " + life_->kill_actor(around_.chance(Fault::actor)));
  }
  around_.agenda.after(minutes{1}, [this] { minute(); });
}

void World::disk_trouble() {
  struct Kind {
    Fault fault;
    Disk::Fails how;
  };
  constexpr std::array kinds{Kind{Fault::disk_full, Disk::Fails::full}, Kind{Fault::disk_error, Disk::Fails::io},
                             Kind{Fault::sync_error, Disk::Fails::sync}};
  for (const auto& kind : kinds)
    if (around_.strikes(kind.fault)) {
      auto& chance = around_.chance(kind.fault);
      const bool once = chance.below(2) == 0;
      disk_.fail(kind.how, chance.spread(1, 60), once ? 1 : 0);
      if (!once)
        around_.agenda.after(milliseconds{chance.spread(100, 300'000)}, [this] { disk_.heal(); });
    }
  if (life_ && around_.strikes(Fault::crash_in_commit)) {
    auto& chance = around_.chance(Fault::crash_in_commit);
    disk_.die_at(chance.spread(1, 80), static_cast<Disk::Moment>(chance.below(3)));
  }
}

void World::clock_trouble() {
  auto& chance = around_.chance(Fault::clock_jump);
  const auto by = seconds{chance.spread(1, chance.below(8) == 0 ? 7'200 : 120)};
  const bool back = chance.below(2) == 0;
  wall_->set_error(back ? -by : by);
  around_.reach(back ? Mark::clock_back : Mark::clock_forward);
  around_.tell("the daemon's clock is " + std::to_string(by.count()) + (back ? " s slow" : " s fast"));
  around_.agenda.after(seconds{chance.spread(10, 1'800)}, [this] { wall_->set_error(Duration{0}); });
}

// ---- healing ------------------------------------------------------------------------------------------------------

void World::heal() {
  around_.healed = true;
  around_.tell("healed: from here on nothing goes wrong");
  link_.down = Network::Link::Down::no;
  disk_.heal();
  disk_.never_die();
  wall_->set_error(Duration{0});
  host_.change([this](exchange::Engine& engine) {
    for (const auto& symbol : work_.market.symbols) {
      engine.set_halted(symbol, false);
      engine.set_tradable(symbol, true, true, true);
    }
    // Whoever else had orders resting takes them away: on the other side of a close they forbid it, as wash trades.
    for (exchange::OrderIndex i = 0; i < engine.order_count(); ++i)
      if (exchange::is_open(engine.order(i).status) && engine.order(i).client_order_id.starts_with("person-"))
        (void)engine.cancel(i);
  });
  if (!life_)
    start_life();
  around_.agenda.after(seconds{30}, [this] { lift(); });
}

/// With the market open long enough that everything can settle: what was deferred is decided, what was left open is
/// tidied up. Not at a full minute, at which prices move: what fills then is told a moment later.
Instant World::liveness_end() {
  constexpr auto enough = minutes{30} + seconds{30};
  const auto session = calendar_.session_at_or_after(around_.now());
  if (around_.now() >= session.open && around_.now() + enough + minutes{5} <= session.close)
    return around_.now() + enough;
  return std::max(calendar_.next_open(around_.now()), session.open) + enough;
}

/// Recovery changes nothing: the same books after one more start, and not one order more.
void World::start_again_and_compare() {
  const auto entries = auditor_.entries_taken();
  end_life(End::killed);
  start_life();
  run_until(around_.now() + minutes{3});
  if (stopped() || !life_)
    return;
  if (auditor_.entries_taken() != entries)
    return auditor_.violate("recovery trades", "an entry more after a restart");
  auditor_.at_end(life_->reader());
}

}  // namespace heed::sim
