// An independent witness. It knows the calls as their sender knows them, the requests that reach the exchange, and
// the exchange's own orders and executions; from these it works out, as naively as it can, what must never be. It
// shares no code with Heed's books. At the end, and after each start, it compares its own account with what the
// journal says.
#pragma once

#include "net/json.hpp"
#include "persistence/journal.hpp"
#include "sim/network.hpp"
#include "sim/setup.hpp"
#include "sim/surroundings.hpp"

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace heed::sim {

/// A call as its sender knows it.
struct MadeCall {
  SignalId signal;
  SourceId source;
  std::string key;
  Symbol symbol;
  std::string action;
  bool may_open = false;
  Instant created_at{};  // of a mention: what its age counts from
  bool mention = true;
  bool recorded = false;                // on the tape: whoever follows it must have it in the end
  std::optional<Instant> first_sent;    // by the world's clock
  std::optional<Instant> acknowledged;  // durable, says Heed
};

struct Violation {
  std::string invariant;  // stable: "flip", "acknowledged call lost", ...
  std::string text;
  Instant at{};
};

class Auditor {
public:
  Auditor(Surroundings& around, const Rules& rules, ExchangeHost& host);

  // ---- what crosses the ports
  MadeCall& call(const SignalId& signal) { return calls_[signal]; }
  const std::map<SignalId, MadeCall>& calls() const { return calls_; }
  void request_sent(const net::HttpRequest& request);
  void request_served(const net::HttpRequest& request, const net::HttpResponse& response);
  /// Something happened at the exchange.
  void look();
  /// Time is about to pass. `able`: the daemon runs, is connected, and the market is open.
  void pass(Duration by, bool able);
  void kill_acknowledged(KillLevel level);
  void kill_lifted() { killed_at_.reset(); }
  void limits_changed(const RiskLimits& limits);
  std::function<bool()> daemon_runs = [] { return true; };
  /// Somebody else traded, so that quantities of the symbol are not Heed's alone.
  void external(const std::string& symbol) { external_.insert(symbol); }

  /// The venue cancels exits in it. Should the stream lose that, the next comparison tells it, so long after.
  void taken_away(const std::string& symbol, Duration comparison) { taken_away_[symbol] = comparison; }
  /// Somebody else sold what was Heed's: how much of a position is Heed's is not for us to say any more.
  void liquidated(const std::string& symbol) {
    external(symbol);
    liquidated_.insert(symbol);
  }

  // ---- what the journal says
  /// With all that was promised in it: receipts, decisions, fills. What is at the exchange is there all the same.
  void journal_lost();
  /// The journal has the account as the broker's lists show it: from here on it misses nothing.
  void account_known();
  /// Just committed: what has ended there has ended at the exchange.
  void row_written(const OrderRow& order);
  void after_start(JournalReader& reader);
  /// Once everything has settled: all that was promised holds.
  void at_end(JournalReader& reader);

  const std::optional<Violation>& violation() const { return violation_; }
  void violate(std::string invariant, std::string text);

  Duration naked_worst() const { return naked_worst_; }
  std::int64_t orders_seen() const { return static_cast<std::int64_t>(owners_.size()); }
  /// How many entries of ours the exchange has taken.
  std::int64_t entries_taken() const;

private:
  struct Owner {
    bool ours = false;
    bool entry = false;
    bool close = false;
    std::string name;  // the client's name of the order that it began with
  };
  struct SymbolBook {
    Decimal owned;  // signed, from our executions alone
    Duration naked{0};
    Duration stray{0};  // flat, with a working exit
  };

  void see_new_orders();
  void see_execution(const exchange::Execution& execution);
  bool is_naked(const exchange::Asset& asset, const SymbolBook& book) const;
  bool has_stray(const exchange::Asset& asset, const SymbolBook& book) const;
  void check_day(const exchange::Order& order);
  void check_rate();
  Money order_limit() const;
  void check_value(const net::Json& order);

  // auditor_end.cpp
  bool waits_for_entry(const MadeCall& call) const;
  void find_waiting(JournalReader& reader);
  bool hidden_by_others(const OrderRow& order) const;
  void compare_calls(JournalReader& reader);
  void compare_orders(JournalReader& reader);
  void compare_positions(JournalReader& reader);
  void compare_fills(JournalReader& reader);
  void compare_entries(JournalReader& reader);

  Surroundings& around_;
  const Rules& rules_;
  ExchangeHost& host_;
  RiskLimits loosest_;                                   // of all limits that were in force
  std::vector<std::pair<Instant, Money>> order_limits_;  // since when; the newest last
  std::map<SignalId, MadeCall> calls_;
  std::map<std::string, std::string> bodies_;  // by client_order_id: the first request's
  std::map<std::string, Instant> first_sent_;  // by client_order_id
  std::set<std::string> over_;                 // client_order_ids that ended, says the journal
  std::vector<Owner> owners_;                  // by order index
  std::vector<exchange::OrderIndex> open_;     // of ours, maybe open
  std::size_t executions_seen_ = 0;
  std::size_t executions_lost_ = 0;  // known to a journal that is gone
  std::size_t orders_lost_ = 0;
  bool account_known_ = true;
  std::set<std::string> blurred_;  // traded in while nothing was known: what is booked of that is not for us to say
  std::map<std::string, SignalId> signals_;  // by client_order_id, as first written
  std::vector<SymbolBook> books_;            // by asset
  std::set<std::string> external_;
  std::set<std::string> liquidated_;
  std::map<std::string, Duration> taken_away_;             // until what is held is covered again
  std::set<std::string> waiting_;                          // symbols that wait for a person at the end
  std::map<Date, std::pair<std::int64_t, Decimal>> days_;  // entries that filled, and their dollars
  std::set<exchange::OrderIndex> counted_;
  std::deque<Instant> request_times_;
  Instant hour_{};  // of the newest request
  std::int64_t requests_of_hour_ = 0;
  std::optional<Instant> killed_at_;
  Duration naked_worst_{0};
  std::optional<Violation> violation_;
};

/// Rows of every page, oldest first; empty with a violation when the journal cannot be read.
ListFilter every_row();

}  // namespace heed::sim
