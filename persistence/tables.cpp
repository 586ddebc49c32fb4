#include "persistence/tables.hpp"

#include <algorithm>
#include <charconv>

namespace heed {
namespace {

constexpr std::int32_t most_rows = 1000;

Error invalid(std::string code, std::string detail) {
  return Error{ErrorKind::invalid, std::move(code), std::move(detail)};
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t number = 0;
  const auto end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, number);
  if (problem != std::errc{} || stop != end || number < 0)
    return std::nullopt;
  return number;
}

Status check_page(const ListFilter& filter) {
  if (filter.limit < 1 || filter.limit > most_rows)
    return invalid("LIST_LIMIT",
                   "limit: 1 to " + std::to_string(most_rows) + ", not " + std::to_string(filter.limit));
  if (!filter.cursor.empty() && !parse_number(filter.cursor))
    return invalid("LIST_CURSOR", "cursor: \"" + filter.cursor +
                                    "\" is not one that a list gave; leave it away to begin with the first page");
  return Ok{};
}

// Every text filter, so that one that a table cannot answer is refused rather than ignored.
constexpr std::array text_filters{
  table_detail::account, table_detail::symbol, table_detail::source, table_detail::strategy,
  table_detail::signal,  table_detail::order,  table_detail::type,
};

Status refuse_others(const ListFilter& filter, std::string_view table, std::span<const FilterColumn> known) {
  for (const auto& column : text_filters) {
    const bool ok = std::ranges::any_of(known, [&](const FilterColumn& k) { return k.asked == column.asked; });
    if (!ok && !(filter.*column.asked).empty())
      return invalid("LIST_FILTER",
                     std::string{column.name} + ": " + std::string{table} + " cannot be filtered by it");
  }
  return Ok{};
}

template <class E>
bool is_name(std::string_view text) {
  return enum_from<E>(text).has_value();
}

template <class T>
Status check_status(std::string_view status) {
  const auto refuse = [&](std::string_view allowed) -> Status {
    return invalid("LIST_STATUS", "status: \"" + std::string{status} + "\" is none of " +
                                    std::string{Table<T>::name} + "; use " + std::string{allowed});
  };
  if (status.empty())
    return Ok{};
  if constexpr (std::same_as<T, OrderRow>)
    return status == "live" || status == "done" || is_name<OrderStatus>(status)
             ? Status{Ok{}}
             : refuse("live, done or the status of an order");
  else if constexpr (std::same_as<T, PositionRow>)
    return status == "open" || status == "all" ? Status{Ok{}} : refuse("open or all");
  else if constexpr (std::same_as<T, PauseRow>)
    return status == "active" || status == "all" ? Status{Ok{}} : refuse("active or all");
  else if constexpr (std::same_as<T, BacktestRunRow>)
    return is_name<BacktestStatus>(status) ? Status{Ok{}} : refuse("the status of a run");
  else if constexpr (std::same_as<T, SignalRow>)
    return is_name<DispositionKind>(status.substr(0, status.find(':'))) ? Status{Ok{}}
                                                                        : refuse("the name of a disposition");
  else
    return invalid("LIST_FILTER", "status: " + std::string{Table<T>::name} + " cannot be filtered by it");
}

}  // namespace

template <class T>
Status check_filter(const ListFilter& filter) {
  if (auto page = check_page(filter); !page)
    return page;
  ListFilter rest = filter;
  if constexpr (std::same_as<T, SignalRow>)
    rest.account.clear();  // answered by the decisions
  if (auto others = refuse_others(rest, Table<T>::name, Table<T>::filters); !others)
    return others;
  return check_status<T>(filter.status);
}

template <class T>
StatusQuery status_query(const ListFilter& filter) {
  if constexpr (std::same_as<T, OrderRow>)
    return filter.status.empty()     ? StatusQuery::all
           : filter.status == "live" ? StatusQuery::orders_live
           : filter.status == "done" ? StatusQuery::orders_done
                                     : StatusQuery::exact;
  else if constexpr (std::same_as<T, PositionRow>)
    return filter.status == "all" ? StatusQuery::all : StatusQuery::positions_open;
  else if constexpr (std::same_as<T, PauseRow>)
    return filter.status == "all" ? StatusQuery::all : StatusQuery::pauses_active;
  else if constexpr (std::same_as<T, BacktestRunRow>)
    return filter.status.empty() ? StatusQuery::all : StatusQuery::exact;
  else
    return StatusQuery::all;
}

#define HEED_LISTED(T)                                \
  template Status check_filter<T>(const ListFilter&); \
  template StatusQuery status_query<T>(const ListFilter&)
HEED_LISTED(JournalEvent);
HEED_LISTED(SignalRow);
HEED_LISTED(Mention);
HEED_LISTED(RejectedInputRow);
HEED_LISTED(Intent);
HEED_LISTED(OrderRow);
HEED_LISTED(FillRow);
HEED_LISTED(PositionRow);
HEED_LISTED(TradeRow);
HEED_LISTED(PauseRow);
HEED_LISTED(BrokerCallRow);
HEED_LISTED(BacktestRunRow);
#undef HEED_LISTED

std::optional<std::int64_t> cursor_number(const ListFilter& filter) {
  return filter.cursor.empty() ? std::nullopt : parse_number(filter.cursor);
}

Status check_funnel_filter(const ListFilter& filter) {
  static constexpr std::array known{table_detail::account, table_detail::signal, table_detail::symbol,
                                    table_detail::source};
  if (!filter.status.empty())
    return invalid("LIST_FILTER", "status: the funnel cannot be filtered by it");
  return refuse_others(filter, "the funnel", known);
}

std::string funnel_text(DispositionKind kind, std::string_view detail) {
  return Disposition{kind, funnel_drops_detail(kind) ? std::string{} : std::string{detail}}.str();
}

bool matches_status(const Decision& decision, std::string_view status) {
  if (status.empty())
    return true;
  return status.find(':') == std::string_view::npos ? to_string(decision.disposition.kind) == status
                                                    : decision.disposition.str() == status;
}

}  // namespace heed
