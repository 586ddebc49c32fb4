#include "broker/alpaca/order_reader.hpp"

#include "broker/alpaca/answers.hpp"
#include "broker/alpaca/fields.hpp"
#include "broker/alpaca/requests.hpp"
#include "messages/order_names.hpp"

#include <algorithm>
#include <utility>

namespace heed::alpaca {

namespace {

constexpr int pages_max = 400;
constexpr int hops_max = 8;
constexpr int back_hops_max = 100;  // a stop that trails is replaced day after day
constexpr auto life_max = std::chrono::days{100};
constexpr auto overlap = std::chrono::microseconds{1};  // `after` is exclusive, and the venue counts finer than we do

Instant before(Instant at) { return std::max(at, Instant{} + overlap) - overlap; }

/// The next page begins a little before the last order's time, since several may share it; where that brought nothing
/// new, it begins after that order's id.
void turn_page(OrderPage& page, const WireOrder& last, bool moved) {
  if (moved && page.after_id.empty() && before(last.submitted_at) > page.after)
    page.after = before(last.submitted_at);
  else
    page.after_id = last.id;
}

std::size_t flat_count(const std::vector<WireOrder>& orders) {
  std::size_t count = orders.size();
  for (const auto& order : orders)
    count += order.legs.size();
  return count;
}

}  // namespace

OrderReader::OrderReader(std::shared_ptr<Rest> rest, std::shared_ptr<SharedNames> names, int order_page,
                         int activity_page)
    : rest_{std::move(rest)}, names_{std::move(names)}, order_page_{order_page}, activity_page_{activity_page} {}

struct OrderReader::OrderWalk {
  OrderPage page;
  std::vector<WireOrder> orders;
  std::set<VenueOrderId> seen;
  int pages = 0;
  Done<std::vector<WireOrder>> done;
};

void OrderReader::list(Instant since, const Symbol& symbol, Done<std::vector<WireOrder>> done) {
  auto walk = std::make_shared<OrderWalk>();
  walk->page = OrderPage{before(since), {}, symbol, order_page_};
  walk->done = std::move(done);
  next_order_page(std::move(walk));
}

void OrderReader::list_symbol(const Symbol& symbol, Done<std::vector<WireOrder>> done) {
  list(rest_->now() - life_max, symbol, std::move(done));
}

void OrderReader::next_order_page(std::shared_ptr<OrderWalk> walk) {
  Rest::Call call;
  call.target = orders_target(walk->page);
  rest_->send(
    std::move(call), [self = shared_from_this(), walk = std::move(walk)](const Result<net::HttpResponse>& answer) {
      const auto json = read_answer(answer, self->rest_->now());
      if (!json)
        return walk->done(json.error());
      auto page = read_orders(json.value());
      if (!page)
        return walk->done(page.error());
      // Orders left out of the page (multi-leg options) count for its length.
      const bool full =
        std::max(json.value().items.size(), flat_count(page.value())) >= static_cast<std::size_t>(walk->page.limit);
      if (!full) {
        self->take_order_page(walk, std::move(page).value());
        return walk->done(std::move(walk->orders));
      }
      const auto known = walk->seen.size();
      const auto last = page.value().empty() ? WireOrder{} : page.value().back();
      self->take_order_page(walk, std::move(page).value());
      const bool moved = walk->seen.size() > known;
      if (last.id.empty() || (!moved && !walk->page.after_id.empty()))
        return walk->done(Error{ErrorKind::unknown, "incomplete",
                                "the list of orders does not move on after " + to_rfc3339(walk->page.after)});
      if (++walk->pages >= pages_max)
        return walk->done(Error{ErrorKind::unknown, "incomplete", "the list of orders has no end"});
      turn_page(walk->page, last, moved);
      self->next_order_page(walk);
    });
}

void OrderReader::take_order_page(const std::shared_ptr<OrderWalk>& walk, std::vector<WireOrder> page) {
  names_->with([&](NameBook& book) { book.learn(page); });
  for (auto& order : page)
    if (walk->seen.insert(order.id).second)
      walk->orders.push_back(std::move(order));
}

void OrderReader::get(const VenueOrderId& id, const ClientOrderId& for_audit, Done<std::optional<WireOrder>> done) {
  Rest::Call call;
  call.target = order_target(id, true);
  call.order = for_audit;
  rest_->send(std::move(call), [self = shared_from_this(), id, done = std::move(done)](auto answer) {
    const auto json = read_answer(answer, self->rest_->now());
    if (!json && is_absent(json.error()))
      return done(std::optional<WireOrder>{});
    if (!json)
      return done(json.error());
    auto order = read_order(json.value());
    if (!order)
      return done(order.error());
    if (order.value().id != id)
      return done(unreadable("order.id: asked for " + id.str() + ", got " + order.value().id.str()));
    self->names_->with([&](NameBook& book) { book.learn(order.value()); });
    done(std::optional<WireOrder>{std::move(order).value()});
  });
}

void OrderReader::get_by_name(const ClientOrderId& name, Done<std::optional<WireOrder>> done) {
  Rest::Call call;
  call.target = order_by_name_target(name);
  call.order = name;
  rest_->send(std::move(call), [self = shared_from_this(), name, done = std::move(done)](auto answer) {
    const auto json = read_answer(answer, self->rest_->now());
    if (!json && is_absent(json.error()))
      return done(std::optional<WireOrder>{});
    if (!json)
      return done(json.error());
    auto order = read_order(json.value());
    if (!order)
      return done(order.error());
    if (order.value().client_order_id != name.view())
      return done(
        unreadable("order.client_order_id: asked for " + name.str() + ", got " + order.value().client_order_id));
    self->names_->with([&](NameBook& book) { book.learn(order.value()); });
    // This call does not nest; the legs of a group come with the order by its id.
    if (order.value().in_group() && order.value().legs.empty())
      return self->get(order.value().id, name, done);
    done(std::optional<WireOrder>{std::move(order).value()});
  });
}

struct OrderReader::Search {
  ClientOrderId name;
  std::vector<ClientOrderId> parents;  // names under which a leg of that name can stand
  std::vector<WireOrder> found;
  Done<std::vector<OrderReport>> done;
};

void OrderReader::find(const ClientOrderId& name, const VenueOrderId& venue_id, Done<std::vector<OrderReport>> done) {
  auto search = std::make_shared<Search>();
  search->name = name;
  search->done = std::move(done);
  if (const auto parts = read_order_name(name)) {
    if (parts->leg == Leg::stop_loss)
      search->parents = {*sibling_name(name, Leg::take_profit), *sibling_name(name, Leg::entry)};
    else if (parts->leg == Leg::take_profit)
      search->parents = {*sibling_name(name, Leg::entry)};
  }
  auto id = names_->with([&](NameBook& book) { return book.current(name); });
  if (id.empty())
    id = venue_id;
  if (id.empty())
    by_own_name(search);
  else
    by_venue_id(std::move(search), id);
}

void OrderReader::by_venue_id(std::shared_ptr<Search> search, const VenueOrderId& id) {
  get(id, search->name, [self = shared_from_this(), search](Result<std::optional<WireOrder>> answer) {
    if (!answer)
      return search->done(answer.error());
    if (!answer.value())
      return self->by_own_name(search);
    auto order = *std::move(answer).value();
    self->names_->with([&](NameBook& book) { book.learn_pair(search->name, order); });
    self->follow(search, std::move(order), 0);
  });
}

void OrderReader::by_own_name(const std::shared_ptr<Search>& search) {
  get_by_name(search->name, [self = shared_from_this(), search](Result<std::optional<WireOrder>> answer) {
    if (!answer)
      return search->done(answer.error());
    if (!answer.value())
      return self->by_parent(search);
    self->follow(search, *std::move(answer).value(), 0);
  });
}

namespace {

/// What the leg that stands where this one was placed has replaced; empty: nothing.
VenueOrderId replaced_in(const WireOrder& parent, const ClientOrderId& name) {
  const auto parts = read_order_name(name);
  const bool target = parts && parts->leg == Leg::take_profit;
  const auto leg =
    std::ranges::find_if(parent.legs, [&](const WireOrder& one) { return (one.type == OrderType::limit) == target; });
  return leg == parent.legs.end() ? VenueOrderId{} : leg->replaces;
}

}  // namespace

void OrderReader::by_parent(std::shared_ptr<Search> search) {
  if (search->parents.empty())
    return search->done(std::vector<OrderReport>{});
  const auto parent = search->parents.back();
  search->parents.pop_back();
  get_by_name(parent, [self = shared_from_this(), search](Result<std::optional<WireOrder>> answer) {
    if (!answer)
      return search->done(answer.error());
    if (!answer.value())
      return self->by_parent(search);
    if (self->names_->with([&](NameBook& book) { return book.current(search->name); }).empty())
      return self->by_successor(search, replaced_in(*answer.value(), search->name), 0);
    self->follow(search, *std::move(answer).value(), 0);
  });
}

// A group lists a leg that was replaced no more, but in its place what came after it, which we may have named: what
// was there first is the leg.
void OrderReader::by_successor(std::shared_ptr<Search> search, const VenueOrderId& replaced, int hops) {
  if (replaced.empty())
    return by_parent(std::move(search));
  // Something stands where the leg was, so an empty value (the venue's "no such order") would be a lie.
  if (hops >= back_hops_max)
    return search->done(Error{ErrorKind::unknown, "incomplete", search->name.str() + " was replaced too often"});
  get(replaced, search->name,
      [self = shared_from_this(), search, replaced, hops](Result<std::optional<WireOrder>> answer) {
        if (!answer)
          return search->done(answer.error());
        if (!answer.value())
          return search->done(Error{ErrorKind::unknown, "incomplete",
                                    "the venue does not tell " + replaced.str() +
                                      ", an order replaced in the place of " + search->name.str()});
        auto order = *std::move(answer).value();
        if (!order.replaces.empty())
          return self->by_successor(search, order.replaces, hops + 1);
        self->names_->with([&](NameBook& book) { book.learn_pair(search->name, order); });
        self->follow(search, std::move(order), 0);
      });
}

// An order replaced behind our back goes on under another id: the answer is where the chain ends.
void OrderReader::follow(std::shared_ptr<Search> search, WireOrder order, int hops) {
  const auto next = order.status == OrderStatus::replaced ? order.replaced_by : VenueOrderId{};
  search->found.push_back(std::move(order));
  if (next.empty() || hops >= hops_max)
    return finish(std::move(search));
  get(next, search->name, [self = shared_from_this(), search, hops](Result<std::optional<WireOrder>> answer) {
    if (!answer)
      return search->done(answer.error());
    if (!answer.value())
      return self->finish(search);
    self->follow(search, *std::move(answer).value(), hops + 1);
  });
}

void OrderReader::finish(std::shared_ptr<Search> search) {
  attribute(std::move(search->found), [search](Result<std::vector<OrderReport>> answer) {
    if (!answer)
      return search->done(answer.error());
    auto& all = answer.value();
    const auto asked = [&](const OrderReport& report) { return report.client_order_id == search->name; };
    std::stable_partition(all.begin(), all.end(), asked);
    // Something was found, so an empty value (the venue's "no such order") would be a lie.
    if (all.empty() || !asked(all.front()))
      return search->done(unreadable("orders: what was found does not end in an order named " + search->name.str()));
    search->done(std::move(answer));
  });
}

void OrderReader::since(Instant since, Done<std::vector<OrderReport>> done) {
  list(since, {}, [self = shared_from_this(), done = std::move(done)](Result<std::vector<WireOrder>> orders) {
    if (!orders)
      return done(orders.error());
    self->attribute(std::move(orders).value(), done);
  });
}

void OrderReader::working(const Symbol& symbol, Done<std::vector<OrderReport>> done) {
  list_symbol(symbol, [self = shared_from_this(), done = std::move(done)](Result<std::vector<WireOrder>> orders) {
    if (!orders)
      return done(orders.error());
    auto all = self->reports(orders.value());
    std::erase_if(all, [](const OrderReport& report) { return is_terminal(report.status); });
    done(std::move(all));
  });
}

std::vector<OrderReport> OrderReader::reports(const std::vector<WireOrder>& orders) {
  return names_->with([&](NameBook& book) {
    book.learn(orders);
    std::vector<OrderReport> all;
    for (const auto& order : orders) {
      auto some = book.reports(order);
      all.insert(all.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
    }
    return all;
  });
}

void OrderReader::look_up(std::set<Symbol> symbols, std::function<void(Status)> done) {
  if (symbols.empty())
    return done(Ok{});
  const auto symbol = symbols.extract(symbols.begin()).value();
  list_symbol(symbol, [self = shared_from_this(), symbols = std::move(symbols), done = std::move(done)](auto orders) {
    if (!orders)
      return done(orders.error());
    self->reports(orders.value());  // what nobody claims in a whole listing is not ours
    self->look_up(symbols, done);
  });
}

void OrderReader::attribute(std::vector<WireOrder> orders, Done<std::vector<OrderReport>> done) {
  const auto unclear = names_->with([&](NameBook& book) {
    std::set<Symbol> symbols;
    book.learn(orders);
    for (const auto& order : orders) {
      if (!book.can_report(order))
        symbols.insert(order.symbol);
      for (const auto& leg : order.legs)
        if (!book.can_report(leg))
          symbols.insert(leg.symbol);
    }
    return symbols;
  });
  look_up(unclear,
          [self = shared_from_this(), orders = std::move(orders), done = std::move(done)](const Status& looked) {
            if (!looked)
              return done(looked.error());
            done(self->reports(orders));
          });
}

}  // namespace heed::alpaca
