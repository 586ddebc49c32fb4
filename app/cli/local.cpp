// Commands that work on files and need no daemon.
#include "app/cli/commands.hpp"
#include "app/cli/named_store.hpp"
#include "persistence/journal.hpp"
#include "persistence/json_write.hpp"
#include "persistence/open_postgres.hpp"

#include <filesystem>
#include <system_error>

namespace heed::cli {
namespace {

void append_problems(std::string& out, const std::vector<config::Problem>& problems) {
  out += '[';
  for (std::size_t i = 0; i < problems.size(); ++i) {
    const auto& p = problems[i];
    out += i == 0 ? "{\"file\":" : ",{\"file\":";
    append_json(out, p.file);
    out += ",\"line\":" + std::to_string(p.line) + ",\"column\":" + std::to_string(p.column) + ",\"key\":";
    append_json(out, p.key);
    out += ",\"message\":";
    append_json(out, p.str());
    out += '}';
  }
  out += ']';
}

int check_as_json(Session& session, const std::string& path) {
  Exit failed = Exit::done;
  config::ParseOptions options;
  options.environment = session.surroundings().environment;
  options.overrides = session.overrides(failed);
  if (failed != Exit::done)
    return static_cast<int>(failed);
  const auto outcome = config::load(path, options);
  std::string out = std::string{"{\"ok\":"} + (outcome.config ? "true" : "false") + ",\"errors\":";
  append_problems(out, outcome.errors);
  out += ",\"warnings\":";
  append_problems(out, outcome.warnings);
  session.out() << out << "}\n";
  return static_cast<int>(outcome.config ? Exit::done : Exit::config_invalid);
}

int say_verified(Session& session, std::string_view where, const Result<std::int64_t>& checked) {
  if (session.globals().json) {
    std::string out = std::string{"{\"ok\":"} + (checked ? "true" : "false");
    if (checked) {
      out += ",\"events\":" + std::to_string(checked.value());
    } else {
      out += ",\"code\":";
      append_json(out, checked.error().code);
      out += ",\"detail\":";
      append_json(out, checked.error().detail);
    }
    session.out() << out << "}\n";
    return static_cast<int>(checked ? Exit::done : Exit::negative);
  }
  if (!checked)
    return session.fail(Exit::negative, "the journal " + std::string{where} + " does not verify",
                        checked.error().detail, "keep a copy of the file, and do not trade on it");
  session.out() << "verified " << checked.value() << " events: nothing was changed or dropped\n";
  return 0;
}

int verify_store(Session& session, const std::string& path) {
  int exit = 0;
  const auto store = named_store(session, path, exit);
  if (!store)
    return exit;
  std::error_code ignored;
  if (store->url.empty() && !std::filesystem::exists(store->file, ignored))
    return session.fail(Exit::missing_input, "there is no journal " + store->file, {},
                        "name it with --path, or its --config");
  // Opening one would make a store of it.
  if (store->url.empty() && std::filesystem::is_regular_file(store->file, ignored) &&
      std::filesystem::file_size(store->file, ignored) == 0)
    return session.fail(Exit::bad_data,
                        "the journal " + store->file + " is an empty file: there is nothing to verify", {},
                        "was the copy cut short? name another with --path");
  const auto reader = reader_of(*store);
  if (!reader)
    return session.fail(exit_of(reader.error()), "the journal " + store->words + " cannot be opened",
                        reader.error().detail);
  return say_verified(session, store->words, reader.value()->verify());
}

int verify_through_daemon(Session& session) {
  int exit = 0;
  const auto answer = session.get("/api/v1/journal/verify", exit);
  if (!answer)
    return exit;
  if (truth(answer->json, "ok")) {
    const auto* events = answer->json.find("events");
    return say_verified(session, "of the daemon", events == nullptr ? 0 : events->integer().value_or(0));
  }
  return say_verified(session, "of the daemon",
                      Error{ErrorKind::invalid, member(answer->json, "code"), member(answer->json, "detail")});
}

}  // namespace

int check_config(Session& session, const std::string& file) {
  const auto path = file.empty() ? session.globals().config : file;
  if (path.empty())
    return session.fail(Exit::usage, "which configuration?", {}, "like: heed config check heed.toml");
  std::error_code ignored;
  if (session.globals().json && std::filesystem::exists(path, ignored))
    return check_as_json(session, path);
  Exit failed = Exit::done;
  if (!session.load_config(path, failed))
    return static_cast<int>(failed);
  session.out() << printable(path) << ": ok\n";
  return 0;
}

int show_config(Session& session, const std::string& file) {
  Exit failed = Exit::done;
  const auto config = session.load_config(file.empty() ? session.globals().config : file, failed);
  if (!config)
    return static_cast<int>(failed);
  session.out() << (session.globals().json ? config::show_json(*config) : config::show(*config));
  return 0;
}

int default_config(Session& session) {
  session.out() << config::default_text();
  return 0;
}

int show_version(Session& session) {
  if (session.globals().json)
    session.out() << "{\"version\":\"" << HEED_VERSION << "\"}\n";
  else
    session.out() << "heed " << HEED_VERSION << '\n';
  return 0;
}

int verify_journal(Session& session, const std::string& path) {
  // A running daemon holds its store alone, so it is asked; the store itself is read when there is none.
  if (path.empty() && !session.unreachable())
    return verify_through_daemon(session);
  return verify_store(session, path);
}

int migrate(Session& session, const std::string& path) {
  int exit = 0;
  const auto store = named_store(session, path, exit);
  if (!store)
    return exit;
  const auto journal =
    store->url.empty() ? open_sqlite_journal(store->file) : open_postgres_journal({store->url, {}});
  if (!journal)
    return session.fail(exit_of(journal.error()), "the store " + store->words + " cannot be migrated",
                        journal.error().detail);
  if (session.globals().json)
    session.out() << "{\"ok\":true}\n";
  else
    session.out() << printable(store->words) << ": the schema is up to date\n";
  return 0;
}

}  // namespace heed::cli
