// Lists and single things out of the journal.
#include "api/checks.hpp"
#include "api/render.hpp"
#include "api/route.hpp"

#include <algorithm>
#include <concepts>
#include <span>
#include <utility>

namespace heed::api {
namespace {

using net::HttpResponse;

template <class T>
using List = Result<ListPage<T>> (JournalReader::*)(const ListFilter&);

void append_cursor(std::string& out, const std::string& cursor) {
  out += "],\"next_cursor\":";
  if (cursor.empty())
    out += "null";
  else
    append_json(out, cursor);
  out += '}';
}

template <class T>
std::string page_body(const ListPage<T>& page) {
  std::string out = "{\"items\":[";
  for (std::size_t i = 0; i < page.rows.size(); ++i) {
    out += i == 0 ? "" : ",";
    if constexpr (std::same_as<T, PositionRow>)
      out += shown_position(page.rows[i]);
    else
      append_shown(out, page.rows[i]);
  }
  append_cursor(out, page.next_cursor);
  return out;
}

template <class T>
HttpResponse answer_list(Context& context, const Call& call, List<T> list) {
  auto filter = read_filter(call);
  if (auto* problem = std::get_if<Problem>(&filter))
    return to_response(*problem);
  const auto page = ((*context.journal).*list)(std::get<ListFilter>(filter));
  if (!page)
    return to_response(to_problem(page.error()));
  return with_etag(call, json_response(200, page_body(page.value())));
}

template <class T>
Handler list_of(List<T> list) {
  return blocking([list](Context& context, const Call& call) { return answer_list<T>(context, call, list); });
}

/// Intents and orders of each signal, by decision.
Result<std::vector<std::vector<DecisionLinks>>> links_of(JournalReader& journal, std::span<const SignalView> views) {
  std::vector<SignalId> signals;
  for (const auto& view : views)
    signals.push_back(view.signal.signal);
  const auto made = journal.links(signals);
  if (!made)
    return made.error();
  std::vector<std::vector<DecisionLinks>> out;
  for (std::size_t i = 0; i < views.size(); ++i) {
    auto& links = out.emplace_back();
    for (const auto& decision : views[i].decisions) {
      auto& mine = links.emplace_back();
      for (const auto& [account, intent] : made.value()[i].intents)
        if (account == decision.account)
          mine.intents.push_back(intent);
      for (const auto& [account, order] : made.value()[i].orders)
        if (account == decision.account)
          mine.orders.push_back(order);
    }
  }
  return out;
}

HttpResponse list_signals(Context& context, const Call& call) {
  auto filter = read_filter(call);
  if (auto* problem = std::get_if<Problem>(&filter))
    return to_response(*problem);
  const auto page = context.journal->signals(std::get<ListFilter>(filter));
  if (!page)
    return to_response(to_problem(page.error()));
  const auto& views = page.value().rows;
  const auto links = links_of(*context.journal, views);
  if (!links)
    return to_response(to_problem(links.error()));
  std::string out = "{\"items\":[";
  for (std::size_t i = 0; i < views.size(); ++i) {
    out += i == 0 ? "" : ",";
    append_signal(out, views[i], links.value()[i], false);
  }
  append_cursor(out, page.value().next_cursor);
  return with_etag(call, json_response(200, std::move(out)));
}

HttpResponse get_signal(Context& context, const Call& call) {
  const auto& id = call.captures[0];
  if (id.size() > SignalId::capacity)
    return to_response(not_there("signal", "SIGNAL_NOT_FOUND", id));
  const auto view = context.journal->signal(SignalId{id});
  if (!view)
    return to_response(to_problem(view.error()));
  if (!view.value())
    return to_response(not_there("signal", "SIGNAL_NOT_FOUND", id));
  const auto links = links_of(*context.journal, {&*view.value(), 1});
  if (!links)
    return to_response(to_problem(links.error()));
  std::string out;
  append_signal(out, *view.value(), links.value().front(), true);
  return with_etag(call, json_response(200, std::move(out)));
}

HttpResponse get_order(Context& context, const Call& call) {
  const auto& id = call.captures[0];
  if (id.size() > ClientOrderId::capacity)
    return to_response(not_there("order", "ORDER_NOT_FOUND", id));
  const auto order = context.journal->order(ClientOrderId{id});
  if (!order)
    return to_response(to_problem(order.error()));
  if (!order.value())
    return to_response(not_there("order", "ORDER_NOT_FOUND", id));
  return with_etag(call, json_response(200, shown(*order.value())));
}

HttpResponse get_position(Context& context, const Call& call) {
  if (const auto problem = check_account(context, call.captures[0]))
    return to_response(*problem);
  const auto symbol = read_symbol(call.captures[1]);
  if (const auto* problem = std::get_if<Problem>(&symbol))
    return to_response(*problem);
  ListFilter filter;
  filter.account = call.captures[0];
  filter.symbol = std::get<Symbol>(symbol).str();
  filter.status = "all";
  const auto page = context.journal->positions(filter);
  if (!page)
    return to_response(to_problem(page.error()));
  if (page.value().rows.empty())
    return to_response(not_there("position", "POSITION_NOT_FOUND", filter.account + "/" + filter.symbol));
  return with_etag(call, json_response(200, shown_position(page.value().rows.front())));
}

/// Configured accounts, also those of which nothing is stored yet, and after them stored ones that are configured no
/// more.
HttpResponse list_accounts(Context& context, const Call& call) {
  const auto stored = context.journal->accounts();
  if (!stored)
    return to_response(to_problem(stored.error()));
  std::vector<AccountRow> rows;
  const auto configured = context.port.accounts();
  for (const auto& id : configured) {
    const auto row = std::find_if(stored.value().begin(), stored.value().end(),
                                  [&](const AccountRow& r) { return r.account == id; });
    rows.push_back(row != stored.value().end() ? *row : AccountRow{});
    rows.back().account = id;
  }
  for (const auto& row : stored.value())
    if (std::find(configured.begin(), configured.end(), row.account) == configured.end())
      rows.push_back(row);
  std::string out = "{\"items\":[";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool is_configured = i < configured.size();
    const bool known = rows[i].at != Instant{};
    std::string item = shown(rows[i]);
    item.back() = ',';
    item += std::string{"\"known\":"} + (known ? "true" : "false");
    item += std::string{",\"configured\":"} + (is_configured ? "true" : "false") + "}";
    out += (i == 0 ? "" : ",") + item;
  }
  append_cursor(out, {});
  return with_etag(call, json_response(200, std::move(out)));
}

HttpResponse get_funnel(Context& context, const Call& call) {
  auto filter = read_filter(call);
  if (auto* problem = std::get_if<Problem>(&filter))
    return to_response(*problem);
  const auto counts = context.journal->funnel(std::get<ListFilter>(filter));
  if (!counts)
    return to_response(to_problem(counts.error()));
  std::string out = "{\"dispositions\":{";
  std::int64_t total = 0;
  bool first = true;
  for (const auto& [name, count] : counts.value()) {
    out += first ? "" : ",";
    first = false;
    append_json(out, name);
    out += ':';
    append_json(out, count);
    total += count;
  }
  out += "},\"total\":";
  append_json(out, total);
  out += '}';
  return with_etag(call, json_response(200, std::move(out)));
}

template <NamedEnum E>
std::vector<std::string> names_of() {
  return {EnumNames<E>::names.begin(), EnumNames<E>::names.end()};
}

std::vector<std::string> order_statuses() {
  auto names = names_of<OrderStatus>();
  names.insert(names.end(), {"live", "done"});
  return names;
}

using Parameters = std::vector<Parameter>;

Parameters with_paging(Parameters own) {
  own.push_back({"from", ParamKind::instant, "Only rows at or after this instant."});
  own.push_back({"to", ParamKind::instant, "Only rows before this instant."});
  own.push_back({"sort", ParamKind::choice, "Newest first by default.", {"newest", "oldest"}});
  own.push_back({"limit", ParamKind::limit, "Rows per page, 100 by default."});
  own.push_back({"cursor", ParamKind::cursor, "next_cursor of the page before, with the same other parameters."});
  return own;
}

const Parameter by_account{"account", ParamKind::name, "Only of this account."};
const Parameter by_symbol{"symbol", ParamKind::symbol, "Only of this symbol."};
const Parameter by_source{"source", ParamKind::name, "Only of this source."};
const Parameter by_strategy{"strategy", ParamKind::name, "Only of this strategy."};
const Parameter by_signal{"signal", ParamKind::name, "Only of this signal."};
const Parameter by_order{"order", ParamKind::name, "Only of this order, by client_order_id."};

Route list_route(std::string path, std::string operation, std::string summary, Parameters parameters,
                 std::string row_schema, Handler handler) {
  return {.method = "GET",
          .pattern = "/api/v1/" + std::move(path),
          .operation = std::move(operation),
          .summary = std::move(summary),
          .parameters = with_paging(std::move(parameters)),
          .response_schema = std::move(row_schema) + "Page",
          .statuses = {200, 304},
          .handler = std::move(handler)};
}

Route item_route(std::string path, std::string operation, std::string summary, std::string schema, Handler handler) {
  return {.method = "GET",
          .pattern = "/api/v1/" + std::move(path),
          .operation = std::move(operation),
          .summary = std::move(summary),
          .response_schema = std::move(schema),
          .statuses = {200, 304, 404},
          .handler = std::move(handler)};
}

void add_call_routes(std::vector<Route>& to) {
  to.push_back(list_route("signals", "listSignals", "Calls that arrived, each with its decisions.",
                          {by_account,
                           by_symbol,
                           by_source,
                           {"status", ParamKind::choice, "Disposition of a decision: no_op, or no_op:not_held.",
                            names_of<DispositionKind>(), true}},
                          "Signal", blocking(list_signals)));
  to.push_back(item_route("signals/{id}", "getSignal", "One call, as it came, with its decisions.", "SignalDetail",
                          blocking(get_signal)));
  Route funnel = item_route("funnel", "getFunnel", "How many decisions ended how.", "Funnel", blocking(get_funnel));
  funnel.parameters = {by_account,
                       by_symbol,
                       by_source,
                       {"from", ParamKind::instant, "Only signals received at or after this instant."},
                       {"to", ParamKind::instant, "Only signals received before this instant."}};
  funnel.statuses = {200, 304};
  to.push_back(funnel);
  to.push_back(list_route("mentions", "listMentions", "Mentions as stored.", {by_symbol, by_source, by_signal},
                          "Mention", list_of<Mention>(&JournalReader::mentions)));
  to.push_back(list_route("rejected-inputs", "listRejectedInputs", "Inputs that were no calls, and why.", {by_source},
                          "RejectedInput", list_of<RejectedInputRow>(&JournalReader::rejected_inputs)));
  to.push_back(list_route("intents", "listIntents", "What decisions asked for.",
                          {by_account, by_symbol, by_source, by_strategy, by_signal}, "Intent",
                          list_of<Intent>(&JournalReader::intents)));
}

void add_book_routes(std::vector<Route>& to) {
  to.push_back(list_route("orders", "listOrders", "Orders.",
                          {by_account,
                           by_symbol,
                           by_source,
                           by_strategy,
                           by_signal,
                           {"status", ParamKind::choice, "An order status, or live or done.", order_statuses()}},
                          "Order", list_of<OrderRow>(&JournalReader::orders)));
  to.push_back(
    item_route("orders/{id}", "getOrder", "One order, by its client_order_id.", "Order", blocking(get_order)));
  to.push_back(list_route("fills", "listFills", "Fills.",
                          {by_account, by_symbol, by_source, by_strategy, by_signal, by_order}, "Fill",
                          list_of<FillRow>(&JournalReader::fills)));
  to.push_back(list_route("positions", "listPositions", "Positions; open ones unless status=all.",
                          {by_account, by_symbol, {"status", ParamKind::choice, "Open by default.", {"open", "all"}}},
                          "Position", list_of<PositionRow>(&JournalReader::positions)));
  to.push_back(
    item_route("positions/{account}/{symbol}", "getPosition", "One position.", "Position", blocking(get_position)));
  to.push_back(list_route("trades", "listTrades", "Round trips.",
                          {by_account, by_symbol, by_source, by_strategy, by_signal}, "Trade",
                          list_of<TradeRow>(&JournalReader::trades)));
}

}  // namespace

void add_read_routes(std::vector<Route>& to) {
  add_call_routes(to);
  add_book_routes(to);
  auto accounts =
    item_route("accounts", "listAccounts", "Accounts as last stored.", "AccountPage", blocking(list_accounts));
  accounts.statuses = {200, 304};
  to.push_back(accounts);
  to.push_back(list_route(
    "pauses", "listPauses", "Pauses and halts; those in force unless status=all.",
    {by_account, by_symbol, by_strategy, {"status", ParamKind::choice, "Active by default.", {"active", "all"}}},
    "PauseHistory", list_of<PauseRow>(&JournalReader::pauses)));
  to.push_back(list_route("broker-calls", "listBrokerCalls", "Each call to a broker and its answer.",
                          {by_account, by_order}, "BrokerCall",
                          list_of<BrokerCallRow>(&JournalReader::broker_calls)));
  to.push_back(
    list_route("events", "listEvents", "The journal.",
               {by_account, by_symbol, by_signal, by_order, {"type", ParamKind::name, "Only events of this type."}},
               "Event", list_of<JournalEvent>(&JournalReader::events)));
}

}  // namespace heed::api
