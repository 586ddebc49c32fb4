#include "actors/aggregator_actor.hpp"

#include "support/calls.hpp"
#include "support/journals.hpp"
#include "support/stubs.hpp"

using namespace heed;
using namespace heed::test;
using std::chrono::hours;
using std::chrono::minutes;

namespace {

using Texts = std::vector<std::string>;

struct Fixture {
  TestSystem system;
  TestJournal journal;
  std::map<std::string, std::shared_ptr<PortfolioLog>> accounts;
  std::shared_ptr<Directory> directory = std::make_shared<Directory>();
  std::vector<Mention> recent;
  AggregatorActor aggregator;
  std::int64_t next_id = 1;

  ~Fixture() { system.finish(); }
  Fixture() {
    journal.start(system);
    system.at_end([d = directory] { d->clear(); });
    for (const auto* name : {"paper", "second"}) {
      accounts[name] = std::make_shared<PortfolioLog>();
      Desk desk;
      desk.portfolio = stub_portfolio(system, accounts[name]);
      directory->set(AccountId{name}, desk);
    }
  }
  void start() {
    auto args = std::make_shared<AggregatorArgs>();
    args->recent = recent;
    args->followers = std::make_shared<const Followers>(
      Followers{{"calls", {{"paper", "tube"}, {"second", "slow"}}}, {"other", {{"paper", "tube"}}}});
    args->clock = system.clock;
    args->telemetry = journal.telemetry;
    args->journal = journal.actor;
    args->directory = directory;
    aggregator = system.spawn(aggregator_actor, std::shared_ptr<const AggregatorArgs>{args});
  }
  void see(std::vector<Mention> mentions, bool recovered = false, std::vector<AccountId> only = {}) {
    for (auto& mention : mentions)
      if (mention.id == 0)
        mention.id = next_id++;
    system.send(aggregator, MentionsSeen{std::move(mentions), recovered, std::move(only), friday_10});
    system.run();
  }
  Texts calls(const std::string& account) {
    Texts out;
    for (const auto& call : accounts[account]->mentions)
      out.push_back(call.mention.external_id + " " + call.strategy.str() + " " +
                    (call.effective_conviction ? call.effective_conviction->str() : "-"));
    return out;
  }
};

}  // namespace

TEST_CASE("aggregator: each mention reaches every follower with its weight", "[actors][aggregator]") {
  Fixture f;
  f.start();
  f.see({buy("a", "NVDA")});
  f.see({buy("b", "NVDA")});
  f.see({sell("c", "NVDA")});
  f.see({buy("d", "AMD")});
  CHECK(f.calls("paper") == Texts{"a tube 0.8", "b tube 0.85", "c tube 0.8", "d tube 0.8"});
  CHECK(f.calls("second") == Texts{"a slow 0.8", "b slow 0.85", "c slow 0.8", "d slow 0.8"});
  CHECK(f.accounts["paper"]->mentions[0].account == AccountId{"paper"});
  CHECK(f.accounts["paper"]->mentions[0].arrived_at == friday_10);
}

TEST_CASE("aggregator: a mention that could not be stored does not raise later ones", "[actors][aggregator]") {
  Fixture f;
  f.start();
  f.see({buy("a", "NVDA")});
  f.see({buy("b", "NVDA")});
  f.system.send(f.aggregator, MentionsLost{{2}});
  f.system.run();
  f.see({buy("c", "NVDA")});
  CHECK(f.calls("paper").back() == "c tube 0.85");
}

TEST_CASE("aggregator: only followers of the source are called", "[actors][aggregator]") {
  Fixture f;
  f.start();
  auto mention = buy("a", "NVDA");
  mention.source = "other";
  f.see({mention});
  mention.source = "nobody";
  f.see({mention});
  CHECK(f.calls("paper") == Texts{"a tube 0.8"});
  CHECK(f.calls("second").empty());
}

TEST_CASE("aggregator: of one poll the latest mention of a symbol decides, the others are superseded but count",
          "[actors][aggregator]") {
  Fixture f;
  f.start();
  f.see({buy("a", "NVDA", friday_10 - minutes{3}), buy("x", "AMD", friday_10 - minutes{2}),
         sell("b", "NVDA", friday_10 - minutes{1}), buy("c", "NVDA", friday_10)});
  f.system.run();
  CHECK(f.calls("paper") == Texts{"x tube 0.8", "c tube 0.85"});
  CHECK(f.calls("second") == Texts{"x slow 0.8", "c slow 0.85"});
  const auto decisions = f.journal.commits;
  std::vector<std::string> told;
  for (const auto& commit : decisions)
    for (const auto& batch : commit)
      for (const auto& row : batch.rows)
        if (const auto* decision = std::get_if<Decision>(&row))
          told.push_back(decision->account.str() + " " + decision->disposition.str() + " " + decision->reason);
  CHECK(told == Texts{"paper superseded mention 4 of the same symbol came later in the same poll",
                      "second superseded mention 4 of the same symbol came later in the same poll",
                      "paper superseded mention 4 of the same symbol came later in the same poll",
                      "second superseded mention 4 of the same symbol came later in the same poll"});
}

TEST_CASE("aggregator: windows are rebuilt from the store, and the past counts", "[actors][aggregator]") {
  Fixture f;
  for (int i = 0; i < 3; ++i) {
    f.recent.push_back(buy("old" + std::to_string(i), "NVDA", friday_10 - hours{i}));
    f.recent.back().id = i + 1;
  }
  f.recent.push_back(buy("too old", "NVDA", friday_10 - hours{49}));
  f.next_id = 10;
  f.start();
  f.see({buy("a", "NVDA")});
  CHECK(f.calls("paper") == Texts{"a tube 0.95"});
}

TEST_CASE("aggregator: what is decided again after a restart goes to those who owe a decision",
          "[actors][aggregator]") {
  Fixture f;
  auto first = buy("a", "NVDA", friday_10 - minutes{5});
  auto second = buy("b", "NVDA");
  first.id = 1;
  second.id = 2;
  f.recent = {first, second};
  f.start();
  SECTION("one account, and its weight is what it was") {
    f.see({first}, true, {"second"});
    CHECK(f.calls("paper").empty());
    CHECK(f.calls("second") == Texts{"a slow 0.8"});
    f.see({second}, true, {"second"});
    CHECK(f.calls("second").back() == "b slow 0.85");
  }
  SECTION("nothing is superseded again") {
    f.see({first, second}, true, {"paper"});
    CHECK(f.calls("paper") == Texts{"a tube 0.8", "b tube 0.85"});
    CHECK(f.journal.control->appends == 0);
  }
}

TEST_CASE("aggregator: what it has superseded it does not pass on to one who asks before that is stored",
          "[actors][aggregator]") {
  Fixture f;
  f.start();
  auto first = buy("a", "NVDA", friday_10 - minutes{1});
  first.id = f.next_id++;
  f.see({first, buy("b", "NVDA")});
  f.see({first}, true, {"paper"});
  CHECK(f.calls("paper") == Texts{"b tube 0.85"});
  f.see({first});  // it was not stored, and its sender sends it again
  f.see({first}, true, {"paper"});
  CHECK(f.calls("paper") == Texts{"b tube 0.85", "a tube 0.8", "a tube 0.8"});
}

TEST_CASE("aggregator: an account whose desk is down is not called, the others are", "[actors][aggregator]") {
  Fixture f;
  f.directory->clear();
  Desk desk;
  desk.portfolio = stub_portfolio(f.system, f.accounts["second"]);
  f.directory->set(AccountId{"second"}, desk);
  f.start();
  f.see({buy("a", "NVDA")});
  CHECK(f.calls("paper").empty());
  CHECK(f.calls("second") == Texts{"a slow 0.8"});
}

TEST_CASE("aggregator: a mention without conviction is passed on as such", "[actors][aggregator]") {
  Fixture f;
  f.start();
  auto mention = buy("a", "NVDA");
  mention.conviction.reset();
  f.see({mention});
  CHECK(f.calls("paper") == Texts{"a tube -"});
}

TEST_CASE("aggregator: a superseded decision that cannot be stored is tried again, and the process lives",
          "[actors][aggregator]") {
  Fixture f;
  f.start();
  const auto ended = f.system.watch(f.aggregator);
  f.journal.control->fail_next();
  f.see({buy("a", "NVDA", friday_10 - minutes{3}), buy("b", "NVDA")});
  CHECK_FALSE(ended->has_value());
  CHECK(f.calls("paper") == Texts{"b tube 0.85"});
  f.system.advance(std::chrono::seconds{2});
  CHECK(f.journal.telemetry->dispositions() == std::map<std::string, std::int64_t>{{"superseded", 2}});
}
