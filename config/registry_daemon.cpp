// The keys of the process itself: where it keeps its data, who may talk to it, whom it tells.
#include "config/registry.hpp"

#include <utility>

namespace heed::config {
namespace {

template <auto Member>
std::vector<void*> one(Config& config) {
  return {&(config.*Member)};
}

template <auto Member>
Section table(std::string_view name, std::string_view doc, const std::vector<Key>& keys) {
  using Item = typename MemberOf<decltype(Member)>::Field;
  return {
    .name = name, .doc = doc, .keys = std::move(keys), .items = one<Member>, .default_slot = default_slot_of<Item>};
}

Range between(std::int64_t min, std::int64_t max) { return {.min = Decimal{min}, .max = Decimal{max}}; }

Section daemon() {
  return table<&Config::daemon>(
    "daemon", "The process: where it keeps its data and what it logs.",
    {{.name = "data_dir",
      .slot = slot_of<&Daemon::data_dir>,
      .role = Role::path,
      .range = {.empty_ok = false},
      .doc = "Folder for the store, the socket and the exchange's state. Made if missing, for the owner only."},
     {.name = "log_level",
      .slot = slot_of<&Daemon::log_level>,
      .reloadable = true,
      .doc = "The least severe line that is logged."},
     {.name = "log_format", .slot = slot_of<&Daemon::log_format>, .doc = "Lines for people, or JSON for programs."},
     {.name = "drain_seconds",
      .slot = slot_of<&Daemon::drain_seconds>,
      .range = between(1, 600),
      .unit = "seconds",
      .doc = "On SIGTERM the daemon finishes what is with the broker, and exits within this time."}});
}

Section clock() {
  return table<&Config::clock>(
    "clock", "Which clock decides what time it is.",
    {{.name = "source",
      .slot = slot_of<&Clock::source>,
      .doc = "`exchange` takes the built-in exchange's clock, to play the past through the live daemon; it needs an "
             "account with venue = \"exchange\", or one whose base_url is a `heed exchange` on this machine."}});
}

Section journal() {
  return table<&Config::journal>(
    "journal", "The store of everything that happened.",
    {{.name = "kind",
      .slot = slot_of<&Journal::kind>,
      .doc = "`memory` forgets everything at exit and is for trials only."},
     {.name = "path",
      .slot = slot_of<&Journal::path>,
      .role = Role::path,
      .filled_in = "`<data_dir>/heed.db`",
      .doc = "The SQLite file; only with kind = \"sqlite\"."},
     {.name = "url",
      .slot = slot_of<&Journal::url>,
      .role = Role::database_url,
      .example = "\"postgresql:///heed\"",
      .doc = "PostgreSQL connection address; required with kind = \"postgres\". A password in it makes it a secret."},
     {.name = "holder_wait_seconds",
      .slot = slot_of<&Journal::holder_wait_seconds>,
      .range = between(0, 86'400),
      .unit = "seconds",
      .doc =
        "When another daemon holds the PostgreSQL journal, wait this long for it to go, then take over. 0 ends at "
        "once with a message that names the holder."},
     {.name = "commit_batch_max",
      .slot = slot_of<&Journal::commit_batch_max>,
      .range = between(1, 100'000),
      .unit = "appends",
      .doc = "At most this many appends share one commit."},
     {.name = "commit_delay_us",
      .slot = slot_of<&Journal::commit_delay_us>,
      .range = between(0, 100'000),
      .unit = "microseconds",
      .doc = "Wait this long for company before a commit. 0 commits at once what gathered during the last one."}});
}

Section api() {
  return table<&Config::api>(
    "api", "HTTP interface, event stream and dashboard.",
    {{.name = "listen",
      .slot = slot_of<&Api::listen>,
      .role = Role::address,
      .range = {.empty_ok = false},
      .doc = "Address and port. Outside of loopback a token is required."},
     {.name = "unix_socket",
      .slot = slot_of<&Api::unix_socket>,
      .role = Role::path,
      .range = {.length_max = 107},
      .filled_in = "`<data_dir>/heed.sock`",
      .doc = "Socket for the owner only, which needs no token. The system allows 107 bytes."},
     {.name = "token",
      .slot = slot_of<&Api::token>,
      .example = "\"${HEED_TOKEN}\"",
      .doc = "Bearer token for everything but health and webhooks; 16 characters or more."}});
}

Section inspect() {
  return table<&Config::inspect>(
    "inspect", "The actor inspector for `heed inspect`; read only.",
    {{.name = "enabled", .slot = slot_of<&Inspect::enabled>, .doc = "Publish the inspector."},
     {.name = "listen",
      .slot = slot_of<&Inspect::listen>,
      .role = Role::address,
      .range = {.empty_ok = false},
      .doc = "Address and port; loopback only."}});
}

Section schedule() {
  return table<&Config::schedule>(
    "schedule", "What happens by the clock.",
    {{.name = "exit_scan",
      .slot = slot_of<&Schedule::exit_scan>,
      .role = Role::cron,
      .doc = "When positions that are due get closed: minute hour day month weekday. Full holidays are skipped. "
             "May not be empty while a strategy holds to a due date."},
     {.name = "zone",
      .slot = slot_of<&Schedule::zone>,
      .role = Role::zone,
      .range = {.empty_ok = false},
      .doc = "The zone in which `exit_scan` is meant."},
     {.name = "reconcile_interval_seconds",
      .slot = slot_of<&Schedule::reconcile_interval_seconds>,
      .range = between(1, 3'600),
      .unit = "seconds",
      .doc = "Books are compared with the broker this often, for accounts that say nothing else."}});
}

Section notify() {
  return table<&Config::notify>(
    "notify", "Whom to tell. Never in the trading path.",
    {{.name = "slack_url",
      .slot = slot_of<&Notify::slack_url>,
      .example = "\"${SLACK_WEBHOOK}\"",
      .doc = "Slack incoming webhook; https."},
     {.name = "webhook_url",
      .slot = slot_of<&Notify::webhook_url>,
      .example = "\"file:/etc/heed/webhook-url\"",
      .doc = "Gets each event as a JSON POST; https, or http on loopback."},
     {.name = "events", .slot = slot_of<&Notify::events>, .reloadable = true, .doc = "What is told."},
     {.name = "per_minute_max",
      .slot = slot_of<&Notify::per_minute_max>,
      .range = between(1, 600),
      .unit = "messages a minute",
      .reloadable = true,
      .doc = "Beyond this, messages are gathered into one."}});
}

Section backtest() {
  return table<&Config::backtest>(
    "backtest", "Runs over the past that are asked for by HTTP; `heed backtest` names its files itself.",
    {{.name = "bars",
      .slot = slot_of<&Backtest::bars>,
      .role = Role::path,
      .doc = "Folder of daily bars, one SYMBOL.csv or SYMBOL.csv.gz each. Empty: the bars in the database."},
     {.name = "mentions",
      .slot = slot_of<&Backtest::mentions>,
      .role = Role::path,
      .doc = "Folder whose files a request may name as its calls. Empty: it gets the stored mentions only."},
     {.name = "queue_max",
      .slot = slot_of<&Backtest::queue_max>,
      .range = between(1, 1'000),
      .unit = "runs",
      .doc = "So many may wait while one runs; the next is refused with 503."}});
}

}  // namespace

std::vector<Section> daemon_sections() {
  return {daemon(), clock(), journal(), api(), inspect(), schedule(), notify(), backtest()};
}

}  // namespace heed::config
