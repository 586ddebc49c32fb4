// The matching and account engine of the built-in exchange: orders in, events out, in an order that depends on
// nothing but the commands, their times and the seed. No sockets, no wall clock, no threads: one thread at a time may
// use it.
//
// Prices come from a feed and are infinite in size; orders meet the feed's price, among each other by price and time.
// Every command first happens at `now()`; effects that a real venue shows only after its answer (the move from
// pending_new to new, fills, the end of a cancel) wait for settle(), which every later command calls first.
#pragma once

#include "broker/exchange/feed.hpp"
#include "broker/exchange/types.hpp"
#include "core/calendar.hpp"

#include <deque>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

namespace heed::exchange {

struct AccountOptions {
  Money cash{100'000};
  int multiplier = 2;  // 1 cash account, 2 or 4 margin
  bool shorting = true;
};

struct EngineOptions {
  std::uint64_t seed = 1;
  Instant start{};
  std::vector<AccountOptions> accounts = std::vector<AccountOptions>(1);
  core::MarketCalendar calendar = core::MarketCalendar::nyse();
  int partial_fill_percent = 10;                            // of eligible fills; 0 switches partial fills off
  Duration partial_pause = std::chrono::milliseconds{500};  // until the rest of a partial fill is looked at again
  Duration venue_delay{0};  // how long a cancel or a replace is pending (and can lose its race)
  Decimal slippage;         // fraction, against the taker, on market orders and elected stops
  Money fee_per_order;      // on an order's first execution
  Money fee_per_share;
};

struct Account {
  AccountOptions options;
  Uuid id;
  Money cash;
  Money reserved;     // buying power held by open orders
  Money long_value;   // of positions, at last prices
  Money short_value;  // negative or zero
  Money fees;
  Money last_equity;
  std::vector<Position> positions;                     // by asset
  std::vector<std::vector<OrderIndex>> plain_open[2];  // by side and asset: open orders outside of groups
  std::vector<OrderIndex> orders;                      // all, in order of arrival
  std::vector<std::uint32_t> executions;               // places in Engine::executions()
  std::vector<std::pair<Instant, Money>> equity_at_close;

  Money equity() const { return cash + long_value + short_value; }
};

class Engine {
public:
  Engine(EngineOptions options, std::unique_ptr<PriceFeed> feed);
  /// Takes the feed's first prices. Once, before anything else. `sink` may be null, and must outlive the engine.
  void begin(EngineSink* sink);

  Instant now() const { return now_; }
  const EngineOptions& options() const { return options_; }
  const core::MarketCalendar& calendar() const { return options_.calendar; }
  bool market_open() const { return session_open_; }
  /// The session under way, or the next one.
  const core::Session& session() const { return session_; }

  /// Time moves to `to` (not before now(), else nothing happens); everything due on the way happens, in order.
  void advance_to(Instant to);
  /// Effects due now that waited for the last answer to be given.
  void settle();

  using Submitted = std::variant<OrderIndex, Refusal>;
  /// A refused request changes nothing and uses up no id.
  Submitted submit(AccountIndex account, const OrderRequest& request);
  std::optional<Refusal> cancel(OrderIndex order);
  Submitted replace(OrderIndex order, const ReplaceRequest& request);
  /// A market order that closes `qty` shares of what is held.
  Submitted close_position(AccountIndex account, AssetIndex asset, Quantity qty);

  /// A price out of the script; makes the asset known when it is not. Counts as a quote while a session is open.
  void set_price(const std::string& symbol, Price price, bool slide);
  /// While halted nothing trades in it; its newest price takes effect when the halt ends. False: unknown symbol.
  bool set_halted(const std::string& symbol, bool halted);
  /// `to` new shares for `from` old ones, now: open orders of the symbol are cancelled, fractions are paid out in
  /// cash unless the position was fractional, prices (the feed's later ones too) are divided. False: unknown symbol.
  bool split(const std::string& symbol, Decimal from, Decimal to);
  bool set_tradable(const std::string& symbol, bool tradable, bool shortable, bool fractionable);

  const std::vector<Asset>& assets() const { return assets_; }
  const Asset* find_asset(std::string_view symbol_or_id) const;
  std::size_t order_count() const { return orders_.size(); }
  const Order& order(OrderIndex index) const { return orders_[index]; }
  /// no_order when there is none of that account.
  OrderIndex find_order(AccountIndex account, const Uuid& id) const;
  OrderIndex find_client_order(AccountIndex account, const std::string& client_order_id) const;
  const std::vector<Account>& accounts() const { return accounts_; }
  const std::vector<Execution>& executions() const { return executions_; }
  const PriceFeed& feed() const { return *feed_; }
  Money initial_margin(const Account& account) const;
  Money buying_power(const Account& account) const;
  Uuid account_id(AccountIndex account) const { return accounts_[account].id; }

private:
  struct Timer {
    enum class Kind : std::uint8_t { finish_cancel, finish_replace, retry, end_of_opening } kind;
    Instant at;
    std::uint64_t sequence;
    OrderIndex order;
    friend bool operator>(const Timer& a, const Timer& b) {
      return std::tie(a.at, a.sequence) > std::tie(b.at, b.sequence);
    }
  };
  struct BookKey {
    Price level;
    std::uint64_t sequence;
    OrderIndex order;
  };
  struct Rising {
    bool operator()(const BookKey& a, const BookKey& b) const {
      return std::tie(a.level, a.sequence) < std::tie(b.level, b.sequence);
    }
  };
  struct Falling {
    bool operator()(const BookKey& a, const BookKey& b) const {
      return a.level != b.level ? a.level > b.level : a.sequence < b.sequence;
    }
  };
  struct Book {
    std::set<BookKey, Falling> falling;  // buy limits and sell stops: trade when the price comes down to them
    std::set<BookKey, Rising> rising;    // sell limits, buy stops; and with the lowest key what trades at any price
    std::set<OrderIndex> trailing;       // of these, the stops that follow the price
  };

  // engine.cpp: time
  void open_session();
  void close_session();
  void run_timer();
  void close_auction();
  void end_opening();
  void expire_gtc();
  void start_timer(Timer::Kind kind, Instant at, OrderIndex order);
  Asset& add_asset(const std::string& symbol);
  void emit(EventKind kind, const Order& order, const Execution* execution = nullptr);

  // engine_validate.cpp: what is refused, in order of the checks
  std::optional<Refusal> check_form(const OrderRequest& r) const;
  std::optional<Refusal> check_time_in_force(const OrderRequest& r) const;
  std::optional<Refusal> decide_intent(AccountIndex account, const Asset& asset, const OrderRequest& r,
                                       Intent& intent) const;
  std::optional<Refusal> check_short(const Account& account, const Asset& asset, const OrderRequest& r) const;
  std::optional<Refusal> check_market(const Asset& asset, const OrderRequest& r, Intent intent) const;
  std::optional<Refusal> check_wash(AccountIndex account, const Asset& asset, const Order& order,
                                    OrderIndex ignore) const;
  std::optional<Refusal> check_funds(const Account& account, const Order& order, Money released) const;
  std::optional<Refusal> check_replaced_prices(const Order& next) const;
  std::optional<Refusal> check_replaced_terms(const Order& old, Order& next) const;
  Refusal insufficient_quantity(AccountIndex account, const Asset& asset, Quantity requested, Quantity available,
                                bool related) const;

  // engine_orders.cpp: submit, cancel, replace
  Order& add_order(AccountIndex account, AssetIndex asset, const std::string& client_order_id);
  Order draft(AccountIndex account, const Asset& asset, const OrderRequest& r, Intent intent) const;
  void add_legs(OrderIndex head, const OrderRequest& r);
  OrderIndex add_leg(OrderIndex head, Role role, Price price, std::optional<Price> stop_limit);
  std::optional<Instant> expiry(Tif tif, Instant at) const;
  std::optional<Refusal> check_replace(const Order& old, const ReplaceRequest& request, Order& next) const;
  void finish_replace(OrderIndex next);
  void take_over_group(const Order& old, Order& next);
  void finish_cancel(OrderIndex order);
  void cancel_group(OrderIndex order, Status end, EventKind event);
  void end_order(Order& order, Status end);
  void cancel_all_of(AssetIndex asset);
  void activate(OrderIndex order);
  void recount(Order& order);
  Money reserve_for(const Order& order) const;
  Quantity holding_for(const Order& order) const;
  OrderIndex sibling(const Order& order) const;

  // engine_match.cpp: prices and fills
  void move_price(Asset& asset, Price price, bool slide);
  void set_last(Asset& asset, Price price);
  void follow(const Asset& asset);
  void slide_to(Asset& asset, Price price);
  void run_triggers(Asset& asset);
  OrderIndex next_triggered(const Asset& asset) const;
  bool can_trade(const Asset& asset) const { return session_open_ && asset.quoted && !asset.halted; }
  void put_in_book(Order& order);
  void take_out_of_book(Order& order);
  bool is_marketable(const Order& order, const Asset& asset) const;
  void trade(OrderIndex order);
  void elect(Order& order);
  void fill(Order& order, Quantity qty, Price price);
  void book_to_account(Execution& execution);
  void after_fill(OrderIndex order);
  void arm_legs(OrderIndex head);
  void arm_pair(const Order& head);
  Price taker_price(const Order& order, Price price) const;

  EngineOptions options_;
  std::unique_ptr<PriceFeed> feed_;
  EngineSink* sink_ = nullptr;
  Instant now_;
  core::Session session_;
  bool session_open_ = false;
  Chance partial_chance_;

  std::vector<Asset> assets_;
  std::vector<Book> books_;  // by asset
  std::unordered_map<std::string, AssetIndex> asset_by_symbol_;
  std::unordered_map<Uuid, AssetIndex, UuidHash> asset_by_id_;
  std::vector<Account> accounts_;
  std::deque<Order> orders_;
  std::unordered_map<Uuid, OrderIndex, UuidHash> order_by_id_;
  std::vector<std::unordered_map<std::string, OrderIndex>> order_by_client_id_;  // by account
  std::vector<Execution> executions_;

  std::uint64_t sequence_ = 0;  // arrival in books and timers
  // Lists in order of arrival; an order that has ended meanwhile is passed over when its turn comes.
  std::vector<OrderIndex> fresh_;     // answered, not yet at the market
  std::vector<OrderIndex> waiting_;   // accepted: for the next open, or for the close
  std::vector<OrderIndex> expiring_;  // all but gtc: looked at when a session closes
  std::deque<OrderIndex> gtc_;        // their expiry rises with their creation
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
};

}  // namespace heed::exchange
