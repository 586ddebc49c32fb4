// Lists and single things that the daemon tells, as tables.
#include "app/cli/commands.hpp"

#include <algorithm>

namespace heed::cli {
namespace {

using net::Json;

enum class Shows : std::uint8_t { text, number, money, instant, state };

struct Field {
  std::string_view title;
  std::string_view name;
  Shows shows = Shows::text;
};

Table::Cell cell(const Json& item, const Field& field) {
  switch (field.shows) {
    case Shows::money: return {money(item, field.name)};
    case Shows::instant: return {when(item, field.name)};
    case Shows::state: return {member(item, field.name), paint_of_state(member(item, field.name))};
    default: return {member(item, field.name)};
  }
}

std::vector<Table::Column> columns_of(const std::vector<Field>& fields) {
  std::vector<Table::Column> columns;
  for (const auto& f : fields) {
    const bool right = f.shows == Shows::number || f.shows == Shows::money;
    columns.push_back({std::string{f.title}, right ? Align::right : Align::left});
  }
  return columns;
}

std::string target_of(std::string_view path, const Query& query) {
  std::string out = "/api/v1/" + std::string{path};
  char separator = '?';
  for (const auto& [name, value] : query) {
    if (value.empty())
      continue;
    out += separator + name + "=" + encode(value);
    separator = '&';
  }
  return out;
}

/// Says after a table that there is more, and how to get it.
void say_more(const Session& session, const Json& page) {
  const auto cursor = member(page, "next_cursor");
  if (!cursor.empty())
    session.err() << "there is more: add --cursor " << printable(cursor) << '\n';
}

int print_page(Session& session, const Answer& answer, const Table& table, std::string_view nothing) {
  if (table.size() == 0)
    session.err() << nothing << '\n';
  else
    table.print(session.out(), session.color(), session.width());
  say_more(session, answer.json);
  return 0;
}

int list(Session& session, std::string_view path, const Query& query, const std::vector<Field>& fields,
         std::string_view nothing) {
  int exit = 0;
  const auto answer = session.get(target_of(path, query), exit);
  if (!answer)
    return exit;
  if (session.globals().json) {
    session.out() << answer->body;
    return 0;
  }
  Table table{columns_of(fields)};
  for (const auto& item : items(answer->json)) {
    std::vector<Table::Cell> cells;
    cells.reserve(fields.size());
    for (const auto& f : fields)
      cells.push_back(cell(item, f));
    table.row(std::move(cells));
  }
  return print_page(session, *answer, table, nothing);
}

void add_signal_rows(Table& table, const Json& signal) {
  const std::vector<Table::Cell> head{{when(signal, "received_at")},
                                      {member(signal, "signal_id")},
                                      {member(signal, "source")},
                                      {member(signal, "symbol")},
                                      {member(signal, "action")}};
  const auto* decisions = signal.find("decisions");
  if (decisions == nullptr || decisions->items.empty()) {
    auto cells = head;
    cells.insert(cells.end(), {{""}, {member(signal, "status"), Paint::yellow}, {""}});
    table.row(std::move(cells));
    return;
  }
  for (const auto& decision : decisions->items) {
    auto cells = head;
    const auto disposition = member(decision, "disposition");
    cells.insert(
      cells.end(),
      {{member(decision, "account")}, {disposition, paint_of_state(disposition)}, {member(decision, "reason")}});
    table.row(std::move(cells));
  }
}

void print_components(Session& session, const Json& status) {
  const auto* components = status.find("components");
  if (components == nullptr || components->items.empty())
    return;
  session.out() << '\n';
  Table table{{{"COMPONENT"}, {"STATE"}, {"DETAIL"}}};
  for (const auto& c : components->items) {
    const bool ok = truth(c, "ok");
    table.row({{member(c, "name")}, {ok ? "ok" : "not ok", ok ? Paint::green : Paint::red}, {member(c, "detail")}});
  }
  table.print(session.out(), session.color(), session.width());
}

}  // namespace

int list_signals(Session& session, const Query& query) {
  int exit = 0;
  const auto answer = session.get(target_of("signals", query), exit);
  if (!answer)
    return exit;
  if (session.globals().json) {
    session.out() << answer->body;
    return 0;
  }
  Table table{
    {{"RECEIVED"}, {"SIGNAL"}, {"SOURCE"}, {"SYMBOL"}, {"ACTION"}, {"ACCOUNT"}, {"DISPOSITION"}, {"REASON"}}};
  for (const auto& signal : items(answer->json))
    add_signal_rows(table, signal);
  return print_page(session, *answer, table, "no signals");
}

int list_orders(Session& session, const Query& query) {
  return list(session, "orders", query,
              {{"CREATED", "created_at", Shows::instant},
               {"ACCOUNT", "account"},
               {"SYMBOL", "symbol"},
               {"SIDE", "side"},
               {"LEG", "leg"},
               {"TYPE", "type"},
               {"QTY", "quantity", Shows::number},
               {"FILLED", "cum_qty", Shows::number},
               {"LIMIT", "limit_price", Shows::money},
               {"STOP", "stop_price", Shows::money},
               {"AVG", "avg_px", Shows::money},
               {"STATUS", "status", Shows::state},
               {"ORDER", "client_order_id"}},
              "no orders");
}

int list_fills(Session& session, const Query& query) {
  return list(session, "fills", query,
              {{"AT", "at", Shows::instant},
               {"ACCOUNT", "account"},
               {"SYMBOL", "symbol"},
               {"SIDE", "side"},
               {"LEG", "leg"},
               {"QTY", "quantity", Shows::number},
               {"PRICE", "price", Shows::money},
               {"FEE", "fee", Shows::money},
               {"REALIZED", "realized", Shows::money},
               {"ORDER", "client_order_id"}},
              "no fills");
}

int list_positions(Session& session, const Query& query) {
  return list(session, "positions", query,
              {{"ACCOUNT", "account"},
               {"SYMBOL", "symbol"},
               {"PHASE", "phase", Shows::state},
               {"QTY", "quantity", Shows::number},
               {"AVG", "avg_price", Shows::money},
               {"COST", "cost", Shows::money},
               {"STOP", "stop_price", Shows::money},
               {"TARGET", "target_price", Shows::money},
               {"PROTECTED", "protected_quantity", Shows::number},
               {"DUE", "due_session"},
               {"STRATEGIES", "strategies"},
               {"QUARANTINE", "quarantine"}},
              "no open positions");
}

int list_trades(Session& session, const Query& query) {
  return list(session, "trades", query,
              {{"CLOSED", "closed_at", Shows::instant},
               {"ACCOUNT", "account"},
               {"SYMBOL", "symbol"},
               {"SIDE", "side"},
               {"QTY", "quantity", Shows::number},
               {"ENTRY", "entry_price", Shows::money},
               {"EXIT", "exit_price", Shows::money},
               {"PNL", "pnl", Shows::money},
               {"SESSIONS", "holding_sessions", Shows::number},
               {"REASON", "reason"},
               {"STRATEGY", "strategy"}},
              "no trades");
}

int list_accounts(Session& session, const Query& query) {
  return list(session, "accounts", query,
              {{"ACCOUNT", "account"},
               {"EQUITY", "equity", Shows::money},
               {"CASH", "cash", Shows::money},
               {"BUYING POWER", "buying_power", Shows::money},
               {"DAY OPENING", "day_opening_equity", Shows::money},
               {"KILL", "kill"},
               {"AT", "at", Shows::instant}},
              "no accounts");
}

int list_audit(Session& session, const Query& query) {
  return list(session, "broker-calls", query,
              {{"AT", "at", Shows::instant},
               {"ACCOUNT", "account"},
               {"METHOD", "method"},
               {"TARGET", "target"},
               {"STATUS", "status", Shows::number},
               {"MICROS", "latency_us", Shows::number},
               {"TRY", "attempt", Shows::number},
               {"ORDER", "order"},
               {"ERROR", "error"}},
              "no calls to a broker");
}

int show_schedule(Session& session) {
  return list(
    session, "schedule", {},
    {{"NAME", "name"}, {"NEXT", "next_at", Shows::instant}, {"LAST", "last_at", Shows::instant}, {"RULE", "rule"}},
    "nothing is scheduled");
}

int show_status(Session& session) {
  int exit = 0;
  const auto answer = session.get("/api/v1/status", exit);
  if (!answer)
    return exit;
  const auto& s = answer->json;
  const bool ready = truth(s, "ready") && !truth(s, "draining");
  const int code = static_cast<int>(ready ? Exit::done : Exit::negative);
  if (session.globals().json) {
    session.out() << answer->body;
    return code;
  }
  const std::string state = truth(s, "draining") ? "draining" : ready ? "ready" : "not ready";
  auto& out = session.out();
  out << "heed " << printable(member(s, "version")) << " (" << printable(member(s, "mode")) << ") is "
      << painted(state, ready ? Paint::green : Paint::red, session.color()) << '\n';
  Table table{{{"WHAT"}, {"VALUE", Align::right}}};
  table.row({{"up since"}, {when(s, "started_at")}});
  table.row({{"its clock"}, {when(s, "now")}});
  table.row({{"decisions wanted"}, {member(s, "signals_in")}});
  table.row({{"decisions final"}, {member(s, "decisions_final")}});
  table.row({{"decisions under way"}, {member(s, "decisions_under_way")}});
  const auto unknown = member(s, "orders_unknown");
  table.row({{"orders of unknown fate"}, {unknown, unknown == "0" ? Paint::none : Paint::yellow}});
  table.print(out, session.color(), session.width());
  print_components(session, s);
  return code;
}

int explain(Session& session, const std::string& id) {
  const auto slash = id.find('/');
  const auto path =
    slash == std::string::npos ? encode(id) : encode(id.substr(0, slash)) + "/" + encode(id.substr(slash + 1));
  int exit = 0;
  const auto answer = session.get("/api/v1/explain/" + path, exit);
  if (!answer)
    return exit;
  if (session.globals().json) {
    session.out() << answer->body;
    return 0;
  }
  session.out() << printable(member(answer->json, "kind")) << ' ' << printable(member(answer->json, "id")) << '\n';
  Table table{{{"AT"}, {"WHAT"}, {"ACCOUNT"}, {"SYMBOL"}, {"DETAIL"}}};
  const auto* steps = answer->json.find("steps");
  for (const auto& step : steps == nullptr ? std::vector<Json>{} : steps->items)
    table.row({{member(step, "at")},
               {member(step, "what")},
               {member(step, "account")},
               {member(step, "symbol")},
               {member(step, "detail")}});
  table.print(session.out(), session.color(), session.width());
  return 0;
}

}  // namespace heed::cli
