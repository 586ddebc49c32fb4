#include "core/naming.hpp"

#include "tests/core/support.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace heed;
using namespace heed::core;
using namespace heed::test;

TEST_CASE("SHA-256 of the standard's examples", "[naming]") {
  struct Row {
    std::string text;
    const char* digest;
  };
  const Row rows[]{
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopq"
     "rstu",
     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    {std::string(1'000'000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
  };
  for (const auto& row : rows)
    CHECK(sha256_hex(row.text) == row.digest);
}

TEST_CASE("SHA-256 does not mind how it is fed", "[naming][property]") {
  Chance chance{5};
  std::string text;
  for (int size = 0; size < 200; ++size) {
    Sha256 pieces;
    std::string_view rest{text};
    while (!rest.empty()) {
      const auto n = std::min(rest.size(), static_cast<std::size_t>(chance.between(1, 70)));
      pieces.update(rest.substr(0, n));
      rest.remove_prefix(n);
    }
    CHECK(hex(pieces.finish()) == sha256_hex(text));
    text += static_cast<char>('a' + chance.below(26));
  }
}

TEST_CASE("base32 of RFC 4648's examples, in lower case and unpadded", "[naming]") {
  CHECK(base32("") == "");
  CHECK(base32("f") == "my");
  CHECK(base32("fo") == "mzxq");
  CHECK(base32("foo") == "mzxw6");
  CHECK(base32("foob") == "mzxw6yq");
  CHECK(base32("fooba") == "mzxw6ytb");
  CHECK(base32("foobar") == "mzxw6ytboi");
}

TEST_CASE("names of signals and intents", "[naming]") {
  const auto signal = signal_id("main", "video-17");
  // Names are permanent: they are in journals and at brokers. A change here would break every restart.
  CHECK(signal.view() == "s-2im5x4j5xbmodzdb644bmfl6e7");
  CHECK(intent_id(signal, "paper", 0).view() == "i-fp7nhi6tvalfy7zcnddp3deeo3");
  CHECK(signal == signal_id("main", "video-17"));
  CHECK(signal != signal_id("other", "video-17"));
  CHECK(signal_id("ab", "c") != signal_id("a", "bc"));
  CHECK(intent_id(signal, "paper", 0) != intent_id(signal, "paper", 1));
  CHECK(intent_id(signal, "paper", 0) != intent_id(signal, "live", 0));
  CHECK(signal.size() == 28);
}

TEST_CASE("a mention without an id of its own gets one of its content", "[naming]") {
  const auto published = at("2026-11-20T14:30:00Z");
  const auto key = mention_natural_key("main", "NVDA", MentionAction::buy, published, "I like it");
  CHECK(key.size() == 64);
  CHECK(key == mention_natural_key("main", "NVDA", MentionAction::buy, published, "I like it"));
  CHECK(key != mention_natural_key("main", "NVDA", MentionAction::sell, published, "I like it"));
  CHECK(key != mention_natural_key("main", "NVD", MentionAction::buy, published, "I like it"));
  CHECK(key != mention_natural_key("main", "NVDA", MentionAction::buy, published, "I like it "));
  CHECK(key != mention_natural_key("main", "NVDA", MentionAction::buy, published + Duration{1}, "I like it"));
  CHECK(key != mention_natural_key("mai", "NVDA", MentionAction::buy, published, "I like it"));
}

TEST_CASE("names of orders", "[naming]") {
  const IntentId intent = intent_id(signal_id("main", "video-17"), "paper", 0);
  const auto entry = client_order_id("paper", intent, Leg::entry, 0, "mentions");
  CHECK(entry.view() == "heed1.mentions.en.zlsktwf27orqp5xx");
  CHECK(entry.size() <= 48);
  CHECK(leg_name(entry, Leg::take_profit) == client_order_id("paper", intent, Leg::take_profit, 0, "mentions"));
  CHECK(leg_name(entry, Leg::stop_loss) == client_order_id("paper", intent, Leg::stop_loss, 0, "mentions"));
  CHECK(leg_name(leg_name(entry, Leg::close), Leg::entry) == entry);

  const auto parts = parse_client_order_id(entry);
  REQUIRE(parts);
  CHECK(parts->strategy == StrategyId{"mentions"});
  CHECK(parts->leg == Leg::entry);
  for (const auto leg : {Leg::entry, Leg::take_profit, Leg::stop_loss, Leg::close}) {
    const auto other = parse_client_order_id(leg_name(entry, leg));
    REQUIRE(other);
    CHECK(other->leg == leg);
    CHECK(other->hash == parts->hash);
  }
  CHECK(client_order_id("paper", intent, Leg::entry, 1, "mentions") != entry);
  CHECK(client_order_id("live", intent, Leg::entry, 0, "mentions") != entry);
  const auto longest =
    client_order_id(std::string(31, 'a'), intent, Leg::stop_loss, 4'000'000'000, std::string(20, 's'));
  CHECK(longest.size() == 46);
  CHECK(parse_client_order_id(longest));
}

TEST_CASE("what is not a name of ours is not taken for one", "[naming]") {
  for (const auto* text :
       {"", "heed1.", "heed1.m.en.", "heed1..en.abcdefghijklmnop", "heed1.m.xx.abcdefghijklmnop",
        "heed1.m.en.abcdefghijklmno", "heed1.m.en.abcdefghijklmnopq", "heed1.m.en.ABCDEFGHIJKLMNOP",
        "heed1.m.en.abcdefghijklmno1", "heed2.m.en.abcdefghijklmnop", "heed1.a.b.en.abcdefghijklmnop",
        "heed1.m m.en.abcdefghijklmnop", "xheed1.m.en.abcdefghijklmnop", "heed1.m-en.abcdefghijklmnop",
        "heed1.m.en-abcdefghijklmnop", "heed1.abcdefghijklmnopqrstu.en.abcdefghijklmnop",
        "61e69015-8549-4bfd-b9c3-01e75843f47d"}) {
    INFO(text);
    CHECK_FALSE(parse_client_order_id(text));
  }
  CHECK(parse_client_order_id("heed1.m.en.abcdefghijklmnop"));
  CHECK_THROWS_AS(leg_name("manual-order", Leg::close), std::invalid_argument);
  CHECK_THROWS_AS(client_order_id("a", "i-1", Leg::entry, 0, "two words"), std::invalid_argument);
  CHECK_THROWS_AS(client_order_id("a", "i-1", Leg::entry, 0, ""), std::invalid_argument);
}

TEST_CASE("names do not collide", "[naming][property]") {
  std::set<std::string> names;
  for (int signal = 0; signal < 200; ++signal) {
    const auto id = signal_id("main", std::to_string(signal));
    for (const auto* account : {"paper", "live", "b"}) {
      for (std::uint32_t ordinal = 0; ordinal < 3; ++ordinal) {
        const auto intent = intent_id(id, account, ordinal);
        for (std::uint32_t revision = 0; revision < 3; ++revision)
          names.insert(client_order_id(account, intent, Leg::entry, revision, "m").str());
      }
    }
  }
  CHECK(names.size() == 200U * 3 * 3 * 3);
}
