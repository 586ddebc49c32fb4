#include "tests/config/support.hpp"

#include "config/secret_source.hpp"

#include <sstream>
#include <utility>

namespace heed::config {
namespace {

const std::string hidden = "s3cr3t-0123456789abcdef";

TEST_CASE("a secret prints as its mask, in every way there is to print it") {
  std::ostringstream out;
  const Secret secret{hidden, "${NAME}"};
  out << secret;
  CHECK(out.str() == Secret::mask);
  CHECK(secret.reveal() == hidden);
  static_assert(!std::is_convertible_v<Secret, std::string>);
  static_assert(!std::is_convertible_v<Secret, std::string_view>);
  static_assert(!std::is_convertible_v<std::string, Secret>);
  std::ostringstream none;
  none << Secret{};
  CHECK(none.str().empty());
}

TEST_CASE("a secret compares by its text and leaves nothing behind when moved") {
  const Secret secret{hidden};
  CHECK(secret.matches(hidden));
  CHECK_FALSE(secret.matches(""));
  CHECK_FALSE(secret.matches(hidden + "x"));
  CHECK_FALSE(secret.matches("x" + hidden.substr(1)));
  CHECK(secret == Secret{hidden, "elsewhere"});
  Secret short_one{"tiny", "file:x"};
  const Secret taken{std::move(short_one)};
  CHECK(taken.reveal() == "tiny");
  CHECK(taken.origin() == "file:x");
  CHECK(short_one.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
  Secret assigned;
  assigned = taken;
  const Secret& self = assigned;
  assigned = self;
  CHECK(assigned == taken);
}

TEST_CASE("secrets from the environment") {
  const ParseOptions options =
    with_environment({{"GOOD", hidden}, {"EMPTY", ""}, {"LINES", "a\nb"}, {"LONG", std::string(5000, 'x')}});
  CHECK(resolve_secret("${GOOD}", false, options).value().reveal() == hidden);
  CHECK(resolve_secret("${GOOD}", false, options).value().origin() == "${GOOD}");
  CHECK(resolve_secret("", false, options).value().empty());
  struct Row {
    std::string written;
    std::string words;
  };
  const std::vector<Row> rows = {
    {"${MISSING}", "MISSING is not set"},  {"${EMPTY}", "EMPTY is empty"},   {"${LINES}", "must be one line"},
    {"${LONG}", "longer than 4096 bytes"}, {"${}", "must hold the name"},    {"${1A}", "must hold the name"},
    {"${A-B}", "must hold the name"},      {"x${GOOD}", "must stand alone"}, {"${GOOD}x", "must stand alone"},
    {"${GOOD", "must stand alone"},        {"********", "this is the mask"}, {"file:${MISSING}/k", "MISSING"},
    {"file:${GOOD", "without a closing"},
  };
  for (const Row& row : rows) {
    const auto secret = resolve_secret(row.written, false, options);
    INFO(row.written);
    REQUIRE_FALSE(secret.ok());
    CHECK(secret.error().detail.find(row.words) != std::string::npos);
    CHECK(secret.error().detail.find(hidden) == std::string::npos);
  }
}

TEST_CASE("secrets from files") {
  const TemporaryFolder folder;
  const ParseOptions options = with_environment({{"DIR", folder.path("")}});
  const std::string good = folder.write("good", hidden + "\n", 0600);
  CHECK(resolve_secret("file:" + good, false, options).value().reveal() == hidden);
  CHECK(resolve_secret("file:${DIR}good", false, options).value().reveal() == hidden);
  CHECK(resolve_secret("file:" + folder.write("crlf", hidden + "\r\n", 0640), false, options).value().reveal() ==
        hidden);
  struct Row {
    std::string path;
    std::string words;
  };
  const std::vector<Row> rows = {
    {folder.write("open", hidden, 0644), "chmod 600"},
    {folder.write("writable", hidden, 0602), "chmod o-w"},
    {folder.write("empty", "", 0600), "is empty"},
    {folder.write("blank", "\n", 0600), "is empty"},
    {folder.write("lines", hidden + "\n" + hidden + "\n", 0600), "must be one line"},
    {folder.write("large", std::string(5000, 'x'), 0600), "larger than"},
    {folder.path("missing"), "there is no such file"},
    {folder.path(""), "is a folder"},
    {"/dev/zero", "is no regular file"},
    {"", "there is no such file"},
  };
  for (const Row& row : rows) {
    const auto secret = resolve_secret("file:" + row.path, false, options);
    INFO(row.path);
    REQUIRE_FALSE(secret.ok());
    CHECK(secret.error().detail.find(row.words) != std::string::npos);
    CHECK(secret.error().detail.find(hidden) == std::string::npos);
  }
}

TEST_CASE("a secret stands in the file itself only where not everybody can read it") {
  const TemporaryFolder folder;
  const std::string text = base_text + "[api]\ntoken = \"" + hidden + "\"\n";
  const LoadOutcome closed = load(folder.write("closed.toml", text, 0600));
  INFO(all_of(closed.errors));
  REQUIRE(closed.config);
  CHECK(closed.config->api.token.reveal() == hidden);
  CHECK(show(*closed.config).find(hidden) == std::string::npos);
  CHECK(show(*closed.config).find("token = \"********\"") != std::string::npos);
  const LoadOutcome open = load(folder.write("open.toml", text, 0644));
  REQUIRE(open.errors.size() == 1);
  CHECK(open.errors[0].line == base_lines + 2);
  CHECK(open.errors[0].key == "api.token");
  CHECK(open.errors[0].message.find("everybody on this machine can read") != std::string::npos);
  CHECK(open.errors[0].str().find(hidden) == std::string::npos);
  // No password, no secret; and the exchange's own key is published.
  const LoadOutcome harmless = load(folder.write(
    "harmless.toml",
    base_text + "[journal]\nkind = 'postgres'\nurl = 'postgresql://heed@localhost/heed'\n[[account]]\nid = 'a'\n"
                "venue = 'alpaca'\nbase_url = 'http://127.0.0.1:8421'\nkey = 'heed'\nsecret = 'heed'\n",
    0644));
  INFO(all_of(harmless.errors));
  CHECK(harmless.config);
  const LoadOutcome password = load(folder.write(
    "password.toml", "[journal]\nkind = 'postgres'\nurl = 'postgresql://heed:" + hidden + "@db/heed'\n", 0644));
  CHECK_FALSE(password.config);
  CHECK(all_of(password.errors).find(hidden) == std::string::npos);
}

TEST_CASE("who uses a part of the file only may leave its secrets unread") {
  auto options = with_environment({});
  options.may_leave_secrets_unread = true;
  options.overrides = {{"account.a.secret", "${NO_OVERRIDE}", "--set"}};
  const auto text = base_text +
                    "[journal]\nkind = 'postgres'\nurl = '${NO_DATABASE}'\n[[account]]\nid = 'a'\n"
                    "venue = 'alpaca'\nkey = '${NO_KEY}'\nsecret = 'file:/nowhere'\n";
  const auto part = parse_text(text, options);
  INFO(all_of(part.errors));
  REQUIRE(part.config);
  std::vector<std::string> keys;
  for (const auto& problem : part.unread_secrets)
    keys.push_back(problem.key);
  CHECK(keys == std::vector<std::string>{"account.a.secret", "journal.url", "account.a.key", "account.a.secret"});
  CHECK(part.config->journal.url.empty());
  // All else must be right.
  CHECK_FALSE(parse_text(text + "mode = 'lvie'\n", options).config);
  options.may_leave_secrets_unread = false;
  CHECK(parse_text(text, options).errors.size() == 4);
}

TEST_CASE("no message repeats what may be a secret") {
  const std::vector<std::string> texts = {
    "[api]\ntokne = '" + hidden + "'\n",
    "[api]\ntoken = ['" + hidden + "']\n",
    "[api]\ntoken = 'x${" + hidden + "}'\n",
    "[[account]]\nid = 'a'\nvenue = 'alpaca'\nsecrt = '" + hidden + "'\n",
    "[notify]\nslack_url = '" + hidden + "'\n",
    "[journal]\nurl = '" + hidden + "'\n",
    "slack = '" + hidden + "'\n",
    "[[source]]\nid = 's'\nkind = 'http'\nurl = '" + hidden + "'\n",
  };
  for (const std::string& text : texts) {
    const LoadOutcome outcome = parse_text(text);
    INFO(text << all_of(outcome.errors));
    CHECK_FALSE(outcome.errors.empty());
    CHECK(all_of(outcome.errors).find(hidden) == std::string::npos);
    for (const Problem& problem : outcome.errors)
      CHECK((problem.value + problem.fix + problem.nearest + problem.message).find(hidden) == std::string::npos);
  }
}

}  // namespace
}  // namespace heed::config
