// Grammar of the commands that work on files.
#include "app/cli/commands.hpp"
#include "app/cli/parser.hpp"

namespace heed::cli {

void add_local_commands(Parser& parser) {
  auto& config = parser.command(parser.root(), "config", "Check, show and write configurations",
                                "  heed config default > heed.toml\n  heed config check heed.toml\n");
  const auto checked = std::make_shared<std::string>();
  auto& check = parser.command(config, "check", "Say what is wrong with a configuration; exit 78 if anything is",
                               "  heed config check heed.toml\n",
                               [checked](Session& session) { return check_config(session, *checked); });
  check.add_option("file", *checked, "Configuration [--config]")->type_name("FILE");
  check.add_option("--set", parser.globals.sets, "key=value above the file; may be given several times")
    ->type_name("K=V");
  const auto shown = std::make_shared<std::string>();
  auto& show =
    parser.command(config, "show", "The configuration in force, secrets masked", "  heed config show heed.toml\n",
                   [shown](Session& session) { return show_config(session, *shown); });
  show.add_option("file", *shown, "Configuration [--config]")->type_name("FILE");
  show.add_option("--set", parser.globals.sets, "key=value above the file; may be given several times")
    ->type_name("K=V");
  parser.command(config, "default", "A commented configuration with every key", "  heed config default > heed.toml\n",
                 default_config);

  auto& journal = parser.command(parser.root(), "journal", "The append-only history", "  heed journal verify\n");
  const auto path = std::make_shared<std::string>();
  auto& verify =
    parser.command(journal, "verify", "Prove that nothing in it was changed or dropped; exit 1 if it was",
                   "  heed journal verify\n  heed journal verify --path backup/heed.db\n",
                   [path](Session& session) { return verify_journal(session, *path); });
  verify.add_option("--path", *path, "SQLite file [the daemon's, else that of --config]")->type_name("FILE");

  const auto store = std::make_shared<std::string>();
  auto& migrating = parser.command(parser.root(), "migrate", "Bring the store's schema up to date",
                                   "  heed migrate --config heed.toml\n",
                                   [store](Session& session) { return migrate(session, *store); });
  migrating.add_option("--path", *store, "SQLite file [that of --config]")->type_name("FILE");
  parser.command(parser.root(), "version", "The version", "  heed version\n", show_version);
}

}  // namespace heed::cli
