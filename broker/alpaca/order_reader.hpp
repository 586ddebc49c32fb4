// Reading orders and fills back from the venue, complete or an error, and giving each its owner.
#pragma once

#include "broker/alpaca/name_book.hpp"
#include "broker/alpaca/rest.hpp"
#include "broker/venue.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

namespace heed::alpaca {

/// The book behind its lock. Nothing is called out of `with`.
class SharedNames {
public:
  explicit SharedNames(const AccountId& account) : book_{account} {}
  template <class F>
  auto with(F&& use) {
    const std::lock_guard lock{mutex_};
    return use(book_);
  }

private:
  std::mutex mutex_;
  NameBook book_;
};

/// Thread-safe; every call keeps it alive until its `done` has run.
class OrderReader : public std::enable_shared_from_this<OrderReader> {
public:
  OrderReader(std::shared_ptr<Rest> rest, std::shared_ptr<SharedNames> names, int order_page, int activity_page);

  /// All orders submitted since, oldest first, legs nested; of one symbol unless it is empty. Learns them.
  void list(Instant since, const Symbol& symbol, Done<std::vector<WireOrder>> done);
  /// Everything of one symbol that can still be alive (GTC orders end after 90 days).
  void list_symbol(const Symbol& symbol, Done<std::vector<WireOrder>> done);
  /// With legs. Empty: the venue knows no such order.
  void get(const VenueOrderId& id, const ClientOrderId& for_audit, Done<std::optional<WireOrder>> done);
  void get_by_name(const ClientOrderId& name, Done<std::optional<WireOrder>> done);

  /// By our name, derived leg names included; the order asked for comes first. Empty: no such order.
  void find(const ClientOrderId& name, const VenueOrderId& venue_id, Done<std::vector<OrderReport>> done);
  void since(Instant since, Done<std::vector<OrderReport>> done);
  void working(const Symbol& symbol, Done<std::vector<OrderReport>> done);
  void fills(Instant since, Done<std::vector<OrderReport>> done);

private:
  struct OrderWalk;
  struct FillWalk;
  struct Search;

  void next_order_page(std::shared_ptr<OrderWalk> walk);
  void take_order_page(const std::shared_ptr<OrderWalk>& walk, std::vector<WireOrder> page);
  void next_fill_page(std::shared_ptr<FillWalk> walk);
  void take_fill_page(const std::shared_ptr<FillWalk>& walk, std::vector<FillActivity> page);
  void report_fills(const std::vector<FillActivity>& fills, Done<std::vector<OrderReport>> done);

  void by_venue_id(std::shared_ptr<Search> search, const VenueOrderId& id);
  void by_own_name(const std::shared_ptr<Search>& search);
  void by_parent(std::shared_ptr<Search> search);
  void by_successor(std::shared_ptr<Search> search, const VenueOrderId& replaced, int hops);
  void follow(std::shared_ptr<Search> search, WireOrder order, int hops);
  void finish(std::shared_ptr<Search> search);

  /// Looks up the symbols one after the other, so that all their orders are in the book.
  void look_up(std::set<Symbol> symbols, std::function<void(Status)> done);
  /// Reports of the orders and their legs, after whatever look-up it takes to say whose they are.
  void attribute(std::vector<WireOrder> orders, Done<std::vector<OrderReport>> done);
  std::vector<OrderReport> reports(const std::vector<WireOrder>& orders);

  std::shared_ptr<Rest> rest_;
  std::shared_ptr<SharedNames> names_;
  int order_page_;
  int activity_page_;
};

}  // namespace heed::alpaca
