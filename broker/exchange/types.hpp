// The built-in exchange's own vocabulary: orders, positions, executions, refusals. It shares value types with the
// rest of Heed (decimals, instants) and nothing else, so that a mistake in Heed's books cannot hide in the
// exchange's.
#pragma once

#include "messages/decimal.hpp"
#include "messages/fields.hpp"
#include "messages/time.hpp"

#include <compare>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace heed::exchange {

/// 128 bits shaped as a version 4 UUID. Made from a seed and a counter, so that a run repeats to the last id.
struct Uuid {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  /// The `count`-th id of a kind. Distinct counts give distinct ids.
  static Uuid derive(std::uint64_t seed, std::uint64_t kind, std::uint64_t count);
  /// 36 characters, any case; empty on anything else.
  static std::optional<Uuid> parse(std::string_view text);
  void append_to(std::string& out) const;
  std::string str() const;
  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};
struct UuidHash {
  std::size_t operator()(const Uuid& id) const noexcept { return id.high ^ (id.low * 0x9E3779B97F4A7C15ULL); }
};

/// A small repeatable generator (splitmix64). Never used where the outcome would depend on call timing.
class Chance {
public:
  explicit Chance(std::uint64_t seed) : state_{seed} {}
  std::uint64_t next();
  /// Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }

private:
  std::uint64_t state_;
};
std::uint64_t mix(std::uint64_t value);

using OrderIndex = std::uint32_t;  // place in the engine's order table, in order of arrival
using AssetIndex = std::uint32_t;
using AccountIndex = std::uint32_t;
inline constexpr OrderIndex no_order = std::numeric_limits<OrderIndex>::max();

enum class Side : std::uint8_t { buy, sell };
constexpr Side opposite(Side s) { return s == Side::buy ? Side::sell : Side::buy; }
enum class Type : std::uint8_t { market, limit, stop, stop_limit, trailing_stop };
enum class Tif : std::uint8_t { day, gtc, opg, cls, ioc, fok };
enum class Class : std::uint8_t { simple, bracket, oco, oto };
enum class Role : std::uint8_t { plain, entry, take_profit, stop_loss };
enum class Intent : std::uint8_t { buy_to_open, buy_to_close, sell_to_open, sell_to_close };
constexpr bool closes(Intent i) { return i == Intent::buy_to_close || i == Intent::sell_to_close; }

enum class Status : std::uint8_t {
  pending_new,  // answered, not yet at the market
  accepted,     // waits for its session
  live,         // "new" on the wire
  partially_filled,
  held,  // a leg that waits for its parent or its sibling
  pending_cancel,
  pending_replace,
  filled,  // terminal from here on
  canceled,
  expired,
  replaced,
  rejected
};
constexpr bool is_open(Status s) { return s < Status::filled; }

enum class EventKind : std::uint8_t {
  live,
  accepted,
  fill,
  partial_fill,
  canceled,
  expired,
  replaced,
  rejected,
  pending_cancel,
  pending_replace,
  order_replace_rejected
};

/// What a client asks for. Numbers are as sent; the engine judges them.
struct OrderRequest {
  std::string symbol;
  std::optional<Quantity> qty;
  std::optional<Money> notional;
  Side side = Side::buy;
  Type type = Type::market;
  Tif tif = Tif::day;
  Class order_class = Class::simple;
  std::optional<Price> limit_price;
  std::optional<Price> stop_price;
  std::optional<Price> trail_price;      // trailing stops: one of the two
  std::optional<Decimal> trail_percent;  // 0 to 100
  bool has_take_profit = false;
  std::optional<Price> take_profit_limit;
  bool has_stop_loss = false;
  std::optional<Price> stop_loss_stop;
  std::optional<Price> stop_loss_limit;
  std::optional<Intent> intent;
  bool extended_hours = false;
  std::string client_order_id;  // empty: the exchange names it
};

struct ReplaceRequest {
  std::optional<Quantity> qty;
  std::optional<Tif> tif;
  std::optional<Price> limit_price;
  std::optional<Price> stop_price;
  std::optional<Decimal> trail;  // a trailing stop's price or percentage, whichever it has
  std::string client_order_id;
};

struct Order {
  OrderIndex index = no_order;
  AccountIndex account = 0;
  AssetIndex asset = 0;
  Uuid id;
  std::string client_order_id;
  Side side = Side::buy;
  Type type = Type::market;
  Tif tif = Tif::day;
  Class order_class = Class::simple;
  Role role = Role::plain;
  Intent intent = Intent::buy_to_open;
  Status status = Status::pending_new;
  bool extended_hours = false;
  Quantity qty;  // zero while a notional order has not traded
  std::optional<Money> notional;
  std::optional<Price> limit_price;
  std::optional<Price> stop_price;
  std::optional<Price> collar;  // the limit that a buy stop silently gets
  std::optional<Price> trail_price;
  std::optional<Decimal> trail_percent;
  std::optional<Price> hwm;  // trailing: the best price seen, which stop_price follows
  Quantity filled_qty;
  Money filled_value;  // sum of price x quantity

  // The group. A bracket's or OTO's entry, and an OCO's take-profit, is the head; its legs name it as parent.
  OrderIndex parent = no_order;
  OrderIndex take_profit = no_order;
  OrderIndex stop_loss = no_order;
  OrderIndex replaces = no_order;
  OrderIndex replaced_by = no_order;

  Instant created_at{};
  Instant updated_at{};
  std::optional<Instant> filled_at, expired_at, expires_at, canceled_at, cancel_requested_at, failed_at, replaced_at;

  // The engine's own marks.
  bool armed = false;       // a leg whose parent has filled
  bool elected = false;     // a stop whose level was touched
  std::uint8_t book = 0;    // 0 none, 1 waits for the price to fall, 2 to rise
  Status before_pending{};  // what a refused replace goes back to
  Price level;              // key in the book, with:
  std::uint64_t book_sequence = 0;
  Quantity replaced_filled;             // of the order it replaces, when the replacement was asked for
  Money reserved;                       // of buying power
  Quantity holding;                     // of the position's shares
  std::uint32_t plain_slot = no_order;  // place in the account's list of plain open orders

  Quantity remaining() const { return qty - filled_qty; }
  bool trails() const { return type == Type::trailing_stop; }
  /// Where a trailing stop stands when `best` is the best price seen; to the tick, away from the market.
  Price trailing_stop_at(Price best) const;
  bool in_group() const { return order_class != Class::simple; }
};

/// One account's holding of one asset.
struct Position {
  Quantity qty;  // signed
  Money cost;    // signed like qty
  Money value;   // qty x last price, kept as the price moves
  Money realized;
  Quantity selling;  // held by open orders that sell what is long
  Quantity buying;   // held by open orders that buy back what is short
  /// What open orders leave free, never negative.
  Quantity available() const {
    const Quantity size = qty.abs();
    const Quantity held = qty.is_negative() ? buying : selling;
    return held >= size ? Quantity{} : size - held;
  }
  Quantity held() const { return qty.abs() - available(); }
  Price average() const { return qty.is_zero() ? Price{} : cost / qty; }
};

struct Execution {
  Uuid id;
  AccountIndex account = 0;
  AssetIndex asset = 0;
  OrderIndex order = no_order;
  Side side = Side::buy;
  bool opens_short = false;
  Quantity qty;
  Price price;
  Money fee;
  Quantity cum_qty, leaves_qty;
  Quantity position_qty;  // after
  Instant at{};
};

struct Asset {
  AssetIndex index = 0;
  std::string symbol;
  Uuid id;
  bool tradable = true;
  bool shortable = true;
  bool fractionable = true;
  bool halted = false;
  Price last;  // zero: never had a price
  Price previous_close;
  Instant priced_at{};
  bool quoted = false;                                 // has a quote in the present session
  bool scripted = false;                               // priced by command: keeps its quote from session to session
  Decimal split_factor{1};                             // feed price / this = traded price
  std::optional<std::pair<Price, bool>> while_halted;  // newest price that a halt keeps back
};

/// A no, with everything the wire needs to say it.
struct Refusal {
  int http = 422;
  std::int64_t code = 42210000;
  std::string message;
  std::vector<std::pair<std::string, std::string>> extras;  // string members of the body
  std::vector<std::string> related_orders;
};

/// Something that happened to an order. The order itself is read from the engine.
struct TradeEvent {
  EventKind kind = EventKind::live;
  OrderIndex order = no_order;
  const Execution* execution = nullptr;  // fills only
  Instant at{};
};

/// What a split did to one position.
struct SplitOutcome {
  Quantity before;  // signed, like all three
  Quantity exact;   // before x ratio
  Quantity after;   // what is left in shares
  Money cash;       // for the rest
};

/// Listens to the engine; called in the middle of its work, so it must not call back into a mutating function.
class EngineSink {
public:
  virtual ~EngineSink() = default;
  virtual void on_trade_event(const TradeEvent&) {}
  virtual void on_price(const Asset&) {}
  virtual void on_session_close(Instant) {}
  virtual void on_split(AccountIndex, const Asset&, const SplitOutcome&) {}
};

}  // namespace heed::exchange

HEED_ENUM_NAMES(heed::exchange::Side, "buy", "sell");
HEED_ENUM_NAMES(heed::exchange::Type, "market", "limit", "stop", "stop_limit", "trailing_stop");
HEED_ENUM_NAMES(heed::exchange::Tif, "day", "gtc", "opg", "cls", "ioc", "fok");
HEED_ENUM_NAMES(heed::exchange::Class, "", "bracket", "oco", "oto");
HEED_ENUM_NAMES(heed::exchange::Intent, "buy_to_open", "buy_to_close", "sell_to_open", "sell_to_close");
HEED_ENUM_NAMES(heed::exchange::Status, "pending_new", "accepted", "new", "partially_filled", "held",
                "pending_cancel", "pending_replace", "filled", "canceled", "expired", "replaced", "rejected");
HEED_ENUM_NAMES(heed::exchange::EventKind, "new", "accepted", "fill", "partial_fill", "canceled", "expired",
                "replaced", "rejected", "pending_cancel", "pending_replace", "order_replace_rejected");
