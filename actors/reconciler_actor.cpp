#include "actors/reconciler_actor.hpp"

#include "actors/support.hpp"
#include "core/naming.hpp"
#include "messages/log_scope.hpp"
#include "messages/mutant.hpp"

#include <algorithm>
#include <set>
#include <span>
#include <string>
#include <utility>

namespace heed {
namespace {

void run(ReconcilerSelf self);

/// A pass after `delay`, unless one comes sooner.
void pass_in(ReconcilerSelf self, std::chrono::milliseconds delay) {
  auto& due_at = self->state.due_at;
  const auto due = self->clock().now() + delay;
  if (due_at && *due_at <= due)
    return;
  due_at = due;
  self->delayed_send(self, delay, ReconcileDue{});
}

void next_pass(ReconcilerSelf self, std::chrono::milliseconds delay) {
  auto& st = self->state;
  if (mutant("reconcile_storm"))
    delay = std::chrono::milliseconds{1};
  st.running = false;
  if (std::exchange(st.again, false))
    run(self);
  else
    pass_in(self, delay);
}

/// Without the stream, asking often takes its place.
std::chrono::milliseconds pause_between(const ReconcilerState& st) {
  return st.link_up ? st.args->interval : std::min(st.args->interval, st.args->poll);
}

/// The broker is reachable by either way; what is missing is said.
void show_broker(const ReconcilerState& st) {
  const auto account = st.args->account.str();
  auto& telemetry = *st.args->telemetry;
  if (st.link_told)
    telemetry.set_component("stream:" + account, st.link_up, st.link_why, false);
  if (st.link_up)
    telemetry.set_component("broker:" + account, true, st.link_why);
  else if (st.answered)
    telemetry.set_component("broker:" + account, true,
                            "asked every " + std::to_string(pause_between(st).count()) +
                              " ms, without its order stream" + (st.link_why.empty() ? "" : ": " + st.link_why));
  else
    telemetry.set_component("broker:" + account, false,
                            st.last_problem.empty() ? st.link_why : "does not answer: " + st.last_problem);
}

void failed(ReconcilerSelf self, const std::string& why) {
  auto& st = self->state;
  const auto pass_id = st.pass_id;
  const LogScope scope{pass_id};
  if (st.last_problem != why)
    spdlog::warn("reconcile {}: not complete, trying again: {}", st.args->account.view(), why);
  st.last_problem = why;
  st.answered = false;
  st.args->telemetry->set_component("reconcile:" + st.args->account.str(), false, why);
  show_broker(st);
  next_pass(self, st.args->retry);
}

ReconcilerState::OrderKey key_of(const OrderReport& report) {
  return {report.client_order_id, report.venue_order_id};
}

std::map<Symbol, core::QuantityPair> pair_up(const Books& books, const VenueSnapshot& snapshot) {
  std::map<Symbol, core::QuantityPair> pairs;
  for (const auto& entry : books.entries)
    pairs[entry.symbol] = {entry.quantity, {}, {}, entry.busy, entry.quarantined, entry.avg_px, entry.owned};
  for (const auto& position : snapshot.positions) {
    auto& pair = pairs[position.symbol];
    pair.venue = position.quantity;
    pair.venue_avg_px = position.avg_px;
  }
  return pairs;
}

/// Orders that rest for longer than a list reaches back, and whose news was lost.
void ask_unlisted(ReconcilerSelf self, const Symbol& symbol, const VenueSnapshot& snapshot) {
  const auto& args = *self->state.args;
  ListFilter filter;
  filter.account = args.account.str();
  filter.symbol = symbol.str();
  filter.status = "live";
  filter.limit = 100;
  const auto rows = args.reader->orders(filter);
  if (!rows)
    return;
  for (const auto& row : rows.value().rows)
    if (std::ranges::find(snapshot.orders, row.client_order_id, &OrderReport::client_order_id) ==
        snapshot.orders.end())
      self->send(args.gateway, QueryOrderNow{row.client_order_id, row.venue_order_id, symbol});
}

/// Orders made before a list begins, a few at each pass: the stream may have lost that one of them ended, as when the
/// venue cancels a stop, which no quantity shows.
void ask_resting(ReconcilerSelf self) {
  constexpr std::int32_t at_a_time = 5;
  auto& st = self->state;
  ListFilter filter;
  filter.account = st.args->account.str();
  filter.status = "live";
  filter.to = st.listed_since;
  filter.limit = at_a_time;
  filter.cursor = std::exchange(st.resting_cursor, {});
  filter.oldest_first = true;
  auto rows = st.args->reader->orders(filter);
  if (!rows)
    return;
  for (const auto& row : rows.value().rows)
    self->send(st.args->gateway, QueryOrderNow{row.client_order_id, row.venue_order_id, row.symbol});
  st.resting_cursor = std::move(rows.value().next_cursor);
}

/// A planted bug: whatever the broker has more, or less, some order of ours is said to have done.
void make_fills_up(ReconcilerSelf self, const core::DriftFinding& finding, const VenueSnapshot& snapshot) {
  const auto difference = finding.venue - finding.books;
  for (auto order : snapshot.orders)
    if (order.ours && order.symbol == finding.symbol && sign(order.side) == difference.sign()) {
      order.cum_qty += difference.abs();
      self->send(self->state.args->portfolio, PositionNews{finding.symbol, order});
      return;
    }
}

void act_on(ReconcilerSelf self, const core::DriftFinding& finding, const VenueSnapshot& snapshot) {
  auto& st = self->state;
  const auto tell = [&](PositionInput input) {
    self->send(st.args->portfolio, PositionNews{finding.symbol, std::move(input)});
  };
  ++st.args->telemetry->reconcile_differences;
  spdlog::warn("reconcile {}/{}: {}: {}", st.args->account.view(), finding.symbol.view(), to_string(finding.action),
               finding.text);
  switch (finding.action) {
    case core::DriftAction::ask_orders:
      for (const auto& order : snapshot.orders)
        if (order.symbol == finding.symbol && order.ours && !st.settled.contains(key_of(order)))
          self->send(st.args->gateway, QueryOrderNow{order.client_order_id, order.venue_order_id, order.symbol});
      ask_unlisted(self, finding.symbol, snapshot);
      break;
    case core::DriftAction::external: tell(ExternalChange{finding.venue, finding.venue_avg_px}); break;
    case core::DriftAction::quarantine:
      if (mutant("fills_made_up"))
        make_fills_up(self, finding, snapshot);
      else if (!mutant("mismatch_ignored"))
        tell(Quarantine{finding.text, finding.venue});
      break;
    case core::DriftAction::average: tell(AverageTold{finding.books, finding.venue_avg_px}); break;
    case core::DriftAction::lift: tell(LiftQuarantine{"reconciler", true}); break;
  }
}

/// The next start knows by it that this journal has seen the account before, and up to where.
void remember_account(ReconcilerSelf self) {
  constexpr auto worth_a_commit = std::chrono::minutes{1};
  auto& st = self->state;
  st.remembers = true;
  st.forgotten.clear();
  const bool seen_before = st.args->mark || st.ready_said;
  if (seen_before && st.newest_order - st.mark.newest < worth_a_commit)
    return;
  st.mark = {st.mark.rebuilt || st.rebuilds_asked > 0, std::max(st.mark.newest, st.newest_order)};
  Append append;
  append.batch.rows.emplace_back(CursorRow{reconcile_mark(st.args->account), st.mark.str(), st.args->clock->now()});
  self->request(st.args->journal, caf::infinite, std::move(append))
    .then([](const Appended&) {}, [](const caf::error&) {});  // then the next start looks further back
}

void compare(ReconcilerSelf self, const Books& books, const VenueSnapshot& snapshot) {
  auto& st = self->state;
  const auto pass_id = st.pass_id;
  const LogScope scope{pass_id};
  // Two passes may follow at once, as when the order stream comes up during the first: that is one look. What differs
  // for a moment must have that moment.
  const auto now = self->clock().now();
  if (!st.looked_at || now - *st.looked_at >= st.args->retry / 2) {
    st.looked_at = now;
    for (const auto& finding : st.drift.look(pair_up(books, snapshot)))
      act_on(self, finding, snapshot);
  }
  ask_resting(self);
  ++st.passes;
  ++st.args->telemetry->reconciles;
  st.last_complete = st.args->clock->now();
  st.args->telemetry->set_reconciled(st.args->account.str(), *st.last_complete);
  st.last_problem.clear();
  st.answered = true;
  show_broker(st);
  st.args->telemetry->set_component("reconcile:" + st.args->account.str(), true, "books and broker compared");
  remember_account(self);
  if (!std::exchange(st.ready_said, true)) {
    spdlog::info("reconcile {}: books and broker compared, trading may begin", st.args->account.view());
    self->send(st.args->governor, AccountReady{});
    self->send(st.args->portfolio, AccountReady{});
  }
  // A difference is looked at again soon: the second look decides.
  next_pass(self, st.drift.wants_second_look() ? st.args->retry : pause_between(st));
}

void compare_with_books(ReconcilerSelf self, const std::shared_ptr<VenueSnapshot>& snapshot) {
  self->request(self->state.args->portfolio, caf::infinite, BooksQuery{})
    .then([self, snapshot](const Books& books) { compare(self, books, *snapshot); },
          [self](const caf::error& error) { failed(self, "books: " + describe(error)); });
}

/// Finds the orders of one snapshot that the journal has the end of.
class SettledOrders {
public:
  explicit SettledOrders(ReconcilerState& state) : st_{state} {}

  bool contains(const OrderReport& report) {
    if (!is_terminal(report.status))
      return false;
    if (st_.settled.contains(key_of(report)))
      return true;
    const auto named = st_.args->reader->order(report.client_order_id);
    if (!named)
      return false;
    const bool found = core::is_settled(
      report, named.value(),
      core::needs_others(report, named.value()) ? of_symbol(report.symbol) : std::span<const OrderRow>{});
    if (found)
      st_.settled.insert(key_of(report));
    return found;
  }

private:
  /// The newest; older ones are nobody's news any more.
  std::span<const OrderRow> of_symbol(const Symbol& symbol) {
    const auto [rows, is_new] = rows_.try_emplace(symbol);
    if (is_new) {
      ListFilter filter;
      filter.account = st_.args->account.str();
      filter.symbol = symbol.str();
      filter.limit = 1000;
      if (auto page = st_.args->reader->orders(filter))
        rows->second = std::move(page.value().rows);
    }
    return rows->second;
  }

  ReconcilerState& st_;
  std::map<Symbol, std::vector<OrderRow>> rows_;
};

/// Keeps what the next pass may hear of again.
void forget_old(ReconcilerState& st, const VenueSnapshot& snapshot) {
  std::set<ClientOrderId> at_work;
  for (const auto& order : snapshot.orders)
    if (!is_terminal(order.status) && st.known.contains(order.client_order_id))
      at_work.insert(order.client_order_id);
  st.known = std::move(at_work);
  std::set<ReconcilerState::OrderKey> heard;
  for (const auto& order : snapshot.orders)
    if (st.settled.contains(key_of(order)))
      heard.insert(key_of(order));
  st.settled = std::move(heard);
}

/// Orders that someone else made in this account: nobody's news, but a person may wonder.
void list_foreign(ReconcilerState& st, const VenueSnapshot& snapshot) {
  auto before = std::exchange(st.foreign, {});
  for (const auto& order : snapshot.orders) {
    if (order.ours || is_terminal(order.status))
      continue;
    const bool known = std::any_of(before.begin(), before.end(), [&](const OrderReport& other) {
      return other.venue_order_id == order.venue_order_id;
    });
    if (!known)
      spdlog::info("reconcile {}/{}: someone else's order is at work, and left alone: {} {} {}, {}",
                   st.args->account.view(), order.symbol.view(), to_string(order.side), order.quantity.str(),
                   to_string(order.type), order.venue_order_id.view());
    st.foreign.push_back(order);
  }
}

/// Symbols of which the venue lists orders under our names, and of which the journal knows nothing.
Result<std::map<Symbol, RebuildOwnership>> forgotten_by(const ReconcilerState& st, const VenueSnapshot& snapshot) {
  std::map<Symbol, RebuildOwnership> out;
  std::set<Symbol> looked_up;
  for (const auto& order : snapshot.orders) {
    if (!order.ours)
      continue;
    if (looked_up.insert(order.symbol).second) {
      ListFilter filter;
      filter.account = st.args->account.str();
      filter.symbol = order.symbol.str();
      filter.status = "all";
      filter.limit = 1;
      const auto rows = st.args->reader->positions(filter);
      if (!rows)
        return rows.error();
      if (rows.value().rows.empty())
        out[order.symbol];
    }
    if (const auto found = out.find(order.symbol); found != out.end())
      found->second.orders.push_back(order);
  }
  for (const auto& position : snapshot.positions)
    if (const auto found = out.find(position.symbol); found != out.end()) {
      found->second.broker = position.quantity;
      found->second.avg_px = position.avg_px;
    }
  return out;
}

/// The same text, the same state of things; empty while something is on its way.
std::string picture_of(const std::map<Symbol, RebuildOwnership>& symbols) {
  std::string out;
  for (const auto& [symbol, rebuild] : symbols) {
    out += symbol.str() + " " + rebuild.broker.str();
    for (const auto& order : rebuild.orders) {
      if (order.status == OrderStatus::pending_cancel || order.status == OrderStatus::pending_replace)
        return {};
      out += " " + order.venue_order_id.str() + std::string{to_string(order.status)} + order.cum_qty.str();
    }
    out += ";";
  }
  return out;
}

/// False: ownership has to be rebuilt before anything else is concluded; another pass follows soon. Two looks have to
/// agree, since orders and positions are two lists.
bool remembers(ReconcilerSelf self, const VenueSnapshot& snapshot) {
  constexpr std::int32_t looks_max = 20;
  constexpr std::int32_t asks_max = 10;
  auto& st = self->state;
  if (st.remembers)
    return true;
  auto forgotten = forgotten_by(st, snapshot);
  if (!forgotten) {
    failed(self, "journal: " + forgotten.error().detail);
    return false;
  }
  if (forgotten.value().empty())
    return true;
  if (st.rebuilds_asked >= asks_max) {
    spdlog::critical(
      "reconcile {}: whose the orders under Heed's names are could not be settled for {} symbols: left "
      "alone, as somebody else's",
      st.args->account.view(), forgotten.value().size());
    return true;
  }
  auto picture = picture_of(forgotten.value());
  const bool calm = !picture.empty() && picture == st.forgotten;
  st.forgotten = std::move(picture);
  if (calm || ++st.looks_for_calm > looks_max) {
    ++st.rebuilds_asked;
    for (auto& [symbol, rebuild] : forgotten.value())
      self->send(st.args->portfolio, PositionNews{symbol, std::move(rebuild)});
  }
  failed(self, "the journal knows nothing of " + std::to_string(forgotten.value().size()) +
                 " symbols with orders under Heed's names: ownership is rebuilt from the broker's lists");
  return false;
}

/// An order under our name that the journal does not have is told when there is something new about it: nobody can do
/// anything about it.
bool is_old_stranger(ReconcilerState& st, const OrderReport& order) {
  if (st.known.contains(order.client_order_id))
    return false;
  const auto row = st.args->reader->order(order.client_order_id);
  if (!row)
    return false;
  if (row.value()) {
    if (!is_terminal(order.status))
      st.known.insert(order.client_order_id);
    return false;
  }
  const std::pair now{order.status, order.cum_qty};
  const auto [told, is_new] = st.strangers.try_emplace(key_of(order), now);
  return !is_new && std::exchange(told->second, now) == now;
}

void take(ReconcilerSelf self, const VenueSnapshot& snapshot) {
  auto& st = self->state;
  if (!snapshot.complete) {
    failed(self, snapshot.why);
    return;
  }
  self->send(st.args->governor, snapshot.account);
  for (const auto& order : snapshot.orders)
    st.newest_order = std::max(st.newest_order, order.created_at);
  if (!remembers(self, snapshot))
    return;
  // Reports first: what they explain is no difference. A position handles them before it answers for its books, since
  // all go through the same mailboxes in order.
  SettledOrders settled{st};
  for (const auto& order : snapshot.orders)
    if (order.ours && !mutant("reports_ignored") && !settled.contains(order) && !is_old_stranger(st, order))
      self->send(st.args->portfolio, PositionNews{order.symbol, order});
  if (mutant("cancels_foreign_orders"))
    for (const auto& order : snapshot.orders)
      if (!order.ours && !is_terminal(order.status))
        self->send(st.args->gateway, CancelOrder{order.client_order_id, order.venue_order_id, {}, order.symbol});
  forget_old(st, snapshot);
  list_foreign(st, snapshot);
  compare_with_books(self, std::make_shared<VenueSnapshot>(snapshot));
}

/// What came before the mark and is over was seen so by an earlier pass. So the first pass, for which trading waits,
/// need not read it again; the second does, since somebody may have corrected it.
Instant orders_since(const ReconcilerState& st) {
  const auto& args = *st.args;
  if (args.first_since && st.passes == 0)
    return *args.first_since;
  if (!st.last_complete || (args.first_since && st.passes == 1))
    return args.oldest_open;
  return *st.last_complete - args.overlap;
}

void run(ReconcilerSelf self) {
  auto& st = self->state;
  if (st.running) {
    st.again = true;
    return;
  }
  st.running = true;
  st.pass_id = "reconcile:" + st.args->account.str() + ":" + std::to_string(++st.begun);
  st.listed_since = orders_since(st);
  self->request(st.args->gateway, caf::infinite, VenueSnapshotQuery{st.listed_since})
    .then([self](const VenueSnapshot& snapshot) { take(self, snapshot); },
          [self](const caf::error& error) { failed(self, "gateway: " + describe(error)); });
}

void link_changed(ReconcilerSelf self, const LinkChanged& link) {
  auto& st = self->state;
  const bool news = !std::exchange(st.link_told, true) || st.link_up != link.up || st.link_why != link.why;
  st.link_up = link.up;
  st.link_why = link.why;
  show_broker(st);
  if (news && link.up)
    spdlog::info("broker link {}: up {}", st.args->account.view(), link.why);
  else if (news)
    spdlog::warn("broker link {}: down {}; orders are asked for every {} ms until it is back",
                 st.args->account.view(), link.why, pause_between(st).count());
  if (link.up) {
    st.due_at.reset();  // the next pass is an interval after this one
    run(self);          // what happened while nobody listened
  } else if (!st.running) {
    pass_in(self, st.answered ? pause_between(st) : st.args->retry);
  }
}

}  // namespace

std::string ReconcileMark::str() const { return (rebuilt ? "rebuilt " : "") + to_rfc3339(newest); }

ReconcileMark ReconcileMark::parse(std::string_view text) {
  constexpr std::string_view word = "rebuilt ";
  ReconcileMark out;
  out.rebuilt = text.starts_with(word);
  out.newest = parse_rfc3339(out.rebuilt ? text.substr(word.size()) : text).value_or(Instant{});
  return out;
}

SourceId reconcile_mark(const AccountId& account) {
  const bool fits = account.size() < SourceId::capacity;
  return SourceId{"@" + (fits ? account.str() : core::sha256_hex(account).substr(0, SourceId::capacity - 1))};
}

ReconcilerActor::behavior_type reconciler_actor(ReconcilerSelf self, std::shared_ptr<const ReconcilerArgs> args) {
  set_handlers(self);
  self->state.args = std::move(args);
  self->state.remembers = self->state.args->mark.has_value();
  self->state.mark = self->state.args->mark.value_or(ReconcileMark{});
  return {
    [self](InspectSelf) {
      const auto& st = self->state;
      return JsonObject{}
        .field("account", st.args->account)
        .field("running", st.running)
        .field("link_up", st.link_up)
        .field("link", st.link_why)
        .field("passes", st.passes)
        .field("last_complete", st.last_complete)
        .field("last_problem", st.last_problem)
        .field("differing_symbols", static_cast<std::int64_t>(st.drift.differing()))
        .field("foreign_orders", st.foreign)
        .str();
    },
    [self](ReconcileDue) {
      auto& due_at = self->state.due_at;
      if (due_at && *due_at > self->clock().now())
        return;
      due_at.reset();
      run(self);
    },
    [self](const LinkChanged& link) { link_changed(self, link); },
  };
}

}  // namespace heed
