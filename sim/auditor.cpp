#include "sim/auditor.hpp"

#include "core/calendar.hpp"
#include "net/json.hpp"

#include <algorithm>
#include <utility>

namespace heed::sim {

using std::chrono::minutes;
using std::chrono::seconds;

namespace {

/// Time during which Heed could have acted. Generous while the network drops and delays what Heed asks for.
constexpr Duration naked_bound_in_trouble = minutes{20};
constexpr Duration naked_bound_healed = minutes{3};
constexpr Duration stray_bound = minutes{20};
constexpr Duration kill_grace = std::chrono::milliseconds{1};
/// A market order is judged at its quote; what slippage and gaps add until it is sent is no breach.
const auto order_slack = Decimal::from_units(1'500'000'000);
constexpr Duration limit_memory = minutes{30};  // an entry that left later than it was judged
constexpr std::size_t requests_per_minute_max = 900;
constexpr std::int64_t requests_per_hour_max =
  6'000;  // far above what is asked in an hour, below what the limit allows

std::string text_of(const net::Json& object, std::string_view name) {
  const auto* found = object.find(name);
  return found != nullptr ? found->text : std::string{};
}

bool is_close_name(const std::string& name) { return name.find(".cl.") != std::string::npos; }
bool is_entry_name(const std::string& name) { return name.find(".en.") != std::string::npos; }

}  // namespace

Auditor::Auditor(Surroundings& around, const Rules& rules, ExchangeHost& host)
    : around_{around}, rules_{rules}, host_{host}, loosest_{rules.limits} {
  order_limits_.emplace_back(around.now(), rules.limits.order_dollars_max);
}

void Auditor::violate(std::string invariant, std::string text) {
  if (violation_)
    return;
  around_.tell("VIOLATION " + invariant + ": " + text);
  violation_ = Violation{std::move(invariant), std::move(text), around_.now()};
}

void Auditor::limits_changed(const RiskLimits& limits) {
  loosest_.trades_per_day_account = std::max(loosest_.trades_per_day_account, limits.trades_per_day_account);
  loosest_.dollars_per_day_account = std::max(loosest_.dollars_per_day_account, limits.dollars_per_day_account);
  loosest_.order_dollars_max = std::max(loosest_.order_dollars_max, limits.order_dollars_max);
  order_limits_.emplace_back(around_.now(), limits.order_dollars_max);
}

/// The largest that was in force of late.
Money Auditor::order_limit() const {
  auto largest = order_limits_.back().second;
  for (auto at = order_limits_.rbegin(); at + 1 != order_limits_.rend() && at->first > around_.now() - limit_memory;
       ++at)
    largest = std::max(largest, (at + 1)->second);
  return largest;
}

void Auditor::check_value(const net::Json& order) {
  const auto& assets = host_.engine().assets();
  const auto symbol = text_of(order, "symbol");
  const auto asset = std::ranges::find(assets, symbol, &exchange::Asset::symbol);
  const auto quantity = Decimal::parse(text_of(order, "qty"));
  const auto limit = Decimal::parse(text_of(order, "limit_price"));
  if (asset == assets.end() || !quantity)
    return;
  if (const auto value = *quantity * limit.value_or(asset->last); value > order_limit() * order_slack)
    violate("limit order_limits",
            text_of(order, "client_order_id") + " is worth " + value.str() + ", limit " + order_limit().str());
}

void Auditor::kill_acknowledged(KillLevel level) {
  if (level != KillLevel::none)
    killed_at_ = around_.now();
}

// ---- requests -----------------------------------------------------------------------------------------------------

void Auditor::request_sent(const net::HttpRequest& request) {
  check_rate();
  if (request.method == "POST" && request.target == "/v2/orders") {
    const auto json = net::parse_json(request.body);
    const auto name = json ? text_of(json.value(), "client_order_id") : std::string{};
    if (name.empty())
      return violate("unnamed order", request.body);
    const auto [first, fresh] = bodies_.emplace(name, request.body);
    if (!fresh && first->second != request.body)
      return violate("one name, two orders", name + ": " + first->second + " and " + request.body);
    if (is_close_name(name) && over_.contains(name))
      return violate("a name that is over", name + " is sent again");
    if (fresh)
      first_sent_.emplace(name, around_.now());
    if (fresh && killed_at_ && is_entry_name(name) && around_.now() > *killed_at_ + kill_grace)
      return violate("entry after the kill switch",
                     name + " left after the latch was durable at " + to_rfc3339(*killed_at_));
    if (fresh && is_entry_name(name))
      check_value(json.value());
  }
  if ((request.method == "DELETE" || request.method == "PATCH") && request.target.starts_with("/v2/orders/")) {
    const auto id = exchange::Uuid::parse(request.target.substr(11));
    const auto index = id ? host_.engine().find_order(0, *id) : exchange::no_order;
    if (index == exchange::no_order)
      return violate("touched an order that does not exist", request.method + " " + request.target);
    see_new_orders();
    if (!owners_[index].ours)
      violate("touched a foreign order", request.method + " " + request.target);
  }
  if (request.method == "DELETE" && (request.target == "/v2/orders" || request.target.starts_with("/v2/positions")))
    violate("touched what is not its own", request.method + " " + request.target);
}

void Auditor::check_rate() {
  auto& times = request_times_;
  times.push_back(around_.now());
  while (times.front() <= around_.now() - minutes{1})
    times.pop_front();
  if (times.size() > requests_per_minute_max)
    violate("request storm", std::to_string(times.size()) + " requests within a minute");
  const auto hour = std::chrono::floor<std::chrono::hours>(around_.now());
  if (std::exchange(hour_, hour) != hour)
    requests_of_hour_ = 0;
  if (++requests_of_hour_ > requests_per_hour_max)
    violate("request storm", std::to_string(requests_of_hour_) + " requests within an hour");
}

void Auditor::request_served(const net::HttpRequest& request, const net::HttpResponse& response) {
  if (request.method != "POST" || request.target != "/v2/orders")
    return;
  if (response.status == 422 && response.body.find("client_order_id must be unique") != std::string::npos)
    around_.reach(Mark::duplicate_name_answered);
  else if (response.status >= 400 && response.status != 429)
    around_.reach(Mark::order_rejected);
}

void Auditor::row_written(const OrderRow& order) {
  signals_.try_emplace(order.client_order_id.str(), order.signal);
  if (is_terminal(order.status))
    over_.insert(order.client_order_id.str());
  else
    over_.erase(order.client_order_id.str());
  if (order.status != OrderStatus::canceled && order.status != OrderStatus::expired)
    return;
  auto& engine = host_.engine();
  const auto id = exchange::Uuid::parse(order.venue_order_id.view());
  const auto index = id ? engine.find_order(0, *id) : exchange::no_order;
  if (index != exchange::no_order && exchange::is_open(engine.order(index).status))
    violate("end that nobody told", order.client_order_id.str() + " is " + std::string{to_string(order.status)} +
                                      " in the books, " + std::string{to_string(engine.order(index).status)} +
                                      " at the exchange");
}

// ---- the exchange -------------------------------------------------------------------------------------------------

void Auditor::see_new_orders() {
  auto& engine = host_.engine();
  while (owners_.size() < engine.order_count()) {
    const auto& order = engine.order(static_cast<exchange::OrderIndex>(owners_.size()));
    Owner owner;
    if (order.parent != exchange::no_order && order.parent < owners_.size()) {
      owner = owners_[order.parent];
      owner.entry = owner.close = false;
    } else if (order.replaces != exchange::no_order && order.replaces < owners_.size()) {
      owner = owners_[order.replaces];
    } else {
      owner.ours = order.client_order_id.starts_with("heed1.");
      owner.name = order.client_order_id;
      owner.entry = owner.ours && is_entry_name(owner.name);
      owner.close = owner.ours && is_close_name(owner.name);
    }
    owners_.push_back(owner);
    if (owner.ours)
      open_.push_back(order.index);
    if (owner.entry && killed_at_ && !first_sent_.contains(owner.name))
      violate("entry after the kill switch", owner.name);
  }
  books_.resize(engine.assets().size());
}

void Auditor::look() {
  auto& engine = host_.engine();
  see_new_orders();
  const auto& executions = engine.executions();
  for (; executions_seen_ < executions.size(); ++executions_seen_)
    see_execution(executions[executions_seen_]);
  std::erase_if(open_, [&](exchange::OrderIndex index) { return !exchange::is_open(engine.order(index).status); });
}

void Auditor::see_execution(const exchange::Execution& execution) {
  auto& engine = host_.engine();
  const auto& owner = owners_[execution.order];
  const auto& asset = engine.assets()[execution.asset];
  const auto& order = engine.order(execution.order);
  const auto signed_qty = execution.side == exchange::Side::buy ? execution.qty : -execution.qty;
  const auto after = execution.position_qty;
  const auto before = after - signed_qty;
  around_.tell("exchange: executed " + asset.symbol + " " + signed_qty.str() + " @ " + execution.price.str() +
               " by " + (owner.ours ? owner.name : std::string{"somebody else"}) + ", position " + after.str());
  if (!owner.ours)
    return;
  if (!account_known_)
    blurred_.insert(asset.symbol);
  if (!daemon_runs())
    around_.reach(!owner.entry && order.parent != exchange::no_order ? Mark::bracket_filled_while_down
                                                                     : Mark::fill_while_down);
  auto& book = books_[execution.asset];
  const auto owned_before = book.owned;
  book.owned += signed_qty;
  if (owner.entry) {
    check_day(order);
    return;
  }
  const bool known = !liquidated_.contains(asset.symbol);
  if (known && owned_before.sign() * book.owned.sign() < 0)
    return violate(
      "flip", asset.symbol + ": an exit took what is Heed's from " + owned_before.str() + " to " + book.owned.str());
  if (known && book.owned.abs() > owned_before.abs())
    return violate("close that opens", asset.symbol + ": an exit took what is Heed's from " + owned_before.str() +
                                         " to " + book.owned.str());
  if (before.sign() * after.sign() < 0 || after.abs() > before.abs())
    violate("flip", asset.symbol + ": an exit took the position from " + before.str() + " to " + after.str());
}

/// Entries that filled, by New York's day: a lower bound of what the limits count.
void Auditor::check_day(const exchange::Order& order) {
  if (order.index < orders_lost_)
    return;  // nobody can count it any more
  auto& [entries, dollars] = days_[core::new_york_date(order.created_at)];
  if (counted_.insert(order.index).second)
    ++entries;
  const auto& last = host_.engine().executions()[executions_seen_];
  const auto value = last.qty * last.price;
  dollars += value;
  // A market order is reserved at its quote; what slippage and gaps add is not a breach.
  const auto slack = Decimal::from_units(1'250'000'000);
  if (entries > loosest_.trades_per_day_account)
    violate("limit daily_trades", std::to_string(entries) + " entries in a day");
  if (dollars > loosest_.dollars_per_day_account * slack)
    violate("limit daily_alloc", dollars.str() + " dollars opened in a day");
  if (order.filled_value > loosest_.order_dollars_max * slack)
    violate("limit order_limits", order.filled_value.str() + " dollars in one order");
}

bool Auditor::is_naked(const exchange::Asset& asset, const SymbolBook& book) const {
  if (book.owned.is_zero())
    return false;
  auto& engine = host_.engine();
  Decimal covered;
  for (const auto index : open_) {
    const auto& order = engine.order(index);
    if (order.asset != asset.index || owners_[index].entry)
      continue;
    const bool stop = order.type == exchange::Type::stop || order.type == exchange::Type::stop_limit;
    if ((stop && (order.armed || order.parent == exchange::no_order)) || owners_[index].close)
      covered += order.remaining();
  }
  return covered < book.owned.abs();
}

bool Auditor::has_stray(const exchange::Asset& asset, const SymbolBook& book) const {
  if (!book.owned.is_zero())
    return false;
  auto& engine = host_.engine();
  return std::any_of(open_.begin(), open_.end(), [&](exchange::OrderIndex index) {
    const auto& order = engine.order(index);
    return order.asset == asset.index && !owners_[index].entry && (order.parent == exchange::no_order || order.armed);
  });
}

void Auditor::pass(Duration by, bool able) {
  if (by.count() <= 0)
    return;
  const auto& assets = host_.engine().assets();
  const auto bound = around_.healed ? naked_bound_healed : naked_bound_in_trouble;
  for (std::size_t i = 0; i < books_.size(); ++i) {
    auto& book = books_[i];
    if (is_naked(assets[i], book)) {
      if (!able || assets[i].halted || external_.contains(assets[i].symbol))
        continue;
      book.naked += by;
      naked_worst_ = std::max(naked_worst_, book.naked);
      const auto unheard = taken_away_.find(assets[i].symbol);
      if (book.naked > (unheard == taken_away_.end() ? bound : std::max(bound, naked_bound_healed + unheard->second)))
        violate("naked position", assets[i].symbol + ": " + book.owned.str() + " without protection for " +
                                    std::to_string(book.naked.count() / 1'000'000) + " s in which Heed could act");
    } else {
      if (book.naked > seconds{1})
        around_.reach(Mark::naked_and_covered);
      if (std::exchange(book.naked, Duration{0}) > Duration{0})
        taken_away_.erase(assets[i].symbol);
    }
    if (!has_stray(assets[i], book)) {
      book.stray = Duration{0};
    } else if (able) {
      book.stray += by;
      if (book.stray > stray_bound)
        violate("flat with a working exit", assets[i].symbol);
    }
  }
}

std::int64_t Auditor::entries_taken() const {
  return std::count_if(owners_.begin(), owners_.end(), [](const Owner& owner) { return owner.entry; });
}

}  // namespace heed::sim
