// Whose is it? Alpaca names the legs of a bracket itself, so an adapter must know which of our names stands behind
// which of the venue's ids. Learned from submit answers and nested listings; what is not in the book yet is not
// guessed. Pure and not thread-safe; the adapter locks it.
#pragma once

#include "broker/alpaca/wire.hpp"
#include "messages/order.hpp"

#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace heed::alpaca {

class NameBook {
public:
  /// `kept`: how many venue ids are remembered; the oldest go first. A forgotten one is only looked up again.
  explicit NameBook(AccountId account, std::size_t kept = 50'000);

  struct Known {
    ClientOrderId name;
    Leg leg = Leg::entry;
    bool ours = true;
    VenueOrderId root;  // the order it is nested under; itself for a parent
    Quantity filled;
    /// The order of ours that this one goes on for under the same name: the venue replaced it of its own accord (it
    /// shrinks a stop when the target fills in part). What that one filled counts for the name.
    VenueOrderId continues;
  };

  /// Before the order is sent: its name and its legs' names.
  void plan(const SubmitOrder& order);
  /// Before a replacement is asked for; until its fate is told.
  void expect_replacement(const VenueOrderId& old, const ClientOrderId& new_name);
  void forget_replacement(const VenueOrderId& old);

  void learn(const std::vector<WireOrder>& orders);
  void learn(const WireOrder& order);
  /// The caller has evidence of its own (a stored pair).
  void learn_pair(const ClientOrderId& name, const WireOrder& order);
  /// Looked for and not found under any order of ours.
  void set_foreign(const WireOrder& order);

  const Known* find(const VenueOrderId& id) const;
  /// Filled under the order's name by earlier orders.
  Quantity carried(const VenueOrderId& id) const;
  /// The newest venue id under the name; empty when not known.
  VenueOrderId current(const ClientOrderId& name) const;

  /// False: nobody can say yet whose it is, or who replaced it; look it up before reporting.
  bool can_report(const WireOrder& order) const;
  /// What the order and its legs are to Heed, the order first. Learns them. An order that lives on under the same
  /// name makes no report of its own.
  std::vector<OrderReport> reports(const WireOrder& order);
  std::optional<OrderReport> report(const WireOrder& order) const;

  const AccountId& account() const { return account_; }

private:
  struct Plan {
    Leg leg = Leg::entry;
    ClientOrderId take_profit;
    ClientOrderId stop_loss;
  };

  std::optional<Leg> leg_of_own_name(std::string_view client_order_id) const;
  std::optional<Known> as_named(const WireOrder& order) const;
  std::optional<Known> as_continued(const WireOrder& order) const;
  std::optional<Known> as_leg(const WireOrder& leg, const VenueOrderId& parent) const;
  bool settle(const WireOrder& order, const VenueOrderId& root, const std::optional<Known>& known);
  void remember(const WireOrder& order, Known known);
  void put_replaced(OrderReport& report, const WireOrder& order) const;
  template <class Map, class Key>
  void trim(Map& map, std::deque<Key>& order) const;

  AccountId account_;
  std::size_t kept_;
  std::map<VenueOrderId, Known> by_id_;
  std::deque<VenueOrderId> ids_;
  std::map<ClientOrderId, Plan> plans_;
  std::deque<ClientOrderId> plan_names_;
  std::map<ClientOrderId, VenueOrderId> current_;
  std::map<VenueOrderId, ClientOrderId> expected_;
};

}  // namespace heed::alpaca
