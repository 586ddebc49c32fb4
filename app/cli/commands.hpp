// The commands, one function each. They return the exit code.
#pragma once

#include "app/cli/session.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace heed::cli {

// Lists: `query` are parameters of the route, as given.
using Query = std::vector<std::pair<std::string, std::string>>;
int list_signals(Session& session, const Query& query);
int list_orders(Session& session, const Query& query);
int list_fills(Session& session, const Query& query);
int list_positions(Session& session, const Query& query);
int list_trades(Session& session, const Query& query);
int list_accounts(Session& session, const Query& query);
int list_audit(Session& session, const Query& query);
int show_status(Session& session);
int show_schedule(Session& session);
int explain(Session& session, const std::string& id);

// Controls.
int close_position(Session& session, const std::string& account, const std::string& symbol,
                   const std::string& quantity);
struct AdoptArguments {
  std::string account, symbol, strategy, quantity, stop, target, key;
  bool is_short = false;
  std::optional<int> hold_sessions;
};
int adopt_position(Session& session, const AdoptArguments& arguments);
struct PauseArguments {
  std::string account, strategy, symbol, reason;
};
int pause(Session& session, const PauseArguments& arguments);
int resume(Session& session, const PauseArguments& arguments);
int kill(Session& session, const std::string& level, const std::string& account);

// Mentions.
int import_mentions(Session& session, const std::string& file, const std::string& inbox);
struct MentionArguments {
  std::string symbol, action, conviction, horizon, quote, title, url, external_id, published_at, origin, inbox;
};
int add_mention(Session& session, const MentionArguments& arguments);

// What needs no daemon.
int check_config(Session& session, const std::string& file);
int show_config(Session& session, const std::string& file);
int default_config(Session& session);
int show_version(Session& session);
int verify_journal(Session& session, const std::string& path);
int migrate(Session& session, const std::string& path);

}  // namespace heed::cli
