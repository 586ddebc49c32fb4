// What every journal has to agree on about each table: its name, its key, its columns, what a list may filter by.
// One description serves the memory, SQLite and PostgreSQL journals, so that they answer alike.
//
// Rows of a table have rising numbers in the order of their first write; lists page by that number. A mention's
// number is its id, an event's its seq.
#pragma once

#include "persistence/journal.hpp"

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace heed {

/// A text filter of ListFilter, and the column it compares with.
struct FilterColumn {
  std::string_view name;
  std::string ListFilter::*asked;
  std::string_view column;
};

namespace table_detail {

using namespace std::string_view_literals;
inline constexpr FilterColumn account{"account", &ListFilter::account, "account"};
inline constexpr FilterColumn symbol{"symbol", &ListFilter::symbol, "symbol"};
inline constexpr FilterColumn source{"source", &ListFilter::source, "source"};
inline constexpr FilterColumn strategy{"strategy", &ListFilter::strategy, "strategy"};
inline constexpr FilterColumn signal{"signal", &ListFilter::signal, "signal"};
inline constexpr FilterColumn order{"order", &ListFilter::order, "order"};
inline constexpr FilterColumn client_order{"order", &ListFilter::order, "client_order_id"};
inline constexpr FilterColumn type{"type", &ListFilter::type, "type"};
inline constexpr FilterColumn action{"type", &ListFilter::type, "action"};

}  // namespace table_detail

/// name; key (columns); filters; at (the main instant); statuses (what ListFilter::status may be; the first is what
/// an empty status means, when it is empty it means all).
template <class T>
struct Table;

template <>
struct Table<JournalEvent> {
  static constexpr std::string_view name = "journal", number = "seq", at = "at";
  static constexpr std::array key{std::string_view{"seq"}};
  static constexpr std::array filters{table_detail::account, table_detail::symbol, table_detail::signal,
                                      table_detail::order, table_detail::type};
};
template <>
struct Table<SignalRow> {
  static constexpr std::string_view name = "signals", number = "rowid", at = "received_at";
  static constexpr std::array key{std::string_view{"signal"}};
  static constexpr std::array filters{table_detail::symbol, table_detail::source, table_detail::signal,
                                      table_detail::action};
};
template <>
struct Table<Mention> {
  static constexpr std::string_view name = "mentions", number = "id", at = "created_at";
  static constexpr std::array key{std::string_view{"id"}};
  static constexpr std::array filters{table_detail::symbol, table_detail::source, table_detail::signal,
                                      table_detail::action};
};
template <>
struct Table<RejectedInputRow> {
  static constexpr std::string_view name = "rejected_inputs", number = "rowid", at = "at";
  static constexpr std::array key{std::string_view{"source"}, std::string_view{"position"}};
  static constexpr std::array filters{table_detail::source};
};
template <>
struct Table<Decision> {
  static constexpr std::string_view name = "decisions", at = "at";
  static constexpr std::array key{std::string_view{"signal"}, std::string_view{"account"}};
};
template <>
struct Table<Intent> {
  static constexpr std::string_view name = "intents", number = "rowid", at = "created_at";
  static constexpr std::array key{std::string_view{"signal"}, std::string_view{"intent_id"}};
  static constexpr std::array filters{table_detail::account, table_detail::symbol,
                                      table_detail::source,  table_detail::strategy,
                                      table_detail::signal,  FilterColumn{"type", &ListFilter::type, "action"}};
};
template <>
struct Table<OrderRow> {
  static constexpr std::string_view name = "orders", number = "rowid", at = "created_at";
  static constexpr std::array key{std::string_view{"client_order_id"}};
  static constexpr std::array filters{table_detail::account,  table_detail::symbol, table_detail::source,
                                      table_detail::strategy, table_detail::signal, table_detail::client_order,
                                      table_detail::type};
};
template <>
struct Table<FillRow> {
  static constexpr std::string_view name = "fills", number = "rowid", at = "at";
  static constexpr std::array key{std::string_view{"account"}, std::string_view{"execution_id"},
                                  std::string_view{"lot"}};
  static constexpr std::array filters{table_detail::account,  table_detail::symbol, table_detail::source,
                                      table_detail::strategy, table_detail::signal, table_detail::client_order};
};
template <>
struct Table<PositionRow> {
  static constexpr std::string_view name = "positions", number = "rowid", at = "updated_at";
  static constexpr std::array key{std::string_view{"account"}, std::string_view{"symbol"}};
  static constexpr std::array filters{table_detail::account, table_detail::symbol};
};
template <>
struct Table<TradeRow> {
  static constexpr std::string_view name = "trades", number = "rowid", at = "closed_at";
  static constexpr std::array key{std::string_view{"account"}, std::string_view{"trade"}};
  static constexpr std::array filters{table_detail::account, table_detail::symbol,
                                      table_detail::source,  table_detail::strategy,
                                      table_detail::signal,  FilterColumn{"type", &ListFilter::type, "reason"}};
};
template <>
struct Table<CursorRow> {
  static constexpr std::string_view name = "cursors", at = "at";
  static constexpr std::array key{std::string_view{"source"}};
};
template <>
struct Table<PauseRow> {
  static constexpr std::string_view name = "pauses", number = "rowid", at = "since";
  static constexpr std::array key{std::string_view{"account"}, std::string_view{"strategy"},
                                  std::string_view{"symbol"}, std::string_view{"cause"}};
  static constexpr std::array filters{table_detail::account, table_detail::symbol, table_detail::strategy,
                                      FilterColumn{"type", &ListFilter::type, "cause"}};
};
template <>
struct Table<BlockRow> {
  static constexpr std::string_view name = "blocklist", at = "until";
  static constexpr std::array key{std::string_view{"account"}, std::string_view{"symbol"}};
};
template <>
struct Table<AccountRow> {
  static constexpr std::string_view name = "accounts", at = "at";
  static constexpr std::array key{std::string_view{"account"}};
};
template <>
struct Table<BrokerCallRow> {
  static constexpr std::string_view name = "broker_calls", number = "id", at = "at";
  static constexpr std::array key{std::string_view{"id"}};
  static constexpr std::array filters{table_detail::account, table_detail::order,
                                      FilterColumn{"type", &ListFilter::type, "method"}};
};

template <>
struct Table<BarRow> {
  static constexpr std::string_view name = "bars", at = "at";
  static constexpr std::array key{std::string_view{"symbol"}, std::string_view{"period"}, std::string_view{"at"}};
};
template <>
struct Table<BacktestRunRow> {
  static constexpr std::string_view name = "backtest_runs", number = "rowid", at = "created_at";
  static constexpr std::array key{std::string_view{"run_id"}};
  static constexpr std::array filters{FilterColumn{"type", &ListFilter::type, "kind"}};
};
template <>
struct Table<BacktestResultRow> {
  static constexpr std::string_view name = "backtest_results";
  static constexpr std::array key{std::string_view{"run_id"}, std::string_view{"part"}};
};
template <>
struct Table<BacktestTradeRow> {
  static constexpr std::string_view name = "backtest_trades";
  static constexpr std::array key{std::string_view{"run_id"}, std::string_view{"number"}};
};

/// Calls f(column name, member) for each column of T, in the table's order. A decision's disposition and a pause's
/// fields are columns of their own; other nested structs are one column of JSON text.
template <class Self, class F>
void for_each_column(Self& self, F&& f) {
  using T = std::remove_const_t<Self>;
  if constexpr (std::same_as<T, Decision>) {
    f("signal", self.signal);
    f("account", self.account);
    f("disposition", self.disposition.kind);
    f("detail", self.disposition.detail);
    f("reason", self.reason);
    f("at", self.at);
  } else if constexpr (std::same_as<T, PauseRow>) {
    Pause::fields(self.pause, f);
    f("ended_at", self.ended_at);
    f("ended_by", self.ended_by);
  } else {
    T::fields(self, f);
  }
}

/// What a list asks for by status, for those tables that have one; shared meaning, so that all journals agree.
enum class StatusQuery : std::uint8_t { all, orders_live, orders_done, exact, positions_open, pauses_active };

/// Refuses what a list of T cannot answer: a filter that T has no column for, a limit outside of 1..1000, a cursor
/// that no list gave, an unknown status. `account` and `status` of signals are those of their decisions.
template <class T>
Status check_filter(const ListFilter& filter);
/// Precondition: check_filter<T> passed.
template <class T>
StatusQuery status_query(const ListFilter& filter);
/// The number in the cursor; empty when there is none. Precondition: check_filter passed.
std::optional<std::int64_t> cursor_number(const ListFilter& filter);
/// For the funnel: only account, signal, symbol, source, from and to.
Status check_funnel_filter(const ListFilter& filter);

/// How the funnel counts this disposition: with its detail where details are few and say why ("no_op:not_held"),
/// without where they are an instant, an id or free text.
std::string funnel_text(DispositionKind kind, std::string_view detail);
/// Whether the funnel drops the details of this kind.
constexpr bool funnel_drops_detail(DispositionKind kind) {
  return kind == DispositionKind::deferred || kind == DispositionKind::duplicate_of ||
         kind == DispositionKind::failed;
}

/// "no_op" matches every no_op, "no_op:not_held" only that one.
bool matches_status(const Decision& decision, std::string_view status);

}  // namespace heed
