// The schema in SQLite's dialect.
//
// Decimals, instants (RFC 3339 UTC, microseconds) and dates are TEXT: exact, readable, and instants sort as text.
// Tables whose rows are wide keep their number (rowid) and find it by a unique key, so that writing a row again moves
// nothing; narrow ones are stored by their key, whose columns come first and in the key's order, since SQLite 3.40
// takes them for damaged otherwise. Every further index is paid for on the way of each order, so there are only those
// that a start needs.
#include "persistence/migrations.hpp"

#include <array>

namespace heed {
namespace {

constexpr std::string_view first = R"sql(
CREATE TABLE journal (
  seq INTEGER PRIMARY KEY,
  at TEXT NOT NULL,
  type TEXT NOT NULL,
  account TEXT NOT NULL,
  symbol TEXT NOT NULL,
  signal TEXT NOT NULL,
  "order" TEXT NOT NULL,
  payload TEXT NOT NULL,
  hash BLOB NOT NULL,
  signal_number INTEGER
) STRICT;
CREATE INDEX journal_signal ON journal (signal_number) WHERE signal_number IS NOT NULL;
CREATE TABLE journal_head (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  seq INTEGER NOT NULL,
  hash BLOB NOT NULL
) STRICT;
CREATE TABLE signals (
  signal TEXT NOT NULL,
  source TEXT NOT NULL,
  origin TEXT NOT NULL,
  symbol TEXT NOT NULL,
  action TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  body TEXT NOT NULL,
  followers INTEGER NOT NULL,
  received_at TEXT NOT NULL,
  undecided INTEGER NOT NULL DEFAULT 1,
  UNIQUE (signal)
) STRICT;
CREATE INDEX signals_undecided ON signals (undecided) WHERE undecided = 1;
CREATE TABLE mentions (
  id INTEGER PRIMARY KEY,
  signal TEXT NOT NULL,
  external_id TEXT NOT NULL,
  source TEXT NOT NULL,
  origin TEXT NOT NULL,
  symbol TEXT NOT NULL,
  action TEXT NOT NULL,
  conviction TEXT,
  horizon TEXT NOT NULL,
  rationale_quote TEXT NOT NULL,
  title TEXT NOT NULL,
  url TEXT NOT NULL,
  published_at TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;
CREATE INDEX mentions_created ON mentions (created_at);
CREATE TABLE rejected_inputs (
  source TEXT NOT NULL,
  position TEXT NOT NULL,
  field TEXT NOT NULL,
  reason TEXT NOT NULL,
  body TEXT NOT NULL,
  at TEXT NOT NULL,
  UNIQUE (source, position)
) STRICT;
CREATE TABLE decisions (
  signal_number INTEGER NOT NULL,
  signal TEXT NOT NULL,
  account TEXT NOT NULL,
  disposition TEXT NOT NULL,
  detail TEXT NOT NULL,
  reason TEXT NOT NULL,
  at TEXT NOT NULL,
  PRIMARY KEY (signal_number, signal, account)
) STRICT, WITHOUT ROWID;
CREATE TABLE intents (
  intent_id TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  signal TEXT NOT NULL,
  account TEXT NOT NULL,
  strategy TEXT NOT NULL,
  source TEXT NOT NULL,
  origin TEXT NOT NULL,
  correlation_id TEXT NOT NULL,
  action TEXT NOT NULL,
  symbol TEXT NOT NULL,
  side TEXT NOT NULL,
  size TEXT NOT NULL,
  order_type TEXT NOT NULL,
  limit_price TEXT,
  stop_price TEXT,
  time_in_force TEXT NOT NULL,
  protection TEXT NOT NULL,
  scale_in TEXT NOT NULL,
  hold_sessions INTEGER NOT NULL,
  replaces_due INTEGER NOT NULL,
  close_reason TEXT NOT NULL,
  subreason TEXT NOT NULL,
  metadata TEXT NOT NULL,
  created_at TEXT NOT NULL,
  signal_number INTEGER NOT NULL,
  UNIQUE (signal_number, signal, intent_id)
) STRICT;
CREATE TABLE orders (
  client_order_id TEXT NOT NULL,
  venue_order_id TEXT NOT NULL,
  account TEXT NOT NULL,
  symbol TEXT NOT NULL,
  strategy TEXT NOT NULL,
  source TEXT NOT NULL,
  signal TEXT NOT NULL,
  intent TEXT NOT NULL,
  correlation_id TEXT NOT NULL,
  side TEXT NOT NULL,
  leg TEXT NOT NULL,
  type TEXT NOT NULL,
  time_in_force TEXT NOT NULL,
  quantity TEXT NOT NULL,
  limit_price TEXT,
  stop_price TEXT,
  status TEXT NOT NULL,
  cum_qty TEXT NOT NULL,
  avg_px TEXT,
  parent TEXT NOT NULL,
  revision INTEGER NOT NULL,
  close_reason TEXT NOT NULL,
  reject_code TEXT NOT NULL,
  text TEXT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  signal_number INTEGER,
  UNIQUE (client_order_id)
) STRICT;
CREATE INDEX orders_signal ON orders (signal_number) WHERE signal_number IS NOT NULL;
CREATE INDEX orders_working ON orders (created_at)
  WHERE status NOT IN ('filled', 'canceled', 'expired', 'rejected', 'replaced');
CREATE INDEX orders_entries ON orders (created_at) WHERE leg = 'entry';
CREATE TABLE fills (
  account TEXT NOT NULL,
  execution_id TEXT NOT NULL,
  lot TEXT NOT NULL,
  client_order_id TEXT NOT NULL,
  venue_order_id TEXT NOT NULL,
  symbol TEXT NOT NULL,
  strategy TEXT NOT NULL,
  source TEXT NOT NULL,
  signal TEXT NOT NULL,
  side TEXT NOT NULL,
  leg TEXT NOT NULL,
  quantity TEXT NOT NULL,
  price TEXT NOT NULL,
  fee TEXT NOT NULL,
  realized TEXT NOT NULL,
  inferred INTEGER NOT NULL,
  at TEXT NOT NULL,
  signal_number INTEGER,
  UNIQUE (account, execution_id, lot)
) STRICT;
CREATE INDEX fills_signal ON fills (signal_number) WHERE signal_number IS NOT NULL;
CREATE INDEX fills_at ON fills (at);
CREATE TABLE positions (
  account TEXT NOT NULL,
  symbol TEXT NOT NULL,
  phase TEXT NOT NULL,
  quantity TEXT NOT NULL,
  avg_price TEXT NOT NULL,
  cost TEXT NOT NULL,
  realized TEXT NOT NULL,
  strategies TEXT NOT NULL,
  stop_price TEXT,
  target_price TEXT,
  protected_quantity TEXT NOT NULL,
  due_session TEXT,
  opened_at TEXT,
  naked_since TEXT,
  state TEXT NOT NULL,
  live INTEGER NOT NULL,
  updated_at TEXT NOT NULL,
  UNIQUE (account, symbol)
) STRICT;
CREATE TABLE trades (
  account TEXT NOT NULL,
  trade TEXT NOT NULL,
  symbol TEXT NOT NULL,
  strategy TEXT NOT NULL,
  source TEXT NOT NULL,
  signal TEXT NOT NULL,
  side TEXT NOT NULL,
  quantity TEXT NOT NULL,
  entry_price TEXT NOT NULL,
  exit_price TEXT NOT NULL,
  pnl TEXT NOT NULL,
  fees TEXT NOT NULL,
  reason TEXT NOT NULL,
  subreason TEXT NOT NULL,
  entry_session TEXT NOT NULL,
  exit_session TEXT NOT NULL,
  holding_sessions INTEGER NOT NULL,
  opened_at TEXT NOT NULL,
  closed_at TEXT NOT NULL,
  UNIQUE (account, trade)
) STRICT;
CREATE INDEX trades_closed ON trades (closed_at);
CREATE TABLE cursors (
  source TEXT NOT NULL,
  position TEXT NOT NULL,
  at TEXT NOT NULL,
  PRIMARY KEY (source)
) STRICT, WITHOUT ROWID;
CREATE TABLE pauses (
  account TEXT NOT NULL,
  strategy TEXT NOT NULL,
  symbol TEXT NOT NULL,
  cause TEXT NOT NULL,
  detail TEXT NOT NULL,
  by TEXT NOT NULL,
  since TEXT NOT NULL,
  until TEXT,
  ended_at TEXT,
  ended_by TEXT NOT NULL,
  UNIQUE (account, strategy, symbol, cause)
) STRICT;
CREATE TABLE blocklist (
  account TEXT NOT NULL,
  symbol TEXT NOT NULL,
  until TEXT NOT NULL,
  by TEXT NOT NULL,
  PRIMARY KEY (account, symbol)
) STRICT, WITHOUT ROWID;
CREATE TABLE accounts (
  account TEXT NOT NULL,
  day TEXT NOT NULL,
  day_opening_equity TEXT NOT NULL,
  starting_equity TEXT NOT NULL,
  peak_equity TEXT NOT NULL,
  equity TEXT NOT NULL,
  cash TEXT NOT NULL,
  buying_power TEXT NOT NULL,
  kill TEXT NOT NULL,
  state TEXT NOT NULL,
  at TEXT NOT NULL,
  PRIMARY KEY (account)
) STRICT, WITHOUT ROWID;
CREATE TABLE broker_calls (
  id INTEGER PRIMARY KEY,
  account TEXT NOT NULL,
  "order" TEXT NOT NULL,
  method TEXT NOT NULL,
  target TEXT NOT NULL,
  request TEXT NOT NULL,
  status INTEGER NOT NULL,
  response TEXT NOT NULL,
  error TEXT NOT NULL,
  latency_us INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  at TEXT NOT NULL
) STRICT;
CREATE TABLE bars (
  symbol TEXT NOT NULL,
  period TEXT NOT NULL,
  at TEXT NOT NULL,
  open TEXT NOT NULL,
  high TEXT NOT NULL,
  low TEXT NOT NULL,
  close TEXT NOT NULL,
  volume TEXT NOT NULL,
  PRIMARY KEY (symbol, period, at)
) STRICT, WITHOUT ROWID;
CREATE TABLE backtest_runs (
  run_id TEXT NOT NULL,
  status TEXT NOT NULL,
  params TEXT NOT NULL,
  digest TEXT,
  result TEXT,
  error TEXT NOT NULL,
  created_at TEXT NOT NULL,
  finished_at TEXT,
  PRIMARY KEY (run_id)
) STRICT;
CREATE TABLE backtest_trades (
  run_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  symbol TEXT NOT NULL,
  mention_id INTEGER NOT NULL,
  entry_date TEXT NOT NULL,
  entry_price TEXT NOT NULL,
  exit_date TEXT NOT NULL,
  exit_price TEXT NOT NULL,
  quantity TEXT NOT NULL,
  pnl TEXT NOT NULL,
  pnl_pct TEXT NOT NULL,
  holding_sessions INTEGER NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (run_id, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE live_runs (
  run_id TEXT NOT NULL,
  strategy TEXT NOT NULL,
  version TEXT NOT NULL,
  account TEXT NOT NULL,
  symbol TEXT NOT NULL,
  status TEXT NOT NULL,
  params TEXT NOT NULL,
  state TEXT NOT NULL,
  started_at TEXT NOT NULL,
  stopped_at TEXT,
  PRIMARY KEY (run_id)
) STRICT;
)sql";

// What a start has to look at, apart from the rows themselves: a mark costs less to set and take away than an entry
// of an index whose row has to be written for it.
constexpr std::string_view marks = R"sql(
CREATE TABLE undecided (
  signal_number INTEGER PRIMARY KEY
) STRICT;
INSERT INTO undecided SELECT rowid FROM signals WHERE undecided = 1;
DROP INDEX signals_undecided;
ALTER TABLE signals DROP COLUMN undecided;
CREATE TABLE working (
  order_number INTEGER PRIMARY KEY
) STRICT;
INSERT INTO working SELECT rowid FROM orders
  WHERE status NOT IN ('filled', 'canceled', 'expired', 'rejected', 'replaced');
DROP INDEX orders_working;
)sql";

// Runs say what they are, and lists of them need not read all that they gave. Nothing had been stored there before.
constexpr std::string_view runs = R"sql(
DROP TABLE backtest_runs;
CREATE TABLE backtest_runs (
  run_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  status TEXT NOT NULL,
  params TEXT NOT NULL,
  digest TEXT NOT NULL,
  summary TEXT NOT NULL,
  error TEXT NOT NULL,
  created_at TEXT NOT NULL,
  finished_at TEXT,
  UNIQUE (run_id)
) STRICT;
CREATE TABLE backtest_results (
  run_id TEXT NOT NULL,
  part INTEGER NOT NULL,
  result TEXT NOT NULL,
  PRIMARY KEY (run_id, part)
) STRICT;
ALTER TABLE bars DROP COLUMN volume;
ALTER TABLE bars ADD COLUMN volume INTEGER NOT NULL DEFAULT 0;
)sql";

constexpr std::array migrations{
  Migration{1, "first", first},
  Migration{2, "marks", marks},
  Migration{3, "runs", runs},
};

}  // namespace

std::span<const Migration> sqlite_migrations() { return migrations; }

}  // namespace heed
