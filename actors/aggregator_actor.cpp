#include "actors/aggregator_actor.hpp"

#include "actors/position_journal.hpp"
#include "messages/mutant.hpp"

#include <algorithm>
#include <utility>

namespace heed {
namespace {

// More than can be on their way to the store at once.
constexpr std::size_t ended_max = 65'536;

void remember_ended(AggregatorState& st, const SignalId& signal) {
  if (!st.ended_here.insert(signal).second)
    return;
  st.ended_order.push_back(signal);
  if (st.ended_order.size() > ended_max) {
    st.ended_here.erase(st.ended_order.front());
    st.ended_order.pop_front();
  }
}

bool concerns(const std::vector<AccountId>& only, const AccountId& account) {
  return only.empty() || std::find(only.begin(), only.end(), account) != only.end();
}

/// Until it is stored. When the mention itself was not, the journal refuses for good.
void store(AggregatorSelf self, Batch batch) {
  Append append;
  append.batch = batch;
  self->request(self->state.args->journal, caf::infinite, std::move(append))
    .then([](const Appended&) {},
          [self, batch = std::move(batch)](const caf::error& error) {
            spdlog::error("superseded decisions could not be stored: {}", describe(error));
            if (is_store_failure(error) && !is_lost_before(error))
              self->delayed_send(self, std::chrono::seconds{1}, StoreAgain{batch});
          });
}

void supersede(AggregatorSelf self, const MentionsSeen& seen, const Mention& mention, const Mention& by) {
  auto& st = self->state;
  ++st.superseded;
  Batch batch;
  for (const auto& follower : followers_of(*st.args->followers, mention.source)) {
    if (!concerns(seen.only, follower.account))
      continue;
    Decision decision{mention.signal,
                      follower.account,
                      {DispositionKind::superseded, {}},
                      "mention " + std::to_string(by.id) + " of the same symbol came later in the same poll",
                      st.args->clock->now()};
    batch.events.push_back(decision_event(decision, mention.symbol));
    batch.rows.emplace_back(std::move(decision));
  }
  if (batch.empty())
    return;
  remember_ended(st, mention.signal);
  store(self, std::move(batch));
}

void call(AggregatorSelf self, const MentionsSeen& seen, const Mention& mention, const core::Weight& weight) {
  auto& st = self->state;
  for (const auto& follower : followers_of(*st.args->followers, mention.source)) {
    if (!concerns(seen.only, follower.account))
      continue;
    const auto portfolio = st.args->directory->portfolio(follower.account);
    if (!portfolio)
      continue;
    MentionCall out{mention, weight.effective_conviction, follower.account, follower.strategy, seen.arrived_at};
    if (mutant("watch_buys") && mention.action == MentionAction::watch)
      out.mention.action = MentionAction::buy;
    self->send(portfolio, std::move(out));
  }
}

void take(AggregatorSelf self, const MentionsSeen& seen) {
  auto& st = self->state;
  st.mentions += static_cast<std::int64_t>(seen.mentions.size());
  // Recovered mentions are in the window already (adding is harmless), and each was authoritative or not back then:
  // what was superseded has its final decision and does not come again.
  const auto weighed = st.window.add_poll(seen.mentions);
  for (std::size_t i = 0; i < seen.mentions.size(); ++i) {
    const auto& mention = seen.mentions[i];
    if (weighed[i].superseded_by && !seen.recovered) {
      supersede(self, seen, mention, seen.mentions[*weighed[i].superseded_by]);
      continue;
    }
    if (!seen.recovered)
      st.ended_here.erase(mention.signal);  // sent again, since it could not be stored when it was superseded
    if (!st.ended_here.contains(mention.signal))
      call(self, seen, mention, weighed[i].weight);
  }
}

}  // namespace

AggregatorActor::behavior_type aggregator_actor(AggregatorSelf self, std::shared_ptr<const AggregatorArgs> args) {
  set_handlers(self);
  auto& st = self->state;
  st.args = std::move(args);
  st.window = core::Aggregator{st.args->config};
  for (const auto& mention : st.args->recent)
    st.window.add(mention);
  return {
    [self](InspectSelf) {
      const auto& s = self->state;
      return JsonObject{}
        .field("mentions", s.mentions)
        .field("superseded", s.superseded)
        .field("remembered", static_cast<std::int64_t>(s.window.remembered()))
        .str();
    },
    [self](const MentionsSeen& seen) { take(self, seen); },
    [self](const MentionsLost& lost) {
      self->state.window.drop({lost.ids.begin(), lost.ids.end()});
    },
    [self](StoreAgain& again) { store(self, std::move(again.batch)); },
  };
}

}  // namespace heed
