// Grammar of the commands that read.
#include "app/cli/commands.hpp"
#include "app/cli/parser.hpp"

namespace heed::cli {
namespace {

using ListCommand = int (*)(Session&, const Query&);

struct Filter {
  const char* option;
  const char* parameter;
  const char* help;
  const char* type;
};

constexpr Filter account{"--account", "account", "Only of this account", "NAME"};
constexpr Filter symbol{"--symbol", "symbol", "Only of this symbol", "SYMBOL"};
constexpr Filter source{"--source", "source", "Only of this source", "NAME"};
constexpr Filter strategy{"--strategy", "strategy", "Only of this strategy", "NAME"};
constexpr Filter signal{"--signal", "signal", "Only of this signal", "ID"};
constexpr Filter order{"--order", "order", "Only of this order", "ID"};
constexpr Filter status{"--status", "status", "Only in this state", "NAME"};
constexpr Filter from{"--from", "from", "At or after this instant", "INSTANT"};
constexpr Filter to{"--to", "to", "Before this instant", "INSTANT"};
constexpr Filter sort{"--sort", "sort", "newest (default) or oldest first", "ORDER"};
constexpr Filter limit{"--limit", "limit", "Rows, 1 to 1000 [100]", "N"};
constexpr Filter cursor{"--cursor", "cursor", "Go on where the last page ended", "CURSOR"};

void add_list(Parser& parser, const std::string& name, const std::string& line, const std::string& examples,
              std::vector<Filter> filters, ListCommand list) {
  filters.insert(filters.end(), {from, to, sort, limit, cursor});
  const auto query = std::make_shared<Query>();
  auto& app = parser.command(parser.root(), name, line, examples,
                             [query, list](Session& session) { return list(session, *query); });
  query->reserve(filters.size());  // options hold references into it
  for (const auto& filter : filters) {
    query->emplace_back(filter.parameter, "");
    app.add_option(filter.option, query->back().second, filter.help)->type_name(filter.type);
  }
}

}  // namespace

void add_list_commands(Parser& parser) {
  parser.command(parser.root(), "status", "How the daemon is; exit 1 when it is not ready",
                 "  heed status\n  heed status --json | jq .components\n", show_status);
  add_list(
    parser, "signals", "Calls that arrived, and what was decided",
    "  heed signals\n  heed signals --symbol NVDA --from 2026-11-20T00:00:00Z\n  heed signals --status no_op\n",
    {account, symbol, source, status}, list_signals);
  add_list(parser, "orders", "Orders", "  heed orders --status live\n  heed orders --account paper --symbol NVDA\n",
           {account, symbol, source, strategy, signal, status}, list_orders);
  add_list(parser, "fills", "Fills", "  heed fills --symbol NVDA\n  heed fills --json --limit 1000\n",
           {account, symbol, source, strategy, signal, order}, list_fills);
  add_list(parser, "positions", "Open positions and their protection",
           "  heed positions\n  heed positions --status all\n", {account, symbol, status}, list_positions);
  add_list(parser, "trades", "Round trips and what they made", "  heed trades --strategy mentions\n",
           {account, symbol, source, strategy, signal}, list_trades);
  const auto none = std::make_shared<Query>();
  parser.command(parser.root(), "accounts", "Accounts as last seen", "  heed accounts\n",
                 [none](Session& session) { return list_accounts(session, *none); });
  add_list(parser, "audit", "Calls to brokers and their answers",
           "  heed audit --account paper\n  heed audit --order heed1.mentions.en.abc --json\n", {account, order},
           list_audit);
  parser.command(parser.root(), "schedule", "What runs by the clock, and when next", "  heed schedule\n",
                 show_schedule);
  const auto id = std::make_shared<std::string>();
  auto& story = parser.command(parser.root(), "explain", "The whole story of a signal, order, trade or position",
                               "  heed explain s-abcdefgh\n  heed explain heed1.mentions.en.abcdefgh\n"
                               "  heed explain paper/NVDA\n",
                               [id](Session& session) { return explain(session, *id); });
  story.add_option("id", *id, "Signal, order or trade; or ACCOUNT/SYMBOL")->required()->type_name("ID");
}

}  // namespace heed::cli
