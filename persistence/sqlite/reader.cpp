#include "persistence/sqlite/reader.hpp"

#include "persistence/sqlite/row_codec.hpp"

#include <algorithm>

namespace heed::sqlite {
namespace {

constexpr std::string_view working = "status NOT IN ('filled', 'canceled', 'expired', 'rejected', 'replaced')";

// Statement text and the values of its parameters, in order. Values are text or numbers.
class Query {
public:
  Query& add(std::string_view sql) {
    sql_ += sql;
    return *this;
  }
  Query& add(std::string_view sql, std::string value) {
    values_.emplace_back(std::move(value));
    return add(sql);
  }
  Query& add(std::string_view sql, std::int64_t value) {
    values_.emplace_back(value);
    return add(sql);
  }
  Query& add(std::string_view sql, Instant value) { return add(sql, std::string{short_text(value).view()}); }

  // Calls f(statement) for each row until it returns false.
  template <class F>
  void run(ReadConnection& connection, F&& f) const {
    auto& statement = connection.prepare(sql_);
    const ResetGuard guard{statement};
    int at = 0;
    for (const auto& value : values_) {
      ++at;
      if (const auto* text = std::get_if<std::string>(&value))
        statement.bind(at, std::string_view{*text});
      else
        statement.bind(at, std::get<std::int64_t>(value));
    }
    while (statement.step())
      if (!f(statement))
        return;
  }

private:
  std::string sql_;
  std::vector<std::variant<std::string, std::int64_t>> values_;
};

/// Everything inside sees one state of the database.
class Snapshot {
public:
  explicit Snapshot(ReadConnection& connection) : connection_{connection} { connection_.prepare("BEGIN").run(); }
  ~Snapshot() {
    if (!connection_.database().idle())
      sqlite3_exec(connection_.database().get(), "COMMIT", nullptr, nullptr, nullptr);
  }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

private:
  ReadConnection& connection_;
};

template <class T>
std::vector<T> rows_of(ReadConnection& connection, const Query& query) {
  std::vector<T> out;
  query.run(connection, [&](const Statement& statement) {
    out.push_back(RowReader{statement, 0}.read_row<T>());
    return true;
  });
  return out;
}

template <class T>
Query select(std::string_view rest) {
  return Query{}.add("SELECT " + column_list<T>() + " FROM " + std::string{Table<T>::name} + ' ').add(rest);
}

template <class T>
void add_status(Query& query, const ListFilter& filter) {
  switch (status_query<T>(filter)) {
    case StatusQuery::all: break;
    case StatusQuery::orders_live: query.add(" AND ").add(working); break;
    case StatusQuery::orders_done: query.add(" AND NOT ").add(working); break;
    case StatusQuery::exact: query.add(" AND status=?", filter.status); break;
    case StatusQuery::positions_open: query.add(" AND phase<>'Flat'"); break;
    case StatusQuery::pauses_active: query.add(" AND ended_at IS NULL"); break;
  }
}

void add_decided(Query& query, const ListFilter& filter) {
  if (filter.account.empty() && filter.status.empty())
    return;
  query.add(" AND EXISTS (SELECT 1 FROM decisions d WHERE d.signal_number=signals.rowid");
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

// By the signal's number, or among the few whose signal has no row.
void add_signal(Query& query, const std::string& signal) {
  query.add(" AND signal_number IN (0, (SELECT rowid FROM signals WHERE signal=?))", signal);
  query.add(" AND signal=?", signal);
}

// The page and one row more, which tells whether there is a next page.
template <class T>
Query page_query(const ListFilter& filter) {
  const std::string number{Table<T>::number};
  Query query;
  query.add("SELECT " + number + ',' + column_list<T>() + " FROM " + std::string{Table<T>::name});
  if (indexed_by_signal<T> && !filter.signal.empty())
    query.add(" INDEXED BY " + std::string{Table<T>::name} + "_signal");
  query.add(" WHERE 1");
  if (has_signal_number<T> && !filter.signal.empty())
    add_signal(query, filter.signal);
  for (const auto& column : Table<T>::filters)
    if (!(filter.*column.asked).empty() && !(has_signal_number<T> && column.asked == &ListFilter::signal))
      query.add(" AND \"" + std::string{column.column} + "\"=?", filter.*column.asked);
  add_instants<T>(query, filter);
  if constexpr (std::same_as<T, SignalRow>)
    add_decided(query, filter);
  else
    add_status<T>(query, filter);
  if (const auto cursor = cursor_number(filter))
    query.add(" AND " + number + (filter.oldest_first ? ">?" : "<?"), *cursor);
  query.add(" ORDER BY " + number + (filter.oldest_first ? " ASC" : " DESC") + " LIMIT ?",
            std::int64_t{filter.limit} + 1);
  return query;
}

template <class T>
ListPage<T> read_page(ReadConnection& connection, const ListFilter& filter) {
  ListPage<T> page;
  std::int64_t last = 0;
  page_query<T>(filter).run(connection, [&](const Statement& statement) {
    if (page.rows.size() == static_cast<std::size_t>(filter.limit)) {
      page.next_cursor = std::to_string(last);
      return false;
    }
    last = statement.number(0);
    page.rows.push_back(RowReader{statement, 1}.read_row<T>());
    return true;
  });
  return page;
}

SignalView view_of(ReadConnection& connection, SignalRow row) {
  auto query = select<Decision>("WHERE 1");
  add_signal(query, row.signal.str());
  query.add(" ORDER BY account");
  return {std::move(row), rows_of<Decision>(connection, query)};
}

std::int64_t number_of(ReadConnection& connection, const std::string& sql) {
  std::int64_t out = 0;
  Query{}.add(sql).run(connection, [&](const Statement& statement) {
    out = statement.number(0);
    return false;
  });
  return out;
}

std::vector<SignalView> undecided_signals(ReadConnection& connection) {
  std::vector<SignalView> out;
  const auto marked = rows_of<SignalRow>(
    connection, select<SignalRow>("INDEXED BY signals_undecided WHERE undecided=1 ORDER BY rowid"));
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
RecoveredState read_state(ReadConnection& connection, Instant day_start, Instant mentions_since) {
  const Snapshot snapshot{connection};
  const auto since = [&]<class T>(std::type_identity<T>, std::string_view sql, Instant at, std::string_view order) {
    return rows_of<T>(connection, select<T>("").add(sql, at).add(order));
  };
  RecoveredState out;
  out.positions = rows_of<PositionRow>(connection, select<PositionRow>("WHERE live=1 ORDER BY rowid"));
  out.working_orders = rows_of<OrderRow>(
    connection, select<OrderRow>("INDEXED BY orders_working WHERE ").add(working).add(" ORDER BY rowid"));
  out.todays_entries =
    since(std::type_identity<OrderRow>{}, "INDEXED BY orders_entries WHERE leg='entry' AND created_at>=?", day_start,
          " ORDER BY rowid");
  out.todays_trades = since(std::type_identity<TradeRow>{}, "INDEXED BY trades_closed WHERE closed_at>=?", day_start,
                            " ORDER BY rowid");
  out.todays_fills =
    since(std::type_identity<FillRow>{}, "INDEXED BY fills_at WHERE at>=?", day_start, " ORDER BY rowid");
  out.pauses = rows_of<PauseRow>(connection, select<PauseRow>("WHERE ended_at IS NULL ORDER BY rowid"));
  out.blocks = since(std::type_identity<BlockRow>{}, "WHERE until>?", day_start, " ORDER BY account, symbol");
  out.accounts = rows_of<AccountRow>(connection, select<AccountRow>("ORDER BY account"));
  out.cursors = rows_of<CursorRow>(connection, select<CursorRow>("ORDER BY source"));
  out.undecided = undecided_signals(connection);
  out.recent_mentions = since(std::type_identity<Mention>{}, "INDEXED BY mentions_created WHERE created_at>?",
                              mentions_since, " ORDER BY created_at, id");
  out.last_seq = number_of(connection, "SELECT coalesce(max(seq), 0) FROM journal");
  out.last_mention_id = number_of(connection, "SELECT coalesce(max(id), 0) FROM mentions");
  return out;
}

Query funnel_query(const ListFilter& filter) {
  Query query;
  query.add(
    "SELECT disposition, detail, count(*) FROM (SELECT disposition,"
    " CASE WHEN disposition IN ('deferred','duplicate_of','failed') THEN '' ELSE detail END AS detail"
    " FROM decisions WHERE 1");
  if (!filter.account.empty())
    query.add(" AND account=?", filter.account);
  if (!filter.signal.empty())
    add_signal(query, filter.signal);
  if (filter.from)
    query.add(" AND at>=?", *filter.from);
  if (filter.to)
    query.add(" AND at<?", *filter.to);
  if (!filter.source.empty() || !filter.symbol.empty()) {
    query.add(" AND EXISTS (SELECT 1 FROM signals s WHERE s.rowid=decisions.signal_number");
    if (!filter.source.empty())
      query.add(" AND s.source=?", filter.source);
    if (!filter.symbol.empty())
      query.add(" AND s.symbol=?", filter.symbol);
    query.add(")");
  }
  return query.add(") GROUP BY disposition, detail");
}

Failure tampered(std::int64_t seq, const std::string& how) {
  return Failure{SQLITE_CORRUPT, "journal row " + std::to_string(seq) + ' ' + how};
}

// Reads the whole journal once, in order.
std::int64_t verify_chain(ReadConnection& connection) {
  const Snapshot snapshot{connection};
  ChainHasher hasher;
  ChainHash before{};
  std::int64_t expected = 0;
  Query{}
    .add("SELECT " + column_list<JournalEvent>() + ",hash FROM journal ORDER BY seq")
    .run(connection, [&](const Statement& statement) {
      const auto event = RowReader{statement, 0}.read_row<JournalEvent>();
      if (event.seq != ++expected)
        throw tampered(expected, "is missing");
      before = hasher.link(before, event);
      if (!std::ranges::equal(statement.blob(8), before))
        throw tampered(event.seq, "does not fit the hash chain: it was changed or put in");
      return true;
    });
  const auto head = read_head(connection.database());
  if (head.seq != expected)
    throw tampered(expected + 1, "is missing");
  return expected;
}

void check_file(ReadConnection& connection) {
  Query{}.add("PRAGMA quick_check(1)").run(connection, [](const Statement& statement) {
    if (statement.text(0) != "ok")
      throw Failure{SQLITE_CORRUPT, std::string{statement.text(0)}};
    return false;
  });
}

}  // namespace

// The one place where a reader's exceptions become errors.
template <class Answer, class F>
Result<Answer> Reader::ask(F&& f) {
  try {
    const ReadPool::Lease connection{pool_};
    return Answer{f(*connection)};
  } catch (const Failure& failure) {
    return to_error(failure, pool_.path());
  }
}

template <class T>
Result<ListPage<T>> Reader::list(const ListFilter& filter) {
  if (const auto ok = check_filter<T>(filter); !ok)
    return ok.error();
  return ask<ListPage<T>>([&](ReadConnection& connection) { return read_page<T>(connection, filter); });
}

Result<RecoveredState> Reader::recover(Instant day_start, Instant mentions_since) {
  return ask<RecoveredState>(
    [&](ReadConnection& connection) { return read_state(connection, day_start, mentions_since); });
}

Result<bool> Reader::has_signal(const SignalId& signal) {
  return ask<bool>([&](ReadConnection& connection) {
    bool found = false;
    Query{}.add("SELECT 1 FROM signals WHERE signal=?", signal.str()).run(connection, [&](const Statement&) {
      found = true;
      return false;
    });
    return found;
  });
}

Result<std::vector<std::pair<std::string, std::int64_t>>> Reader::funnel(const ListFilter& filter) {
  if (const auto ok = check_funnel_filter(filter); !ok)
    return ok.error();
  using Counts = std::vector<std::pair<std::string, std::int64_t>>;
  return ask<Counts>([&](ReadConnection& connection) {
    std::map<std::string, std::int64_t> counts;
    funnel_query(filter).run(connection, [&](const Statement& statement) {
      DispositionKind kind{};
      RowReader{statement, 0}.read("disposition", kind);
      counts[funnel_text(kind, statement.text(1))] += statement.number(2);
      return true;
    });
    return Counts(counts.begin(), counts.end());
  });
}

Result<ListPage<SignalView>> Reader::signals(const ListFilter& filter) {
  if (const auto ok = check_filter<SignalRow>(filter); !ok)
    return ok.error();
  return ask<ListPage<SignalView>>([&](ReadConnection& connection) {
    const Snapshot snapshot{connection};
    auto rows = read_page<SignalRow>(connection, filter);
    ListPage<SignalView> page{{}, std::move(rows.next_cursor)};
    for (auto& row : rows.rows)
      page.rows.push_back(view_of(connection, std::move(row)));
    return page;
  });
}

Result<std::optional<SignalView>> Reader::signal(const SignalId& id) {
  return ask<std::optional<SignalView>>([&](ReadConnection& connection) -> std::optional<SignalView> {
    const Snapshot snapshot{connection};
    auto found = rows_of<SignalRow>(connection, select<SignalRow>("").add("WHERE signal=?", id.str()));
    if (found.empty())
      return std::nullopt;
    return view_of(connection, std::move(found.front()));
  });
}

Result<ListPage<Mention>> Reader::mentions(const ListFilter& filter) { return list<Mention>(filter); }
Result<ListPage<RejectedInputRow>> Reader::rejected_inputs(const ListFilter& filter) {
  return list<RejectedInputRow>(filter);
}
Result<ListPage<Intent>> Reader::intents(const ListFilter& filter) { return list<Intent>(filter); }
Result<ListPage<OrderRow>> Reader::orders(const ListFilter& filter) { return list<OrderRow>(filter); }
Result<ListPage<FillRow>> Reader::fills(const ListFilter& filter) { return list<FillRow>(filter); }
Result<ListPage<PositionRow>> Reader::positions(const ListFilter& filter) { return list<PositionRow>(filter); }
Result<ListPage<TradeRow>> Reader::trades(const ListFilter& filter) { return list<TradeRow>(filter); }
Result<ListPage<BrokerCallRow>> Reader::broker_calls(const ListFilter& filter) { return list<BrokerCallRow>(filter); }
Result<ListPage<PauseRow>> Reader::pauses(const ListFilter& filter) { return list<PauseRow>(filter); }
Result<ListPage<JournalEvent>> Reader::events(const ListFilter& filter) { return list<JournalEvent>(filter); }

Result<std::optional<OrderRow>> Reader::order(const ClientOrderId& id) {
  return ask<std::optional<OrderRow>>([&](ReadConnection& connection) -> std::optional<OrderRow> {
    auto found = rows_of<OrderRow>(connection, select<OrderRow>("").add("WHERE client_order_id=?", id.str()));
    if (found.empty())
      return std::nullopt;
    return std::move(found.front());
  });
}

Result<std::vector<AccountRow>> Reader::accounts() {
  return ask<std::vector<AccountRow>>([&](ReadConnection& connection) {
    return rows_of<AccountRow>(connection, select<AccountRow>("ORDER BY account"));
  });
}

Result<std::int64_t> Reader::verify() {
  return ask<std::int64_t>([&](ReadConnection& connection) {
    check_file(connection);
    return verify_chain(connection);
  });
}

}  // namespace heed::sqlite
