// The reading half of a journal that lives in a database: the questions of the port, asked the same way of each.
//
// A `Store` has a `Connection` and  Result<Answer> ask<Answer>(f),  which calls f(connection) with one that nobody
// else uses, and makes an error of what is thrown. A `Connection` has run(query, f), which calls f(row) for each row
// until it says false; a `Snapshot`, within which everything sees one state; check_whole() and head_seq(); and what
// the databases differ in: use_index, add_signal, add_signals, working, undecided, decision_of_signal,
// signal_of_decision.
#pragma once

#include "persistence/chain.hpp"
#include "persistence/journal.hpp"
#include "persistence/sql/columns.hpp"
#include "persistence/sql/query.hpp"
#include "persistence/sql/row_reader.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace heed::sql {

/// Has a signal: looked for by Connection::add_signal.
template <class T>
inline constexpr bool told_by_signal =
  std::same_as<T, JournalEvent> || std::same_as<T, OrderRow> || std::same_as<T, FillRow>;
template <class T>
inline constexpr bool of_a_signal = told_by_signal<T> || std::same_as<T, Decision> || std::same_as<T, Intent>;

template <class T, class Connection>
std::vector<T> rows_of(Connection& connection, const Query& query) {
  std::vector<T> out;
  connection.run(query, [&](const auto& row) {
    out.push_back(RowReader{row, 0}.template read_row<T>());
    return true;
  });
  return out;
}

template <class T>
Query select(std::string_view rest) {
  return Query{}.add("SELECT " + column_list<T>() + " FROM " + std::string{Table<T>::name} + ' ').add(rest);
}

template <class T>
void add_status(Query& query, const ListFilter& filter, std::string_view working) {
  switch (status_query<T>(filter)) {
    case StatusQuery::all: break;
    case StatusQuery::orders_live: query.add(" AND ").add(working); break;
    case StatusQuery::orders_done: query.add(" AND NOT ").add(working); break;
    case StatusQuery::exact: query.add(" AND status=?", filter.status); break;
    case StatusQuery::positions_open: query.add(" AND phase<>'Flat'"); break;
    case StatusQuery::pauses_active: query.add(" AND ended_at IS NULL"); break;
  }
}

inline void add_decided(Query& query, const ListFilter& filter, std::string_view same_signal) {
  if (filter.account.empty() && filter.status.empty())
    return;
  query.add(" AND EXISTS (SELECT 1 FROM decisions d WHERE ").add(same_signal);
  if (!filter.account.empty())
    query.add(" AND d.account=?", filter.account);
  if (filter.status.find(':') != std::string::npos)
    query.add(" AND d.detail<>'' AND d.disposition||':'||d.detail=?", filter.status);
  else if (!filter.status.empty())
    query.add(" AND d.disposition=?", filter.status);
  query.add(")");
}

template <class T>
void add_instants(Query& query, const ListFilter& filter) {
  const auto column = " AND \"" + std::string{Table<T>::at} + '"';
  if (filter.from)
    query.add(column + ">=?", *filter.from);
  if (filter.to)
    query.add(column + "<?", *filter.to);
}

// The page and one row more, which tells whether there is a next page.
template <class T, class Connection>
Query page_query(const ListFilter& filter) {
  const std::string number{Table<T>::number};
  Query query;
  query.add("SELECT " + number + ',' + column_list<T>() + " FROM " + std::string{Table<T>::name});
  if (told_by_signal<T> && !filter.signal.empty())
    query.add(Connection::use_index(std::string{Table<T>::name} + "_signal"));
  query.add(" WHERE 1=1");
  if (of_a_signal<T> && !filter.signal.empty())
    Connection::add_signal(query, filter.signal);
  for (const auto& column : Table<T>::filters)
    if (!(filter.*column.asked).empty() && !(of_a_signal<T> && column.asked == &ListFilter::signal))
      query.add(" AND \"" + std::string{column.column} + "\"=?", filter.*column.asked);
  add_instants<T>(query, filter);
  if constexpr (std::same_as<T, SignalRow>)
    add_decided(query, filter, Connection::decision_of_signal);
  else
    add_status<T>(query, filter, Connection::working);
  if (const auto cursor = cursor_number(filter))
    query.add(" AND " + number + (filter.oldest_first ? ">?" : "<?"), *cursor);
  query.add(" ORDER BY " + number + (filter.oldest_first ? " ASC" : " DESC") + " LIMIT ?",
            std::int64_t{filter.limit} + 1);
  return query;
}

template <class T, class Connection>
ListPage<T> read_page(Connection& connection, const ListFilter& filter) {
  ListPage<T> page;
  std::int64_t last = 0;
  connection.run(page_query<T, Connection>(filter), [&](const auto& row) {
    if (page.rows.size() == static_cast<std::size_t>(filter.limit)) {
      page.next_cursor = std::to_string(last);
      return false;
    }
    last = row.number(0);
    page.rows.push_back(RowReader{row, 1}.template read_row<T>());
    return true;
  });
  return page;
}

template <class Connection>
SignalView view_of(Connection& connection, SignalRow row) {
  auto query = select<Decision>("WHERE 1=1");
  Connection::add_signal(query, row.signal.str());
  query.add(" ORDER BY account");
  return {std::move(row), rows_of<Decision>(connection, query)};
}

/// Of how many signals one question is: with as many places in each, its text is always the same.
inline constexpr std::size_t signals_at_once = 100;

/// Calls f(place, row) for each row of T that has one of `signals`; `place` is where in `signals`. Rows of one signal
/// come in the order of their first write.
template <class T, class Connection, class F>
void of_signals(Connection& connection, std::span<const SignalId> signals, const std::string& columns,
                std::string_view order, F&& f) {
  std::unordered_map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < signals.size(); ++i)
    places.emplace(signals[i].str(), i);
  for (std::size_t from = 0; from < signals.size(); from += signals_at_once) {
    std::vector<std::string> asked;
    for (std::size_t i = 0; i < signals_at_once; ++i)
      asked.push_back(signals[std::min(from + i, signals.size() - 1)].str());
    Query query;
    query.add("SELECT signal," + columns + " FROM " + std::string{Table<T>::name});
    if (told_by_signal<T>)
      query.add(Connection::use_index(std::string{Table<T>::name} + "_signal"));
    query.add(" WHERE 1=1");
    Connection::add_signals(query, asked);
    query.add(" ORDER BY ").add(order);
    connection.run(query, [&](const auto& row) {
      f(places.at(std::string{row.text(0)}), row);
      return true;
    });
  }
}

/// The decisions of a page of signals, by account.
template <class Connection>
std::vector<SignalView> views_of(Connection& connection, std::vector<SignalRow> rows) {
  std::vector<SignalId> signals;
  std::vector<SignalView> out;
  for (auto& row : rows) {
    signals.push_back(row.signal);
    out.push_back({std::move(row), {}});
  }
  of_signals<Decision>(connection, signals, column_list<Decision>(), "account",
                       [&](std::size_t place, const auto& row) {
                         out[place].decisions.push_back(RowReader{row, 1}.template read_row<Decision>());
                       });
  return out;
}

template <class Connection>
std::vector<SignalLinks> links_of(Connection& connection, std::span<const SignalId> signals) {
  // Of a signal that is asked about twice the second place is a copy.
  std::vector<SignalId> once;
  std::map<SignalId, std::size_t> places;
  for (const auto& signal : signals)
    if (places.emplace(signal, once.size()).second)
      once.push_back(signal);
  std::vector<SignalLinks> found(once.size());
  of_signals<Intent>(connection, once, "account,intent_id", "rowid", [&](std::size_t place, const auto& row) {
    found[place].intents.emplace_back(row.text(1), row.text(2));
  });
  of_signals<OrderRow>(connection, once, "account,client_order_id", "rowid", [&](std::size_t place, const auto& row) {
    found[place].orders.emplace_back(row.text(1), row.text(2));
  });
  std::vector<SignalLinks> out;
  for (const auto& signal : signals)
    out.push_back(found[places.at(signal)]);
  return out;
}

template <class Connection>
std::int64_t number_of(Connection& connection, const std::string& sql) {
  std::int64_t out = 0;
  connection.run(Query{}.add(sql), [&](const auto& row) {
    out = row.number(0);
    return false;
  });
  return out;
}

template <class Connection>
std::vector<SignalView> undecided_signals(Connection& connection) {
  std::vector<SignalView> out;
  const auto marked =
    rows_of<SignalRow>(connection, select<SignalRow>("WHERE ").add(Connection::undecided).add(" ORDER BY rowid"));
  for (const auto& row : marked) {
    auto view = view_of(connection, row);
    const auto final =
      std::ranges::count_if(view.decisions, [](const Decision& d) { return is_final(d.disposition.kind); });
    if (final < std::max<std::ptrdiff_t>(row.followers, std::ssize(view.decisions)))
      out.push_back(std::move(view));
  }
  return out;
}

// Each of these reads what is open or of today through an index made for it; none reads history.
template <class Connection>
RecoveredState read_state(Connection& connection, Instant day_start, Instant mentions_since) {
  const typename Connection::Snapshot snapshot{connection};
  const auto since = [&]<class T>(std::type_identity<T>, const std::string& sql, Instant at, std::string_view order) {
    return rows_of<T>(connection, select<T>("").add(sql, at).add(order));
  };
  RecoveredState out;
  out.positions = rows_of<PositionRow>(connection, select<PositionRow>("WHERE live=1 ORDER BY rowid"));
  out.working_orders =
    rows_of<OrderRow>(connection, select<OrderRow>("WHERE ").add(Connection::working).add(" ORDER BY rowid"));
  out.todays_entries = since(std::type_identity<OrderRow>{},
                             Connection::use_index("orders_entries") + " WHERE leg='entry' AND created_at>=?",
                             day_start, " ORDER BY rowid");
  out.todays_trades =
    since(std::type_identity<TradeRow>{}, Connection::use_index("trades_closed") + " WHERE closed_at>=?", day_start,
          " ORDER BY rowid");
  out.todays_fills = since(std::type_identity<FillRow>{}, Connection::use_index("fills_at") + " WHERE at>=?",
                           day_start, " ORDER BY rowid");
  out.pauses = rows_of<PauseRow>(connection, select<PauseRow>("WHERE ended_at IS NULL ORDER BY rowid"));
  out.blocks = since(std::type_identity<BlockRow>{}, "WHERE until>?", day_start, " ORDER BY account, symbol");
  out.accounts = rows_of<AccountRow>(connection, select<AccountRow>("ORDER BY account"));
  out.cursors = rows_of<CursorRow>(connection, select<CursorRow>("ORDER BY source"));
  out.undecided = undecided_signals(connection);
  out.recent_mentions =
    since(std::type_identity<Mention>{}, Connection::use_index("mentions_created") + " WHERE created_at>?",
          mentions_since, " ORDER BY created_at, id");
  out.last_seq = number_of(connection, "SELECT coalesce(max(seq), 0) FROM journal");
  out.last_mention_id = number_of(connection, "SELECT coalesce(max(id), 0) FROM mentions");
  return out;
}

template <class Connection>
Query funnel_query(const ListFilter& filter) {
  Query query;
  query.add(
    "SELECT disposition, detail, count(*) FROM (SELECT disposition,"
    " CASE WHEN disposition IN ('deferred','duplicate_of','failed') THEN '' ELSE detail END AS detail"
    " FROM decisions WHERE 1=1");
  if (!filter.account.empty())
    query.add(" AND account=?", filter.account);
  if (!filter.signal.empty())
    Connection::add_signal(query, filter.signal);
  if (filter.from)
    query.add(" AND at>=?", *filter.from);
  if (filter.to)
    query.add(" AND at<?", *filter.to);
  if (!filter.source.empty() || !filter.symbol.empty()) {
    query.add(" AND EXISTS (SELECT 1 FROM signals s WHERE ").add(Connection::signal_of_decision);
    if (!filter.source.empty())
      query.add(" AND s.source=?", filter.source);
    if (!filter.symbol.empty())
      query.add(" AND s.symbol=?", filter.symbol);
    query.add(")");
  }
  return query.add(") AS told GROUP BY disposition, detail");
}

// Reads the whole journal once, in order, a stretch at a time.
template <class Connection>
std::int64_t verify_chain(Connection& connection) {
  constexpr std::int64_t stretch = 10'000;
  const typename Connection::Snapshot snapshot{connection};
  const auto tampered = [&](std::int64_t seq, const std::string& how) {
    connection.damaged("journal row " + std::to_string(seq) + ' ' + how);
  };
  ChainHasher hasher;
  ChainHash before{};
  std::int64_t expected = 0;
  std::optional<std::int64_t> last;
  for (std::int64_t read = stretch; read == stretch;) {
    read = 0;
    Query query;
    query.add("SELECT " + column_list<JournalEvent>() + ",hash FROM journal");
    if (last)
      query.add(" WHERE seq>?", *last);
    connection.run(query.add(" ORDER BY seq LIMIT ?", stretch), [&](const auto& row) {
      const auto event = RowReader{row, 0}.template read_row<JournalEvent>();
      ++read;
      last = event.seq;
      if (event.seq != ++expected)
        tampered(expected, "is missing");
      before = hasher.link(before, event);
      if (!std::ranges::equal(row.blob(8), before))
        tampered(event.seq, "does not fit the hash chain: it was changed or put in");
      return true;
    });
  }
  if (connection.head_seq() != expected)
    tampered(expected + 1, "is missing");
  return expected;
}

template <class Store>
class Reader final : public JournalReader {
public:
  explicit Reader(Store store) : store_{std::move(store)} {}

  Result<RecoveredState> recover(Instant day_start, Instant mentions_since) override;
  Result<std::vector<SignalView>> undecided() override;
  Result<bool> has_signal(const SignalId& signal) override;
  Result<std::vector<std::pair<std::string, std::int64_t>>> funnel(const ListFilter& filter) override;
  Result<ListPage<SignalView>> signals(const ListFilter& filter) override;
  Result<std::optional<SignalView>> signal(const SignalId& id) override;
  Result<std::vector<SignalLinks>> links(std::span<const SignalId> signals) override;
  Result<ListPage<Mention>> mentions(const ListFilter& filter) override;
  Result<ListPage<RejectedInputRow>> rejected_inputs(const ListFilter& filter) override;
  Result<ListPage<Intent>> intents(const ListFilter& filter) override;
  Result<ListPage<OrderRow>> orders(const ListFilter& filter) override;
  Result<std::optional<OrderRow>> order(const ClientOrderId& id) override;
  Result<ListPage<FillRow>> fills(const ListFilter& filter) override;
  Result<ListPage<PositionRow>> positions(const ListFilter& filter) override;
  Result<ListPage<TradeRow>> trades(const ListFilter& filter) override;
  Result<ListPage<BrokerCallRow>> broker_calls(const ListFilter& filter) override;
  Result<ListPage<PauseRow>> pauses(const ListFilter& filter) override;
  Result<std::vector<AccountRow>> accounts() override;
  Result<ListPage<JournalEvent>> events(const ListFilter& filter) override;
  Result<ListPage<BacktestRunRow>> backtest_runs(const ListFilter& filter) override;
  Result<std::optional<BacktestRunRow>> backtest_run(const std::string& run_id) override;
  Result<std::string> backtest_result(const std::string& run_id) override;
  Result<std::vector<BacktestTradeRow>> backtest_trades(const std::string& run_id) override;
  Result<std::vector<BarRow>> bars(const Symbol& symbol, std::optional<Date> from, std::optional<Date> to) override;
  Result<std::vector<Symbol>> bar_symbols() override;
  /// Also has the database check what it stands on, where it can.
  Result<std::int64_t> verify() override;

private:
  using Connection = typename Store::Connection;
  template <class T>
  Result<ListPage<T>> list(const ListFilter& filter);
  template <class T>
  Result<std::optional<T>> find(const Query& query);
  template <class T>
  Result<std::vector<T>> all(const Query& query);

  Store store_;
};

template <class Store>
template <class T>
Result<ListPage<T>> Reader<Store>::list(const ListFilter& filter) {
  if (const auto ok = check_filter<T>(filter); !ok)
    return ok.error();
  return store_.template ask<ListPage<T>>([&](Connection& connection) { return read_page<T>(connection, filter); });
}

template <class Store>
Result<RecoveredState> Reader<Store>::recover(Instant day_start, Instant mentions_since) {
  return store_.template ask<RecoveredState>(
    [&](Connection& connection) { return read_state(connection, day_start, mentions_since); });
}

template <class Store>
Result<std::vector<SignalView>> Reader<Store>::undecided() {
  return store_.template ask<std::vector<SignalView>>([&](Connection& connection) {
    const typename Connection::Snapshot snapshot{connection};
    return undecided_signals(connection);
  });
}

template <class Store>
Result<bool> Reader<Store>::has_signal(const SignalId& signal) {
  if constexpr (requires { store_.may_have(signal); })
    if (!store_.may_have(signal))
      return false;
  return store_.template ask<bool>([&](Connection& connection) {
    bool found = false;
    connection.run(Query{}.add("SELECT 1 FROM signals WHERE signal=?", signal.str()), [&](const auto&) {
      found = true;
      return false;
    });
    return found;
  });
}

template <class Store>
Result<std::vector<std::pair<std::string, std::int64_t>>> Reader<Store>::funnel(const ListFilter& filter) {
  if (const auto ok = check_funnel_filter(filter); !ok)
    return ok.error();
  using Counts = std::vector<std::pair<std::string, std::int64_t>>;
  return store_.template ask<Counts>([&](Connection& connection) {
    std::map<std::string, std::int64_t> counts;
    connection.run(funnel_query<Connection>(filter), [&](const auto& row) {
      DispositionKind kind{};
      RowReader{row, 0}.read("disposition", kind);
      counts[funnel_text(kind, row.text(1))] += row.number(2);
      return true;
    });
    return Counts(counts.begin(), counts.end());
  });
}

template <class Store>
Result<ListPage<SignalView>> Reader<Store>::signals(const ListFilter& filter) {
  if (const auto ok = check_filter<SignalRow>(filter); !ok)
    return ok.error();
  return store_.template ask<ListPage<SignalView>>([&](Connection& connection) {
    const typename Connection::Snapshot snapshot{connection};
    auto rows = read_page<SignalRow>(connection, filter);
    return ListPage<SignalView>{views_of(connection, std::move(rows.rows)), std::move(rows.next_cursor)};
  });
}

template <class Store>
Result<std::vector<SignalLinks>> Reader<Store>::links(std::span<const SignalId> signals) {
  return store_.template ask<std::vector<SignalLinks>>([&](Connection& connection) {
    const typename Connection::Snapshot snapshot{connection};
    return links_of(connection, signals);
  });
}

template <class Store>
Result<std::optional<SignalView>> Reader<Store>::signal(const SignalId& id) {
  return store_.template ask<std::optional<SignalView>>([&](Connection& connection) -> std::optional<SignalView> {
    const typename Connection::Snapshot snapshot{connection};
    auto found = rows_of<SignalRow>(connection, select<SignalRow>("").add("WHERE signal=?", id.str()));
    if (found.empty())
      return std::nullopt;
    return view_of(connection, std::move(found.front()));
  });
}

template <class Store>
Result<ListPage<Mention>> Reader<Store>::mentions(const ListFilter& filter) {
  return list<Mention>(filter);
}
template <class Store>
Result<ListPage<RejectedInputRow>> Reader<Store>::rejected_inputs(const ListFilter& filter) {
  return list<RejectedInputRow>(filter);
}
template <class Store>
Result<ListPage<Intent>> Reader<Store>::intents(const ListFilter& filter) {
  return list<Intent>(filter);
}
template <class Store>
Result<ListPage<OrderRow>> Reader<Store>::orders(const ListFilter& filter) {
  return list<OrderRow>(filter);
}
template <class Store>
Result<ListPage<FillRow>> Reader<Store>::fills(const ListFilter& filter) {
  return list<FillRow>(filter);
}
template <class Store>
Result<ListPage<PositionRow>> Reader<Store>::positions(const ListFilter& filter) {
  return list<PositionRow>(filter);
}
template <class Store>
Result<ListPage<TradeRow>> Reader<Store>::trades(const ListFilter& filter) {
  return list<TradeRow>(filter);
}
template <class Store>
Result<ListPage<BrokerCallRow>> Reader<Store>::broker_calls(const ListFilter& filter) {
  return list<BrokerCallRow>(filter);
}
template <class Store>
Result<ListPage<PauseRow>> Reader<Store>::pauses(const ListFilter& filter) {
  return list<PauseRow>(filter);
}
template <class Store>
Result<ListPage<JournalEvent>> Reader<Store>::events(const ListFilter& filter) {
  return list<JournalEvent>(filter);
}

template <class Store>
Result<ListPage<BacktestRunRow>> Reader<Store>::backtest_runs(const ListFilter& filter) {
  return list<BacktestRunRow>(filter);
}

template <class Store>
template <class T>
Result<std::optional<T>> Reader<Store>::find(const Query& query) {
  return store_.template ask<std::optional<T>>([&](Connection& connection) -> std::optional<T> {
    auto found = rows_of<T>(connection, query);
    if (found.empty())
      return std::nullopt;
    return std::move(found.front());
  });
}

template <class Store>
template <class T>
Result<std::vector<T>> Reader<Store>::all(const Query& query) {
  return store_.template ask<std::vector<T>>([&](Connection& connection) { return rows_of<T>(connection, query); });
}

template <class Store>
Result<std::optional<OrderRow>> Reader<Store>::order(const ClientOrderId& id) {
  return find<OrderRow>(select<OrderRow>("").add("WHERE client_order_id=?", id.str()));
}

template <class Store>
Result<std::optional<BacktestRunRow>> Reader<Store>::backtest_run(const std::string& run_id) {
  return find<BacktestRunRow>(select<BacktestRunRow>("").add("WHERE run_id=?", run_id));
}

template <class Store>
Result<std::string> Reader<Store>::backtest_result(const std::string& run_id) {
  const auto parts =
    all<BacktestResultRow>(select<BacktestResultRow>("").add("WHERE run_id=?", run_id).add(" ORDER BY part"));
  if (!parts)
    return parts.error();
  std::string out;
  for (const auto& part : parts.value())
    out += part.result;
  return out;
}

template <class Store>
Result<std::vector<BacktestTradeRow>> Reader<Store>::backtest_trades(const std::string& run_id) {
  return all<BacktestTradeRow>(select<BacktestTradeRow>("").add("WHERE run_id=?", run_id).add(" ORDER BY number"));
}

template <class Store>
Result<std::vector<BarRow>> Reader<Store>::bars(const Symbol& symbol, std::optional<Date> from,
                                                std::optional<Date> to) {
  auto query = select<BarRow>("").add("WHERE symbol=?", symbol.str()).add(" AND period='1d'");
  if (from)
    query.add(" AND \"at\">=?", to_iso_date(*from));
  if (to)
    query.add(" AND \"at\"<=?", to_iso_date(*to));
  return all<BarRow>(query.add(" ORDER BY \"at\""));
}

// One look into the key for each symbol: reading all bars for their names would take long.
template <class Store>
Result<std::vector<Symbol>> Reader<Store>::bar_symbols() {
  return store_.template ask<std::vector<Symbol>>([&](Connection& connection) {
    std::vector<Symbol> out;
    for (bool more = true; more;) {
      more = false;
      auto query = Query{}.add("SELECT symbol FROM bars WHERE period='1d'");
      if (!out.empty())
        query.add(" AND symbol>?", out.back().str());
      connection.run(query.add(" ORDER BY symbol LIMIT 1"), [&](const auto& row) {
        RowReader{row, 0}.read("symbol", out.emplace_back());
        more = true;
        return false;
      });
    }
    return out;
  });
}

template <class Store>
Result<std::vector<AccountRow>> Reader<Store>::accounts() {
  return store_.template ask<std::vector<AccountRow>>(
    [&](Connection& connection) { return rows_of<AccountRow>(connection, select<AccountRow>("ORDER BY account")); });
}

template <class Store>
Result<std::int64_t> Reader<Store>::verify() {
  return store_.template ask<std::int64_t>([&](Connection& connection) {
    connection.check_whole();
    return verify_chain(connection);
  });
}

}  // namespace heed::sql
