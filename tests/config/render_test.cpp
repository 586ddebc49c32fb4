// A Config back to text, and what differs between two.
#include "tests/config/support.hpp"

#include "config/registry.hpp"

#include <set>
#include <sstream>

namespace heed::config {
namespace {

std::string slurp(const std::string& path) {
  std::ifstream in{path};
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

TEST_CASE("the registry is whole: every key has words, a name of its own, and a default within its range") {
  std::set<std::string> seen;
  for (const Section& section : registry()) {
    CHECK_FALSE(section.doc.empty());
    REQUIRE(section.default_slot != nullptr);
    for (const Key& key : section.keys) {
      const std::string path = std::string{section.name} + "." + std::string{key.name};
      INFO(path);
      CHECK(seen.insert(path).second);
      CHECK(key.doc.ends_with('.'));
      CHECK(key.doc.find('|') == std::string_view::npos);
      if (key.required)
        CHECK_FALSE(key.example.empty());
      if (key.range.min && key.range.max)
        CHECK(*key.range.min < *key.range.max);
    }
  }
  CHECK(seen.size() > 100);
}

TEST_CASE("every risk limit has a key") {
  const Section* section = find_section("account.risk");
  REQUIRE(section != nullptr);
  std::size_t count = 0;
  RiskLimits limits;
  RiskLimits::fields(limits, [&](const char* name, auto&) {
    INFO(name);
    const Key* key = section->find(name);
    REQUIRE(key != nullptr);
    CHECK(key->reloadable);
    ++count;
  });
  CHECK(count == section->keys.size());
}

TEST_CASE("the commented sample parses cleanly, and so does everything it says is a default") {
  const LoadOutcome outcome = parse_text(default_text());
  INFO(all_of(outcome.errors) << all_of(outcome.warnings));
  REQUIRE(outcome.config);
  CHECK(outcome.warnings.empty());
  CHECK_FALSE(outcome.config->strategies[0].enable_trading);

  std::string uncommented;
  std::istringstream lines{default_text()};
  int defaults = 0;
  for (std::string line; std::getline(lines, line);) {
    const bool is_default = line.size() > 1 && line[0] == '#' && line[1] != ' ';
    defaults += is_default ? 1 : 0;
    uncommented += (is_default ? line.substr(1) : line) + "\n";
  }
  CHECK(defaults > 60);
  CHECK(valid(uncommented) == *outcome.config);
}

TEST_CASE("the commented sample names every key once") {
  const std::string text = default_text();
  for (const Section& section : registry()) {
    CHECK(text.find("\n" + section.header() + "\n") != std::string::npos);
    for (const Key& key : section.keys)
      CHECK(text.find(std::string{key.name}) != std::string::npos);
  }
}

TEST_CASE("the sample of make run parses without a warning and plays the past") {
  const LoadOutcome outcome = parse_text(sample_text());
  INFO(all_of(outcome.errors) << all_of(outcome.warnings));
  REQUIRE(outcome.config);
  CHECK(outcome.warnings.empty());
  CHECK(outcome.config->clock.source == ClockSource::exchange);
  CHECK(outcome.config->sources[0].release == Release::clock);
  CHECK(outcome.config->strategies[0].enable_trading);
  CHECK(outcome.config->api.listen == "127.0.0.1:8420");
  CHECK(outcome.config->journal.kind == JournalKind::sqlite);
  CHECK(outcome.config->journal.path.starts_with("var/"));
}

TEST_CASE("the effective configuration parses to itself") {
  const ParseOptions options = with_environment({{"TOKEN", "0123456789abcdef"}});
  const std::vector<std::string> texts = {
    "",
    base_text,
    default_text(),
    sample_text(),
    "[schedule]\nexit_scan = ''\n",
    "[journal]\nkind = 'memory'\n[notify]\nevents = []\n",
    base_text + "[api]\ntoken = '${TOKEN}'\n",
    base_text +
      "[[account]]\nid = 'b'\nstarting_equity = '1000.05'\n[account.risk]\norder_quantity_max = '0.5'\n"
      "gross_exposure_max = 10\n[[strategy]]\nid = 't'\nmin_conviction = 0.123456789\n",
    "[daemon]\ndata_dir = \"with \\\"quotes\\\" and \\\\ é\"\n",
  };
  for (const std::string& text : texts) {
    const Config config = valid(text, options);
    const std::string shown = show(config);
    INFO(shown);
    CHECK(valid(shown, options) == config);
    CHECK(show(valid(shown, options)) == shown);
    CHECK(shown.find("0123456789abcdef") == std::string::npos);
  }
}

TEST_CASE("the reference in docs/ is that of the registry") {
  CHECK(slurp(std::string{HEED_SOURCE_DIR} + "/docs/configuration.md") == reference_markdown());
}

TEST_CASE("the reference names every key with its range") {
  const std::string text = reference_markdown();
  for (const Section& section : registry()) {
    const std::size_t begin = text.find("\n## `" + section.header() + "`");
    REQUIRE(begin != std::string::npos);
    for (const Key& key : section.keys)
      CHECK(text.find("| `" + std::string{key.name} + "` |", begin) != std::string::npos);
  }
  CHECK(text.find("| `cooldown_seconds` | whole number | `0` | 0..2592000 seconds | yes |") != std::string::npos);
}

TEST_CASE("what differs, and what SIGHUP can do about it") {
  const ParseOptions options =
    with_environment({{"A", "https://hooks.example.org/a-secret"}, {"TOKEN", "0123456789abcdef"}});
  struct Row {
    std::string text;
    std::vector<Change> changes;
  };
  const std::vector<Row> rows = {
    {"", {}},
    {"[daemon]\nlog_level = 'debug'", {{"daemon.log_level", "\"info\"", "\"debug\"", true}}},
    {"[daemon]\ndrain_seconds = 21", {{"daemon.drain_seconds", "20", "21", false}}},
    {"[api]\nlisten = '127.0.0.1:1'", {{"api.listen", "\"127.0.0.1:8420\"", "\"127.0.0.1:1\"", false}}},
    {"[api]\ntoken = '${TOKEN}'", {{"api.token", "", "\"${TOKEN}\"", false}}},
    {"[api]\ntoken = 'fedcba9876543210'", {{"api.token", "", "\"********\"", false}}},
    {"[notify]\nslack_url = '${A}'", {{"notify.slack_url", "", "\"${A}\"", false}}},
    {"[aggregator]\ncap = 0.25", {{"aggregator.cap", "0.2", "0.25", false}}},
    {"[journal]\nkind = 'memory'",
     {{"journal.kind", "\"sqlite\"", "\"memory\"", false}, {"journal.path", "\"var/heed.db\"", "", false}}},
    {"[[account]]\nid = 'b'", {{"account.b", "", "[[account]]", false}}},
    {"[[source]]\nid = 's'", {{"source.s", "", "[[source]]", false}}},
  };
  const Config before = valid(base_text, options);
  for (const Row& row : rows) {
    INFO(row.text);
    const Config after = valid(base_text + row.text, options);
    CHECK(diff(before, after) == row.changes);
    const std::vector<Change> back = diff(after, before);
    REQUIRE(back.size() == row.changes.size());
    for (std::size_t i = 0; i < back.size(); ++i) {
      CHECK(back[i].old_value == row.changes[i].new_value);
      CHECK(back[i].new_value == row.changes[i].old_value);
    }
  }
}

TEST_CASE("changes of limits and of strategies name their account and strategy") {
  std::string text = base_text;
  text.replace(text.find("id = \"paper\""), 12, "id = \"paper\"\nrisk = { cooldown_seconds = 5 }");
  text.replace(text.find("id = \"mentions\""), 15, "id = \"mentions\"\nenable_trading = true");
  const std::vector<Change> expected = {{"account.paper.risk.cooldown_seconds", "0", "5", true},
                                        {"strategy.mentions.enable_trading", "false", "true", true}};
  CHECK(diff(valid(base_text), valid(text)) == expected);
}

TEST_CASE("a secret that changed is a change, whatever it shows") {
  const std::string text = base_text + "[api]\ntoken = '${TOKEN}'\n";
  const Config before = valid(text, with_environment({{"TOKEN", "0123456789abcdef"}}));
  const Config after = valid(text, with_environment({{"TOKEN", "fedcba9876543210"}}));
  const std::vector<Change> changes = diff(before, after);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].key == "api.token");
  CHECK(changes[0].new_value.find("fedcba") == std::string::npos);
}

TEST_CASE("lists are matched by id, not by place") {
  const std::string a = "[[source]]\nid = 'a'\n";
  const std::string b = "[[source]]\nid = 'b'\n";
  CHECK(diff(valid(a + b), valid(b + a)).empty());
}

}  // namespace
}  // namespace heed::config
