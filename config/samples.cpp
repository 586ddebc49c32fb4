// Texts for people: the commented sample, the configuration of `make run`, and the reference.
#include "config/load.hpp"
#include "config/registry.hpp"

#include <string>

namespace heed::config {
namespace {

constexpr std::size_t width = 110;

/// Words as comment lines no longer than a screen is wide.
std::string comment(std::string_view words) {
  std::string out;
  std::string line = "#";
  while (!words.empty()) {
    const std::size_t space = words.find(' ');
    const std::string_view word = words.substr(0, space);
    if (line.size() + 1 + word.size() > width) {
      out += line + "\n";
      line = "#";
    }
    line += " " + std::string{word};
    words.remove_prefix(space == std::string_view::npos ? words.size() : space + 1);
  }
  return out + line + "\n";
}

std::string default_value(const Section& section, const Key& key) {
  const Slot slot = section.default_slot(key);
  return std::holds_alternative<Secret*>(slot) ? std::string{} : to_toml(slot, key);
}

std::string key_words(const Section& section, const Key& key) {
  std::string words{key.doc};
  if (const std::string allowed = allowed_words(key, section.default_slot(key)); !allowed.empty())
    words += " Allowed: " + allowed + ".";
  else if (!key.unit.empty())
    words += " In " + std::string{key.unit} + ".";
  if (!key.filled_in.empty())
    words += " Unset: " + std::string{key.filled_in} + ".";
  if (key.reloadable)
    words += " Reloaded by SIGHUP.";
  return words;
}

std::string sample_line(const Section& section, const Key& key) {
  const std::string name{key.name};
  if (key.required || key.in_sample)
    return name + " = " + std::string{key.example} + "\n";
  if (const std::string value = default_value(section, key); !value.empty() && value != "\"\"")
    return "#" + name + " = " + value + "\n";
  if (!key.example.empty())
    return "# Not set. For example: " + name + " = " + std::string{key.example} + "\n";
  return "# Not set: " + name + "\n";
}

constexpr std::string_view sample_head =
  R"(# Configuration of heed. It works as it stands: calls come in by the HTTP interface, decisions are recorded
# and nothing is sent, and the account is one of the built-in exchange.
#
# Lines that begin with # and a key show the default. Amounts are whole numbers or decimals in quotes.
# Secrets are ${NAME} for an environment variable, or file:PATH for a file that only its owner can read.
# Check this file with `heed config check FILE`.
#
# An Alpaca paper account is written so:
#   [[account]]
#   id = "alpaca-paper"
#   venue = "alpaca"
#   key = "${ALPACA_KEY}"
#   secret = "${ALPACA_SECRET}"
)";

constexpr std::string_view reference_head = R"(# Configuration

Made from the table of keys in `config/registry_*.cpp`; a test keeps it equal.

One TOML file. `heed config check FILE` names everything that is wrong with it, with line and column;
`heed config default` writes a commented sample; `heed config show` prints what is in effect.

- **Amounts** are whole numbers or decimals in quotes: `5000`, `"1250.50"`. A floating-point amount is an error.
- **Fractions** are 0..1 and exact: `0.05` is five hundredths, not the nearest binary number.
- **Secrets** are `"${NAME}"` for an environment variable, or `"file:PATH"` for a file that not everybody on the
  machine can read; PATH may hold `${NAME}`, as in `"file:${CREDENTIALS_DIRECTORY}/alpaca"`. A secret may stand in the
  configuration file itself only if that file is not readable by everybody. It is never printed.
- **Paths** are relative to the working directory.
- **Overrides** stand above the file: `--set account.paper.risk.cooldown_seconds=60` where a command takes it, or an
  environment variable `HEED__ACCOUNT__PAPER__RISK__COOLDOWN_SECONDS=60`. Tables with an id go by it, routes by
  their number: `route[1]`.
- **Reload**: SIGHUP applies keys marked so, all of them or none, and names those that need a restart. Raising a limit
  never lifts a pause or halt.
- **Real money** needs three things that agree: `mode = "live"`, the live host, and `live_confirmation` with the
  account's id. A paper key at a live host is refused.
)";

std::string reference_row(const Section& section, const Key& key) {
  const Slot slot = section.default_slot(key);
  std::string standard = default_value(section, key);
  if (key.required)
    standard = "required";
  else if (!key.filled_in.empty() && (standard.empty() || standard == "\"\"" || standard == "0"))
    standard = std::string{key.filled_in};
  else
    standard = standard.empty() || standard == "\"\"" ? "not set" : "`" + standard + "`";
  std::string allowed = allowed_words(key, slot);
  if (allowed.empty())
    allowed = key.unit;
  return "| `" + std::string{key.name} + "` | " + type_words(key, slot) + " | " + standard + " | " + allowed + " | " +
         (key.reloadable ? "yes" : "") + " | " + std::string{key.doc} + " |\n";
}

}  // namespace

std::string default_text() {
  std::string out{sample_head};
  for (const Section& section : registry()) {
    out += "\n" + comment(section.doc) + section.header() + "\n";
    for (const Key& key : section.keys)
      out += comment(key_words(section, key)) + sample_line(section, key);
  }
  return out;
}

std::string sample_text() {
  return R"(# What `make run` runs: calls of the past, replayed at 1200 times their speed against the built-in exchange.
# Everything stays on this machine, and in var/.

[daemon]
data_dir = "var"

# The exchange's clock is the daemon's, so that a call of June 2025 is a fresh one.
[clock]
source = "exchange"

[journal]
kind = "sqlite"

[api]
listen = "127.0.0.1:8420"

[exchange]
synthetic_seed = 7
symbols = ["AAPL", "AMD", "AMZN", "GOOGL", "META", "MSFT", "NVDA", "SPY", "TSLA"]
start = 2025-06-02T13:28:00Z   # two minutes before the opening
speed = 1200                    # a session takes twenty seconds, a night fifty
cash = 100000

[[account]]
id = "paper"
venue = "exchange"
starting_equity = 100000
poll_interval_seconds = 1
rate_limit_per_minute = 12000       # the market's minutes pass in a twentieth of a second
data_rate_limit_per_minute = 12000

# At this speed a second on the wall is twenty minutes of the market.
[account.risk]
quote_age_seconds_max = 1800

[[source]]
id = "sample"
kind = "jsonl"
path = "samples/mentions.jsonl"
poll_interval_seconds = 1
start = "all"
release = "clock"

# Calls typed by hand: heed mentions add --symbol NVDA --action buy --conviction 0.9
[[source]]
id = "inbox"
kind = "inbox"
default_conviction = 0.7

[[strategy]]
id = "mentions"
kind = "mention"
enable_trading = true

[[route]]
sources = ["sample", "inbox"]
strategy = "mentions"
accounts = ["paper"]

[schedule]
exit_scan = "35 9 * * 1-5"
zone = "America/New_York"
reconcile_interval_seconds = 5
)";
}

std::string reference_markdown() {
  std::string out{reference_head};
  for (const Section& section : registry()) {
    out += "\n## `" + section.header() + "`\n\n" + std::string{section.doc} + "\n\n";
    out += "| Key | Type | Default | Allowed | SIGHUP | Meaning |\n|---|---|---|---|---|---|\n";
    for (const Key& key : section.keys)
      out += reference_row(section, key);
  }
  return out;
}

}  // namespace heed::config
