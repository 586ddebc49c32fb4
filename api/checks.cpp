#include "api/checks.hpp"

#include "core/mention_validation.hpp"

#include <algorithm>
#include <charconv>

namespace heed::api {

Problem not_there(std::string_view what, std::string_view code, std::string_view name) {
  Problem problem;
  problem.status = 404;
  problem.code = code;
  problem.detail = "there is no " + std::string{what} + " \"" + std::string{name.substr(0, 64)} + "\"";
  return problem;
}

std::optional<Problem> check_account(const Context& context, const std::string& name) {
  std::vector<std::string> known;
  for (const auto& account : context.port.accounts()) {
    if (account.view() == name)
      return std::nullopt;
    known.push_back(account.str());
  }
  auto problem = unknown_name("account", "ACCOUNT_UNKNOWN", name, known);
  problem.field = "account";
  problem.status = 404;
  return problem;
}

std::variant<Symbol, Problem> read_symbol(const std::string& text) {
  auto checked = core::validate_symbol(text);
  if (auto* symbol = std::get_if<Symbol>(&checked))
    return *symbol;
  Problem problem;
  problem.status = 400;
  problem.code = "SYMBOL_INVALID";
  problem.field = "symbol";
  problem.detail = "symbol " + std::get<core::FieldError>(checked).reason;
  return problem;
}

std::variant<ListFilter, Problem> read_filter(const Call& call) {
  ListFilter filter;
  const auto text = [&](std::string_view name) { return std::string{call.query(name)}; };
  filter.account = text("account");
  filter.symbol = text("symbol");
  for (char& c : filter.symbol)
    if (c >= 'a' && c <= 'z')
      c = static_cast<char>(c - 'a' + 'A');
  filter.status = text("status");
  filter.source = text("source");
  filter.strategy = text("strategy");
  filter.signal = text("signal");
  filter.order = text("order");
  filter.type = text("type");
  filter.cursor = text("cursor");
  filter.oldest_first = call.query("sort") == "oldest";
  if (call.has_query("from"))
    filter.from = parse_rfc3339(call.query("from"));
  if (call.has_query("to"))
    filter.to = parse_rfc3339(call.query("to"));
  const auto limit = call.query("limit");
  if (!limit.empty())
    std::from_chars(limit.data(), limit.data() + limit.size(), filter.limit);
  if (filter.from && filter.to && *filter.from >= *filter.to)
    return Problem{400, "QUERY_INVALID", "parameter from must lie before parameter to", "from", {}, false, {}};
  return filter;
}

}  // namespace heed::api
