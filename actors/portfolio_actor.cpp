#include "actors/portfolio_actor.hpp"

#include "actors/position_actor.hpp"
#include "actors/position_journal.hpp"
#include "core/naming.hpp"
#include "messages/mutant.hpp"
#include "persistence/json_sparse.hpp"

#include <algorithm>
#include <utility>

namespace heed {
namespace {

constexpr std::int32_t failures_max = 5;  // then the symbol is quarantined on its next start
constexpr std::chrono::milliseconds restart_delay{500};
constexpr std::chrono::milliseconds read_again_after{2'000};

core::PositionState fresh(const PortfolioState& st, const Symbol& symbol) {
  core::PositionState state;
  state.account = st.env->account;
  state.symbol = symbol;
  return state;
}

/// The stored state, or an empty one that is quarantined because the stored one cannot be read.
std::pair<core::PositionState, bool> parse(const PortfolioState& st, const PositionRow& row) {
  auto state = stored_state(row);
  if (state && mutant("restart_forgets_legs"))
    std::erase_if(state.value().orders, [](const auto& order) { return order.row.leg == Leg::stop_loss; });
  if (state) {
    catch_up(state.value(), *st.args->reader);
    return {std::move(state).value(), true};
  }
  spdlog::critical("{}/{}: stored state unreadable: {}", row.account.view(), row.symbol.view(), state.error().detail);
  auto empty = fresh(st, row.symbol);
  empty.quarantine = "stored state unreadable: " + state.error().detail;
  empty.quarantine_stays = true;
  return {std::move(empty), true};
}

PositionActor spawn(PortfolioSelf self, const Symbol& symbol, core::PositionState state, bool recovered) {
  auto& st = self->state;
  auto actor = self->spawn(position_actor, st.env, std::move(state), recovered);
  self->monitor(actor);
  st.by_address[caf::actor_cast<caf::actor_addr>(actor)] = symbol;
  return actor;
}

Held& held(PortfolioSelf self, const Symbol& symbol) {
  auto& st = self->state;
  const auto found = st.positions.find(symbol);
  if (found != st.positions.end())
    return found->second;
  auto& entry = st.positions[symbol];
  entry.actor = spawn(self, symbol, fresh(st, symbol), false);
  return entry;
}

template <class Message>
void to_all(PortfolioSelf self, const Message& message) {
  for (const auto& [symbol, entry] : self->state.positions)
    if (!entry.down)
      self->send(entry.actor, message);
}

void deliver(PortfolioSelf self, PositionNews& news) {
  auto& entry = held(self, news.symbol);
  if (entry.down)
    entry.missed.push_back(std::move(news));
  else
    self->send(entry.actor, std::move(news));
}

// ---- failure ------------------------------------------------------------------------------------------------------

/// Once all that was handed to the journal before this is on disk, or was refused.
template <class Then>
void after_journal(PortfolioSelf self, Then then) {
  self->request(self->state.env->journal, caf::infinite, Append{})
    .then([then](const Appended&) { then(); }, [then](const caf::error&) { then(); });
}

/// What all were told while this one was down. Telling it twice changes nothing.
void catch_up(PortfolioSelf self, const Symbol& symbol) {
  auto& st = self->state;
  const auto now = st.env->clock->now();
  const auto session = st.env->calendar->session_at_or_after(now);
  if (st.last_scan && st.last_scan->session == session.date && now >= session.open)
    self->send(st.positions.at(symbol).actor, *st.last_scan);
  self->request(st.env->governor, caf::infinite, AccountQuery{}).then([self, symbol](const AccountSnapshot& account) {
    const auto& entry = self->state.positions.at(symbol);
    if (account.kill >= KillLevel::cancel_open_orders && !entry.down)
      self->send(entry.actor, KillOrder{account.kill, "kill switch"});
  });
}

void start_again(PortfolioSelf self, const Symbol& symbol) {
  auto& st = self->state;
  auto& entry = st.positions[symbol];
  ListFilter filter;
  filter.account = st.env->account.str();
  filter.symbol = symbol.str();
  filter.status = "all";
  const auto rows = st.args->reader->positions(filter);
  const auto undecided = st.args->reader->undecided();
  if (!rows || !undecided) {
    spdlog::error("{}/{}: cannot read its state, trying again: {}", st.env->account.view(), symbol.view(),
                  rows ? undecided.error().detail : rows.error().detail);
    self->delayed_send(self, read_again_after, RestartPosition{symbol});
    return;
  }
  auto [state, recovered] =
    rows.value().rows.empty() ? std::pair{fresh(st, symbol), false} : parse(st, rows.value().rows.front());
  if (entry.failures >= failures_max) {
    if (state.quarantine.empty()) {
      state.quarantine = "its actor failed " + std::to_string(entry.failures) + " times";
      ++st.env->telemetry->alerts;
      spdlog::critical("{}/{}: QUARANTINED {}", st.env->account.view(), symbol.view(), state.quarantine);
    }
    state.quarantine_stays = true;
    recovered = true;  // its first step stores it and counts it, also where nothing was stored before
  }
  ++st.env->telemetry->actor_restarts;
  RiskFact restarted;
  restarted.kind = RiskFactKind::restarted;
  restarted.account = st.env->account;
  restarted.symbol = symbol;
  restarted.at = st.env->clock->now();
  self->send(st.env->governor, restarted);
  entry.actor = spawn(self, symbol, std::move(state), recovered);
  entry.down = false;
  for (auto& news : std::exchange(entry.missed, {}))
    self->send(entry.actor, std::move(news));
  catch_up(self, symbol);
  for (auto& owed : owed_decisions(undecided.value(), st.env->account, symbol))
    self->send(self, std::move(owed));
}

void fell(PortfolioSelf self, const caf::down_msg& down) {
  auto& st = self->state;
  const auto found = st.by_address.find(down.source);
  if (found == st.by_address.end())
    return;
  const auto symbol = found->second;
  st.by_address.erase(found);
  if (down.reason == caf::exit_reason::user_shutdown)
    return;
  auto& entry = st.positions[symbol];
  entry.down = true;
  const auto at = self->clock().now();
  if (at - std::exchange(entry.last_failure, at) > st.args->forgiven_after)
    entry.failures = entry.store_failures = 0;
  const bool store = is_store_failure(down.reason);
  const auto times = ++(store ? entry.store_failures : entry.failures);
  // Nothing watches the exits meanwhile, and to ask the store costs little.
  const auto delay = restart_delay * (1 << std::min(times - 1, store ? 4 : 6));
  spdlog::error("{}/{}: its actor {} ({} times): {}; started again in {} ms", st.env->account.view(), symbol.view(),
                store ? "could not store" : "failed", times, describe(down.reason), delay.count());
  self->delayed_send(self, delay, RestartPosition{symbol});
}

// ---- calls --------------------------------------------------------------------------------------------------------

const Symbol& symbol_of(const MentionCall& call) { return call.mention.symbol; }
const Symbol& symbol_of(const IntentCall& call) { return call.intent.symbol; }

template <class Call>
void forward(PortfolioSelf self, Call call) {
  auto& st = self->state;
  auto& entry = held(self, symbol_of(call));
  if (!st.ready || entry.down)
    st.early.emplace_back(std::move(call));
  else
    self->send(entry.actor, std::move(call));
}

void release_early(PortfolioSelf self) {
  for (auto& call : std::exchange(self->state.early, {}))
    std::visit([self](auto& c) { forward(self, std::move(c)); }, call);
}

/// An owed decision is asked for again from what is stored of its signal.
void ask_owed(PortfolioSelf self, const OwedDecision& owed) {
  auto& st = self->state;
  ListFilter filter;
  filter.signal = owed.signal.str();
  if (owed.origin == Origin::mention) {
    const auto mentions = st.args->reader->mentions(filter);
    if (!mentions)
      self->delayed_send(self, read_again_after, owed);
    else if (!mentions.value().rows.empty())
      self->send(st.args->aggregator, MentionsSeen{mentions.value().rows, true, {st.env->account}, owed.received_at});
    return;
  }
  filter.account = st.env->account.str();
  const auto intents = st.args->reader->intents(filter);
  if (!intents) {
    self->delayed_send(self, read_again_after, owed);
    return;
  }
  for (const auto& intent : intents.value().rows)
    forward(self, IntentCall{intent, true, nullptr});
}

void look_for_owed(PortfolioSelf self, const LookForOwed& look) {
  auto& st = self->state;
  const auto undecided = st.args->reader->undecided();
  if (!undecided) {
    self->delayed_send(self, read_again_after, look);
    return;
  }
  for (const auto& owed : owed_decisions(undecided.value(), st.env->account))
    if (!look.asked.contains(owed.signal))
      ask_owed(self, owed);
}

void answer_submission(PortfolioSelf self, const SignalId& signal, const Result<IntentReceipt>& result) {
  auto& st = self->state;
  const auto found = st.submitting.find(signal);
  if (found == st.submitting.end())
    return;
  const auto submission = std::move(found->second);
  st.submitting.erase(found);
  for (std::size_t i = 0; i < submission.waiting.size(); ++i)
    if (const auto& done = submission.waiting[i])
      done(result ? Result<IntentReceipt>{IntentReceipt{signal, i > 0}} : result);
}

/// The same key again: the first answer for the same body, else a refusal. True when that was it.
bool is_repeat(PortfolioSelf self, const SignalId& signal, SubmitIntent& submit) {
  auto& st = self->state;
  const auto refuse = [&] {
    if (submit.done)
      submit.done(Error{ErrorKind::rejected, "409", "Idempotency-Key was used with another body"});
  };
  if (const auto found = st.submitting.find(signal); found != st.submitting.end()) {
    if (found->second.body == submit.body)
      found->second.waiting.push_back(std::move(submit.done));
    else
      refuse();
    return true;
  }
  const auto known = st.args->reader->signal(signal);
  if (!known) {
    if (submit.done)
      submit.done(known.error());
    return true;
  }
  if (!known.value() || mutant("intent_again"))
    return false;
  const bool same = known.value()->signal.body == submit.body;
  if (!same)
    refuse();
  else if (submit.done)
    submit.done(IntentReceipt{signal, true});
  if (submit.decided && same && !known.value()->decisions.empty())
    submit.decided(known.value()->decisions.front());
  return true;
}

/// A person's or a program's intent becomes a signal of its own: durable first, then carried out.
void submit_intent(PortfolioSelf self, SubmitIntent& submit) {
  auto& st = self->state;
  auto intent = std::move(submit.intent);
  intent.account = st.env->account;
  intent.signal = core::signal_id(intent.source, st.env->account.str() + ":" + intent.idempotency_key);
  intent.intent_id = core::intent_id(intent.signal, intent.account, 0);
  intent.correlation_id = intent.signal.str();
  if (is_repeat(self, intent.signal, submit))
    return;
  st.submitting[intent.signal] = {submit.body, {std::move(submit.done)}};
  const auto now = st.env->clock->now();
  Append append;
  append.more_follows = true;
  append.batch.rows.emplace_back(SignalRow{intent.signal, intent.source, intent.origin, intent.symbol,
                                           std::string{to_string(intent.action)}, intent.idempotency_key, submit.body,
                                           1, now});
  append.batch.rows.emplace_back(intent);
  append.batch.rows.emplace_back(Decision{intent.signal, intent.account, {}, {}, now});
  JournalEvent event;
  event.at = now;
  event.type = "signal_received";
  event.account = intent.account;
  event.symbol = intent.symbol;
  event.signal = intent.signal;
  event.payload = to_sparse_json(intent);
  append.batch.events.push_back(std::move(event));
  self->request(st.env->journal, caf::infinite, std::move(append))
    .then(
      [self, signal = intent.signal](const Appended&) {
        answer_submission(self, signal, IntentReceipt{signal, false});
      },
      [self, signal = intent.signal](const caf::error& error) {
        answer_submission(self, signal, not_stored(error));
      });
  forward(self, IntentCall{intent, false, std::move(submit.decided)});
}

// ---- books --------------------------------------------------------------------------------------------------------

caf::result<Books> books(PortfolioSelf self) {
  struct Gathering {
    caf::typed_response_promise<Books> promise;
    Books books;
    std::size_t missing = 0;
    void one_less() {
      if (--missing > 0)
        return;
      std::sort(books.entries.begin(), books.entries.end(),
                [](const auto& a, const auto& b) { return a.symbol < b.symbol; });
      promise.deliver(std::move(books));
    }
  };
  auto work = std::make_shared<Gathering>();
  work->promise = self->make_response_promise<Books>();
  work->missing = 1;  // held until all questions are out
  for (const auto& [symbol, entry] : self->state.positions) {
    if (entry.down) {
      work->books.entries.push_back({symbol, {}, {}, true, false});
      continue;
    }
    ++work->missing;
    self->request(entry.actor, caf::infinite, BooksQuery{})
      .then(
        [work](const BookEntry& book) {
          work->books.entries.push_back(book);
          work->one_less();
        },
        [work, s = symbol](const caf::error&) {
          work->books.entries.push_back({s, {}, {}, true, false});
          work->one_less();
        });
  }
  auto result = work->promise;
  work->one_less();
  return result;
}

std::string inspect_portfolio(const PortfolioState& st) {
  std::vector<std::string> down;
  for (const auto& [symbol, entry] : st.positions)
    if (entry.down)
      down.push_back(symbol.str());
  return JsonObject{}
    .field("account", st.env->account)
    .field("ready", st.ready)
    .field("positions", static_cast<std::int64_t>(st.positions.size()))
    .field("waiting_for_start", static_cast<std::int64_t>(st.early.size()))
    .field("down", down)
    .str();
}

/// The governor's latch remembers what is to be done; doing it again changes nothing.
void carry_out_kill(PortfolioSelf self, KillLevel at_least) {
  self->request(self->state.env->governor, caf::infinite, AccountQuery{})
    .then([self, at_least](const AccountSnapshot& account) {
      if (account.kill >= at_least)
        to_all(self, KillOrder{account.kill, "kill switch"});
    });
}

/// A flatten that came while the market was closed is carried out at the open.
void session_changed(PortfolioSelf self, const SessionChanged& session) {
  to_all(self, session);
  if (session.open)
    carry_out_kill(self, KillLevel::flatten);
}

void reconfigure(PortfolioSelf self, const Reconfigure& change) {
  auto env = std::make_shared<PositionEnv>(*self->state.env);
  env->strategies = change.strategies;
  self->state.env = env;
  to_all(self, NewEnv{env});
}

void ready(PortfolioSelf self) {
  auto& st = self->state;
  st.ready = true;
  to_all(self, AccountReady{});
  // The process may have ended when the latch was durable and nothing else had happened.
  carry_out_kill(self, KillLevel::cancel_open_orders);
  release_early(self);
}

}  // namespace

std::vector<OwedDecision> owed_decisions(const std::vector<SignalView>& undecided, const AccountId& account,
                                         const Symbol& only) {
  std::vector<OwedDecision> out;
  for (const auto& view : undecided) {
    const auto own = std::ranges::find(view.decisions, account, &Decision::account);
    if (own == view.decisions.end() || (!only.empty() && view.signal.symbol != only))
      continue;
    const auto kind = own->disposition.kind;
    if (kind == DispositionKind::received || kind == DispositionKind::deferred)
      out.push_back({view.signal.signal, view.signal.received_at, view.signal.origin});
  }
  return out;
}

PortfolioState::~PortfolioState() {
  for (const auto& [symbol, entry] : positions)
    caf::anon_send_exit(entry.actor, caf::exit_reason::user_shutdown);
}

PortfolioActor::behavior_type portfolio_actor(PortfolioSelf self, std::shared_ptr<const PortfolioArgs> args) {
  set_handlers(self);
  self->set_down_handler([self](const caf::down_msg& down) { fell(self, down); });
  auto& st = self->state;
  st.args = std::move(args);
  st.env = st.args->env;
  for (const auto& row : st.args->recovered) {
    if (mutant("restart_forgets_positions"))
      continue;
    auto [state, recovered] = parse(st, row);
    st.positions[row.symbol].actor = spawn(self, row.symbol, std::move(state), recovered);
  }
  return {
    [self](InspectSelf) { return inspect_portfolio(self->state); },
    [self](MentionCall& call) { forward(self, std::move(call)); },
    [self](const IntentCall& call) { forward(self, call); },
    [self](SubmitIntent& submit) { submit_intent(self, submit); },
    [self](const OwedDecision& owed) { ask_owed(self, owed); },
    [self](const LookForOwed& look) { after_journal(self, [self, look] { look_for_owed(self, look); }); },
    [self](const RestartPosition& restart) {
      after_journal(self, [self, symbol = restart.symbol] {
        start_again(self, symbol);
        if (self->state.ready)
          release_early(self);
      });
    },
    [self](PositionNews& news) { deliver(self, news); },
    [self](const ExitScanDue& scan) {
      self->state.last_scan = scan;
      to_all(self, scan);
    },
    [self](const SessionChanged& session) { session_changed(self, session); },
    [self](const KillOrder& order) {
      self->send(self->state.env->gateway, order);
      to_all(self, order);
    },
    [self](const Reconfigure& change) { reconfigure(self, change); },
    [self](AccountReady) { ready(self); },
    [self](BooksQuery) { return books(self); },
    [self](const PositionInspect& query) -> caf::result<std::string> {
      const auto found = self->state.positions.find(query.symbol);
      if (found == self->state.positions.end() || found->second.down)
        return std::string{"null"};
      return self->delegate(found->second.actor, InspectSelf{});
    },
  };
}

}  // namespace heed
