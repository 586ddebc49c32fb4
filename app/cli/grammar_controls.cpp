// Grammar of the commands that change something at the daemon.
#include "app/cli/commands.hpp"
#include "app/cli/parser.hpp"

namespace heed::cli {
namespace {

void add_scope(CLI::App& app, PauseArguments& a) {
  app.add_option("account", a.account, "Account")->required()->type_name("ACCOUNT");
  app.add_option("--strategy", a.strategy, "Only this strategy")->type_name("NAME");
  app.add_option("--symbol", a.symbol, "Only this symbol")->type_name("SYMBOL");
  app.add_option("--reason", a.reason, "Why, for the journal")->type_name("TEXT");
}

void add_mention_commands(Parser& parser) {
  auto& mentions =
    parser.command(parser.root(), "mentions", "Hand in calls",
                   "  heed mentions import calls.jsonl\n  heed mentions add NVDA buy --conviction 0.8\n");
  struct Import {
    std::string file, inbox;
  };
  const auto i = std::make_shared<Import>();
  auto& import =
    parser.command(mentions, "import", "Hand in a file of calls, one JSON object per line",
                   "  heed mentions import calls.jsonl\n  tail -n 100 calls.jsonl | heed mentions import -\n",
                   [i](Session& session) { return import_mentions(session, i->file, i->inbox); });
  import.add_option("file", i->file, "JSON lines; - is standard input")->required()->type_name("FILE");
  import.add_option("--inbox", i->inbox, "The source to hand it to [the first inbox]")->type_name("NAME");

  const auto m = std::make_shared<MentionArguments>();
  auto& add = parser.command(mentions, "add", "Hand in one call",
                             "  heed mentions add NVDA buy --conviction 0.8 --horizon weeks\n"
                             "  heed mentions add NVDA sell --external-id note-17\n",
                             [m](Session& session) { return add_mention(session, *m); });
  add.add_option("symbol", m->symbol, "Symbol")->required()->type_name("SYMBOL");
  add.add_option("action", m->action, "buy, sell, avoid, hold or watch")->required()->type_name("ACTION");
  add.add_option("--conviction", m->conviction, "0 to 1")->type_name("C");
  add.add_option("--horizon", m->horizon, "intraday, days, weeks, months or long_term")->type_name("H");
  add.add_option("--quote", m->quote, "What was said")->type_name("TEXT");
  add.add_option("--title", m->title, "Where it was said")->type_name("TEXT");
  add.add_option("--link", m->url, "Address of the original")->type_name("URL");
  add.add_option("--external-id", m->external_id, "Makes it the same call when it is handed in again")
    ->type_name("ID");
  add.add_option("--published-at", m->published_at, "When it was said")->type_name("INSTANT");
  add.add_option("--origin", m->origin, "Who said it")->type_name("TEXT");
  add.add_option("--inbox", m->inbox, "The source to hand it to [the first inbox]")->type_name("NAME");
}

}  // namespace

void add_control_commands(Parser& parser) {
  add_mention_commands(parser);
  struct Close {
    std::string account, symbol, quantity;
  };
  const auto c = std::make_shared<Close>();
  auto& close =
    parser.command(parser.root(), "close", "Close a position, or a part of it",
                   "  heed close paper NVDA\n  heed close paper NVDA --quantity 5\n",
                   [c](Session& session) { return close_position(session, c->account, c->symbol, c->quantity); });
  close.add_option("account", c->account, "Account")->required()->type_name("ACCOUNT");
  close.add_option("symbol", c->symbol, "Symbol")->required()->type_name("SYMBOL");
  close.add_option("--quantity", c->quantity, "How much [all]")->type_name("N");

  const auto a = std::make_shared<AdoptArguments>();
  auto& adopt = parser.command(parser.root(), "adopt", "Take over a position that somebody else opened at the broker",
                               "  heed adopt paper NVDA --strategy mentions\n"
                               "  heed adopt paper NVDA --strategy manual --quantity 5 --stop 92.50 --target 20%\n"
                               "  heed adopt paper TSLA --short --strategy manual --stop 5%\n",
                               [a](Session& session) { return adopt_position(session, *a); });
  adopt.add_option("account", a->account, "Account")->required()->type_name("ACCOUNT");
  adopt.add_option("symbol", a->symbol, "Symbol")->required()->type_name("SYMBOL");
  adopt.add_option("--strategy", a->strategy, "Who shall own it: a configured strategy, or manual")
    ->required()
    ->type_name("NAME");
  adopt.add_flag("--short", a->is_short, "It is held short [long]");
  adopt.add_option("--quantity", a->quantity, "How much of it [all]")->type_name("N");
  adopt.add_option("--stop", a->stop, "A price, or percent of what was paid [the strategy's]")->type_name("LEVEL");
  adopt.add_option("--target", a->target, "A price, or percent of what was paid [the strategy's]")
    ->type_name("LEVEL");
  adopt.add_option("--hold-sessions", a->hold_sessions, "Close it by date, after so many sessions [the strategy's]")
    ->type_name("N");
  adopt.add_option("--key", a->key, "Makes it the same adoption when it is asked for again")->type_name("TEXT");

  const auto p = std::make_shared<PauseArguments>();
  auto& pausing = parser.command(parser.root(), "pause", "Take no new risk on an account",
                                 "  heed pause paper --reason \"earnings week\"\n  heed pause paper --symbol NVDA\n",
                                 [p](Session& session) { return pause(session, *p); });
  add_scope(pausing, *p);
  const auto r = std::make_shared<PauseArguments>();
  auto& resuming = parser.command(parser.root(), "resume", "End a pause", "  heed resume paper\n",
                                  [r](Session& session) { return resume(session, *r); });
  add_scope(resuming, *r);

  struct Kill {
    std::string level, account;
  };
  const auto k = std::make_shared<Kill>();
  auto& killing = parser.command(parser.root(), "kill", "The kill switch: quick, without a question",
                                 "  heed kill stop-opening           take no new risk\n"
                                 "  heed kill cancel-open-orders     and cancel what would open\n"
                                 "  heed kill flatten                and close everything\n"
                                 "  heed kill none --account paper   lift it\n",
                                 [k](Session& session) { return kill(session, k->level, k->account); });
  killing.add_option("level", k->level, "stop-opening, cancel-open-orders, flatten, or none to lift it")
    ->required()
    ->type_name("LEVEL");
  killing.add_option("--account", k->account, "Only this account [all]")->type_name("NAME");
}

}  // namespace heed::cli
