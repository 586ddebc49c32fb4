// What the exchange refuses, and with which words. Clients classify by status and text, so both are the real venue's
// wherever they are known.
#include "broker/exchange/engine.hpp"

#include <algorithm>

namespace heed::exchange {
namespace {

using namespace literals;
constexpr Price cent = 0.01_d;
constexpr std::size_t client_order_id_max = 128;
constexpr Quantity qty_max = 1'000'000'000_d;

Refusal invalid(std::string message) { return {422, 42210000, std::move(message), {}, {}}; }
Refusal forbidden(std::string message) { return {403, 40310000, std::move(message), {}, {}}; }

std::optional<Refusal> check_tick(const char* name, const std::optional<Price>& price) {
  if (!price)
    return std::nullopt;
  if (!price->is_positive())
    return invalid(std::string{name} + " must be > 0");
  if (!price->is_multiple_of(*price >= Decimal{1} ? cent : 0.0001_d))
    return invalid("invalid " + std::string{name} + " " + price->str() +
                   ". sub-penny increment does not fulfill minimum pricing criteria");
  return std::nullopt;
}

// The prices that a type must and must not have.
std::optional<Refusal> check_type_prices(const OrderRequest& r) {
  const std::string type{to_string(r.type)};
  const bool wants_limit = r.type == Type::limit || r.type == Type::stop_limit;
  const bool wants_stop = r.type == Type::stop || r.type == Type::stop_limit;
  const bool has_limit = r.order_class == Class::oco ? r.take_profit_limit.has_value() : r.limit_price.has_value();
  if (wants_limit && !has_limit)
    return invalid(type + " orders require limit_price");
  if (!wants_limit && r.limit_price)
    return invalid(type + " orders must not have limit_price");
  if (wants_stop && !r.stop_price)
    return invalid(type + " orders require stop_price");
  if (!wants_stop && r.stop_price)
    return invalid(type + " orders must not have stop_price");
  const bool trails = r.type == Type::trailing_stop;
  if (trails && r.trail_price.has_value() == r.trail_percent.has_value())
    return invalid("trailing_stop orders require exactly one of trail_price and trail_percent");
  if (!trails && (r.trail_price || r.trail_percent))
    return invalid(type + " orders must not have trail_price or trail_percent");
  if (r.trail_percent && (!r.trail_percent->is_positive() || *r.trail_percent >= Decimal{100}))
    return invalid("trail_percent must be > 0 and < 100");
  const std::pair<const char*, const std::optional<Price>*> prices[] = {
    {"limit_price", &r.limit_price},
    {"stop_price", &r.stop_price},
    {"trail_price", &r.trail_price},
    {"take_profit.limit_price", &r.take_profit_limit},
    {"stop_loss.stop_price", &r.stop_loss_stop},
    {"stop_loss.limit_price", &r.stop_loss_limit}};
  for (const auto& [name, price] : prices)
    if (auto no = check_tick(name, *price))
      return no;
  return std::nullopt;
}

std::optional<Refusal> check_size(const OrderRequest& r) {
  if (r.qty && r.notional)
    return Refusal{400, 40010001, "only one of qty or notional is accepted", {}, {}};
  if (!r.qty && !r.notional)
    return Refusal{422, 40010001, "qty or notional is required", {}, {}};
  if (r.qty && !r.qty->is_positive())
    return invalid("qty must be > 0");
  if (r.qty && *r.qty > qty_max)
    return invalid("qty must be <= " + qty_max.str());
  if (r.notional && *r.notional < Decimal{1})
    return invalid("notional must be >= 1.00");
  if (r.notional || !r.qty->is_whole()) {
    if (r.tif != Tif::day)
      return invalid("fractional orders must be DAY orders");
    if (r.order_class != Class::simple)
      return invalid("fractional orders must be simple orders");
    if (r.type == Type::trailing_stop)
      return invalid("fractional orders must be market, limit, stop, or stop_limit orders");
  }
  return std::nullopt;
}

// Which legs a class must have, and what it may not be combined with.
std::optional<Refusal> check_group_form(const OrderRequest& r) {
  if (r.order_class == Class::simple) {
    if (r.has_take_profit || r.has_stop_loss)
      return invalid("simple orders must not have take_profit or stop_loss; set order_class");
    return std::nullopt;
  }
  const std::string name{to_string(r.order_class)};
  if (r.type == Type::trailing_stop)
    return invalid("trailing_stop orders must be simple orders");
  if (r.tif != Tif::day && r.tif != Tif::gtc)
    return invalid(name + " orders must be DAY or GTC orders");
  if (r.extended_hours)
    return invalid(name + " orders must not be extended_hours orders");
  const bool any_stop = r.has_stop_loss && r.stop_loss_stop;
  if (r.has_stop_loss && !any_stop)
    return invalid(name + " orders require stop_loss.stop_price");
  if (r.has_take_profit && !r.take_profit_limit)
    return invalid(name + " orders require take_profit.limit_price");
  switch (r.order_class) {
    case Class::bracket:
      if (r.type != Type::market && r.type != Type::limit)
        return invalid("bracket orders must be market or limit orders");
      [[fallthrough]];
    case Class::oco:
      if (r.order_class == Class::oco && r.type != Type::limit)
        return invalid("oco orders must be limit orders");
      if (!r.has_take_profit)
        return invalid(name + " orders require take_profit.limit_price");
      if (!any_stop)
        return invalid(name + " orders require stop_loss.stop_price");
      if (r.order_class == Class::oco && r.limit_price && r.limit_price != r.take_profit_limit)
        return invalid("oco orders take their limit price from take_profit.limit_price");
      break;
    case Class::oto:
      if (r.has_take_profit == r.has_stop_loss)
        return invalid("oto orders require exactly one of take_profit and stop_loss");
      break;
    case Class::simple: break;
  }
  return std::nullopt;
}

// The exits of one group against one base price. `exit` is the side on which the exits trade.
std::optional<Refusal> check_against_base(Side exit, const std::optional<Price>& target,
                                          const std::optional<Price>& stop, Price base) {
  const bool long_side = exit == Side::sell;
  const auto refuse = [&](const char* leg, const char* relation) {
    Refusal no = invalid(std::string{leg} + " must be " + relation);
    no.extras.emplace_back("base_price", base.str());
    return no;
  };
  if (target && (long_side ? *target < base + cent : *target > base - cent))
    return refuse("take_profit.limit_price", long_side ? ">= base_price + 0.01" : "<= base_price - 0.01");
  if (stop && (long_side ? *stop > base - cent : *stop < base + cent))
    return refuse("stop_loss.stop_price", long_side ? "<= base_price - 0.01" : ">= base_price + 0.01");
  return std::nullopt;
}

// A stop that the market has already passed would trade at once, which nobody means.
std::optional<Refusal> check_stop(Side side, Price stop, Price market) {
  if (side == Side::sell ? stop < market : stop > market)
    return std::nullopt;
  Refusal no = invalid(side == Side::sell ? "stop price must be less than current price"
                                          : "stop price must be greater than current price");
  no.extras.emplace_back("market_price", market.str());
  no.extras.emplace_back("stop_price", stop.str());
  return no;
}

}  // namespace

std::optional<Refusal> Engine::check_form(const OrderRequest& r) const {
  if (r.client_order_id.size() > client_order_id_max)
    return invalid("client_order_id must be no more than 128 characters");
  if (auto no = check_size(r))
    return no;
  if (auto no = check_type_prices(r))
    return no;
  if (auto no = check_time_in_force(r))
    return no;
  if (r.extended_hours && (r.type != Type::limit || (r.tif != Tif::day && r.tif != Tif::gtc)))
    return invalid("extended hours orders must be DAY or GTC limit orders");
  return check_group_form(r);
}

std::optional<Refusal> Engine::check_time_in_force(const OrderRequest& r) const {
  if (r.tif == Tif::day || r.tif == Tif::gtc)
    return std::nullopt;
  if (r.type != Type::market && r.type != Type::limit)
    return invalid(std::string{to_string(r.tif)} + " orders must be market or limit orders");
  if (r.tif == Tif::ioc || r.tif == Tif::fok)
    return std::nullopt;
  const Duration local = options_.calendar.local(now_).time_of_day;
  const Duration evening = std::chrono::hours{19};
  const Duration last = r.tif == Tif::opg ? std::chrono::hours{9} + std::chrono::minutes{28}
                                          : std::chrono::hours{15} + std::chrono::minutes{50};
  if (local >= evening || local < last)
    return std::nullopt;
  return forbidden(std::string{to_string(r.tif)} + " orders must be submitted after 7:00pm" +
                   (r.tif == Tif::opg ? " and before 9:28am" : " and before 3:50pm"));
}

Refusal Engine::insufficient_quantity(AccountIndex account, const Asset& asset, Quantity requested,
                                      Quantity available, bool related) const {
  const Position& position = accounts_[account].positions[asset.index];
  Refusal no = forbidden("insufficient qty available for order (requested: " + requested.str() +
                         ", available: " + available.str() + ")");
  no.extras = {{"available", available.str()},
               {"existing_qty", position.qty.abs().str()},
               {"held_for_orders", position.held().str()},
               {"symbol", asset.symbol}};
  if (related)
    for (const OrderIndex index : accounts_[account].orders)
      if (const Order& order = orders_[index];
          order.asset == asset.index && is_open(order.status) && !order.holding.is_zero())
        no.related_orders.push_back(order.id.str());
  return no;
}

// Opens or closes? One order never takes a position through zero.
std::optional<Refusal> Engine::decide_intent(AccountIndex account, const Asset& asset, const OrderRequest& r,
                                             Intent& intent) const {
  const Position& position = accounts_[account].positions[asset.index];
  const bool closing = position.qty.sign() == (r.side == Side::buy ? -1 : 1);
  intent = r.side == Side::buy ? (closing ? Intent::buy_to_close : Intent::buy_to_open)
                               : (closing ? Intent::sell_to_close : Intent::sell_to_open);
  if (r.intent && *r.intent != intent)
    return invalid("position intent mismatch, inferred: " + std::string{to_string(intent)} +
                   ", specified: " + std::string{to_string(*r.intent)});
  if (r.order_class == Class::oco && !closing)
    return invalid("oco orders must be exit orders");
  if ((r.order_class == Class::bracket || r.order_class == Class::oto) && closing)
    return invalid(std::string{to_string(r.order_class)} + " orders must be entry orders");
  if (!closing && !asset.tradable)
    return invalid("asset \"" + asset.symbol + "\" is not tradable");
  if ((r.notional || !r.qty->is_whole()) && !asset.fractionable &&
      !(closing && r.qty && !position.qty.is_whole() && *r.qty == position.qty.abs()))
    return forbidden("asset \"" + asset.symbol + "\" is not fractionable");
  if (closing) {
    Quantity wanted = r.qty.value_or(Quantity{});
    if (r.notional && asset.last.is_positive())
      wanted = Decimal::div(*r.notional, asset.last, Rounding::up);
    if (wanted > position.available())
      return insufficient_quantity(account, asset, wanted, position.available(), true);
    return std::nullopt;
  }
  return r.side == Side::sell ? check_short(accounts_[account], asset, r) : std::nullopt;
}

std::optional<Refusal> Engine::check_short(const Account& account, const Asset& asset, const OrderRequest& r) const {
  if (r.notional || !r.qty->is_whole())
    return invalid("fractional orders cannot be sold short");
  if (!account.options.shorting || account.options.multiplier == 1 || account.equity() < Decimal{2000})
    return forbidden("account is not allowed to short");
  if (!asset.shortable)
    return forbidden("asset \"" + asset.symbol + "\" cannot be sold short");
  return std::nullopt;
}

// The request against the market as it is.
std::optional<Refusal> Engine::check_market(const Asset& asset, const OrderRequest& r, Intent intent) const {
  const bool has_price = asset.last.is_positive();
  const bool needs_price = r.type == Type::market || r.type == Type::trailing_stop;
  if (needs_price && (session_open_ ? !asset.quoted : !has_price))
    return forbidden("order has been rejected due to no available quote for symbol. please reenter with a limit");
  if (r.trail_price && *r.trail_price >= asset.last && r.side == Side::sell)
    return invalid("trail_price must be less than current price");
  if (has_price && r.stop_price)
    if (auto no = check_stop(r.side, *r.stop_price, asset.last))
      return no;
  if (r.order_class == Class::simple)
    return std::nullopt;
  const Side exit = closes(intent) ? r.side : opposite(r.side);
  const auto base = r.order_class == Class::oco ? std::nullopt : r.limit_price;
  if (base)
    if (auto no = check_against_base(exit, r.take_profit_limit, r.stop_loss_stop, *base))
      return no;
  if (r.order_class == Class::oco)
    if (auto no = check_against_base(exit, std::nullopt, r.stop_loss_stop, *r.take_profit_limit))
      return no;
  return has_price ? check_against_base(exit, r.take_profit_limit, r.stop_loss_stop, asset.last) : std::nullopt;
}

std::optional<Refusal> Engine::check_wash(AccountIndex account, const Asset& asset, const Order& order,
                                          OrderIndex ignore) const {
  if (order.in_group() || order.trails())
    return std::nullopt;
  const auto limit_of = [](const Order& o) {
    return o.type == Type::limit || o.type == Type::stop_limit ? o.limit_price : std::nullopt;
  };
  OrderIndex clash = no_order;
  for (const OrderIndex index : accounts_[account].plain_open[static_cast<int>(opposite(order.side))][asset.index]) {
    const auto theirs = limit_of(orders_[index]);
    const auto ours = limit_of(order);
    if (orders_[index].trails())
      continue;
    const bool apart = theirs && ours && (order.side == Side::buy ? *ours < *theirs : *theirs < *ours);
    if (index != ignore && !apart && (clash == no_order || index < clash))
      clash = index;
  }
  if (clash == no_order)
    return std::nullopt;
  const bool both_limits = limit_of(orders_[clash]) && limit_of(order);
  Refusal no = forbidden("potential wash trade detected. use complex orders");
  no.extras = {{"existing_order_id", orders_[clash].id.str()},
               {"reject_reason", both_limits || limit_of(orders_[clash])
                                   ? "opposite side limit order exists. use complex/limit/stop_limit orders"
                                   : "opposite side market/stop order exists. use complex orders"}};
  return no;
}

std::optional<Refusal> Engine::check_funds(const Account& account, const Order& order, Money released) const {
  Money cost;
  const Money power = buying_power(account) + released;
  try {
    cost = reserve_for(order);
  } catch (const DecimalOverflow&) {
    return forbidden("insufficient buying power");
  }
  if (cost <= power)
    return std::nullopt;
  Refusal no = forbidden("insufficient buying power");
  no.extras = {{"buying_power", power.str()}, {"cost_basis", cost.str()}};
  return no;
}

// --- replace
// --------------------------------------------------------------------------------------------------------

std::optional<Refusal> Engine::check_replaced_prices(const Order& next) const {
  if (auto no = check_tick("limit_price", next.limit_price))
    return no;
  if (auto no = check_tick("stop_price", next.stop_price))
    return no;
  const Asset& asset = assets_[next.asset];
  const bool has_price = asset.last.is_positive();
  if (next.role == Role::plain)
    return next.stop_price && !next.elected && has_price ? check_stop(next.side, *next.stop_price, asset.last)
                                                         : std::nullopt;
  if (next.role == Role::entry) {
    std::optional<Price> target, stop;
    if (next.take_profit != no_order)
      target = orders_[next.take_profit].limit_price;
    if (next.stop_loss != no_order)
      stop = orders_[next.stop_loss].stop_price;
    return next.limit_price ? check_against_base(opposite(next.side), target, stop, *next.limit_price) : std::nullopt;
  }
  const OrderIndex other = sibling(next);
  const bool is_target = next.role == Role::take_profit;
  const auto target = is_target ? next.limit_price : std::nullopt;
  const auto stop = is_target ? std::nullopt : next.stop_price;
  if (has_price && !next.elected)
    if (auto no = check_against_base(next.side, target, stop, asset.last))
      return no;
  if (other == no_order || !is_open(orders_[other].status))
    return std::nullopt;
  return is_target ? check_against_base(next.side, std::nullopt, orders_[other].stop_price, *next.limit_price)
                   : check_against_base(next.side, std::nullopt, stop, *orders_[other].limit_price);
}

std::optional<Refusal> Engine::check_replace(const Order& old, const ReplaceRequest& request, Order& next) const {
  const std::string status{to_string(old.status)};
  if (!is_open(old.status) || old.status == Status::pending_cancel || old.status == Status::pending_replace)
    return invalid("order is already in \"" + status + "\" state");
  if (old.status == Status::accepted || old.status == Status::pending_new)
    return invalid("unable to replace order, order isn't sent to exchange yet");
  if (old.notional)
    return invalid("notional orders cannot be replaced");
  if (old.order_class == Class::oto)
    return invalid("oto orders cannot be replaced");
  const bool takes_limit = old.type == Type::limit || old.type == Type::stop_limit;
  const bool takes_stop = old.type == Type::stop || old.type == Type::stop_limit;
  if (request.limit_price && !takes_limit)
    return invalid(std::string{to_string(old.type)} + " orders must not have limit_price");
  if (request.stop_price && !takes_stop)
    return invalid(std::string{to_string(old.type)} + " orders must not have stop_price");
  if (request.trail && !old.trails())
    return invalid("trail is accepted for trailing_stop orders only");
  if (request.trail && (!request.trail->is_positive() || (old.trail_percent && *request.trail >= Decimal{100})))
    return invalid(old.trail_percent ? "trail must be > 0 and < 100" : "trail must be > 0");
  const Quantity total = request.qty.value_or(old.qty);
  if (request.qty && total != old.qty && (!old.qty.is_whole() || !total.is_whole() || old.in_group()))
    return invalid("qty of fractional and complex orders cannot be replaced; qty must be whole");
  if (total <= old.filled_qty)
    return invalid("qty must be greater than filled_qty " + old.filled_qty.str());
  if (total > qty_max)
    return invalid("qty must be <= " + qty_max.str());
  next = old;
  next.qty = total - old.filled_qty;
  next.replaced_filled = old.filled_qty;
  next.tif = request.tif.value_or(old.tif);
  next.limit_price = request.limit_price ? request.limit_price : old.limit_price;
  next.stop_price = request.stop_price ? request.stop_price : old.stop_price;
  if (request.trail) {
    (old.trail_percent ? next.trail_percent : next.trail_price) = request.trail;
    next.stop_price = next.trailing_stop_at(*old.hwm);
  }
  if (total == old.qty && next.trail_price == old.trail_price && next.trail_percent == old.trail_percent &&
      next.tif == old.tif && next.limit_price == old.limit_price && next.stop_price == old.stop_price)
    return Refusal{422, 40010001, "order parameters are not changed", {}, {}};
  if (next.tif != old.tif && next.tif != Tif::day && next.tif != Tif::gtc)
    return invalid("time_in_force can be replaced by day or gtc only");
  if (request.client_order_id.size() > client_order_id_max)
    return invalid("client_order_id must be no more than 128 characters");
  if (!request.client_order_id.empty() && find_client_order(old.account, request.client_order_id) != no_order)
    return Refusal{422, 40010001, "client_order_id must be unique", {}, {}};
  return check_replaced_terms(old, next);
}

// The terms as they would be, against prices, the other side, shares and money. Resets what a new order starts with.
std::optional<Refusal> Engine::check_replaced_terms(const Order& old, Order& next) const {
  if (auto no = check_replaced_prices(next))
    return no;
  const Asset& asset = assets_[old.asset];
  const Position& position = accounts_[old.account].positions[old.asset];
  if (closes(old.intent) && next.qty > old.remaining() && next.qty - old.remaining() > position.available())
    return insufficient_quantity(old.account, asset, next.qty, position.available() + old.holding, true);
  if (auto no = check_wash(old.account, asset, next, old.index))
    return no;
  next.filled_qty = Quantity{};
  next.filled_value = Money{};
  next.reserved = Money{};
  next.holding = Quantity{};
  next.book = 0;
  next.plain_slot = no_order;
  next.filled_at = next.expired_at = next.canceled_at = next.cancel_requested_at = next.failed_at = std::nullopt;
  next.replaced_at = std::nullopt;
  next.replaced_by = no_order;
  if (next.type == Type::stop && next.side == Side::buy)
    next.collar =
      (*next.stop_price * (*next.stop_price < Decimal{50} ? 1.04_d : 1.025_d)).rounded_to(cent, Rounding::half_even);
  return check_funds(accounts_[old.account], next, old.reserved);
}

}  // namespace heed::exchange
