// The journal that lives in memory: the reference for what every other journal has to answer, and the store of
// simulations and tests. Same filters, paging and numbering as the tables on disk. It keeps the structs it is given;
// there is no hash chain, since nobody but this process can change what it holds.
#include "persistence/row_plan.hpp"
#include "persistence/tables.hpp"
#include "persistence/text.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <tuple>
#include <vector>

namespace heed {
namespace {

// The text that a table would hold; empty optional for columns that no filter or key can name.
template <class Field>
std::string column_text(const Field& field) {
  if constexpr (std::convertible_to<const Field&, std::string_view>)
    return std::string{std::string_view{field}};
  else if constexpr (NamedEnum<Field>)
    return std::string{to_string(field)};
  else if constexpr (std::integral<Field>)
    return std::to_string(field);
  else
    return {};
}

template <class T>
std::string text_of(const T& row, std::string_view column) {
  std::string out;
  for_each_column(row, [&](std::string_view name, const auto& field) {
    if (name == column)
      out = column_text(field);
  });
  return out;
}

template <class T>
Instant instant_of(const T& row) {
  Instant out{};
  for_each_column(row, [&](std::string_view name, const auto& field) {
    if constexpr (std::same_as<std::remove_cvref_t<decltype(field)>, Instant>)
      if (name == Table<T>::at)
        out = field;
  });
  return out;
}

bool status_matches(const OrderRow& row, StatusQuery query, std::string_view status) {
  switch (query) {
    case StatusQuery::orders_live: return !is_terminal(row.status);
    case StatusQuery::orders_done: return is_terminal(row.status);
    case StatusQuery::exact: return to_string(row.status) == status;
    default: return true;
  }
}
bool status_matches(const PositionRow& row, StatusQuery query, std::string_view) {
  return query == StatusQuery::all || row.phase != "Flat";
}
bool status_matches(const BacktestRunRow& row, StatusQuery query, std::string_view status) {
  return query == StatusQuery::all || to_string(row.status) == status;
}
bool status_matches(const PauseRow& row, StatusQuery query, std::string_view) {
  return query == StatusQuery::all || !row.ended_at;
}
template <class T>
bool status_matches(const T&, StatusQuery, std::string_view) {
  return true;
}

template <class T>
bool matches(const T& row, const ListFilter& filter) {
  for (const auto& column : Table<T>::filters)
    if (!(filter.*column.asked).empty() && text_of(row, column.column) != filter.*column.asked)
      return false;
  const auto at = instant_of(row);
  if ((filter.from && at < *filter.from) || (filter.to && at >= *filter.to))
    return false;
  return status_matches(row, status_query<T>(filter), filter.status);
}

/// Where the row of a key is, found by the key's hash: one block of memory, and no copy of the key.
class Places {
public:
  /// The place that `same` accepts among those of this hash; else `place_of_new`, which is noted.
  template <class Same>
  std::size_t find_or_add(std::size_t hash, std::size_t place_of_new, Same&& same) {
    if (2 * (count_ + 1) > slots_.size())
      grow();
    auto at = hash & (slots_.size() - 1);
    for (; slots_[at].number != 0; at = (at + 1) & (slots_.size() - 1))
      if (slots_[at].hash == hash && same(slots_[at].number - 1))
        return slots_[at].number - 1;
    slots_[at] = {hash, place_of_new + 1};
    ++count_;
    return place_of_new;
  }
  template <class Same>
  std::optional<std::size_t> find(std::size_t hash, Same&& same) const {
    if (slots_.empty())
      return std::nullopt;
    for (auto at = hash & (slots_.size() - 1); slots_[at].number != 0; at = (at + 1) & (slots_.size() - 1))
      if (slots_[at].hash == hash && same(slots_[at].number - 1))
        return slots_[at].number - 1;
    return std::nullopt;
  }

private:
  struct Slot {
    std::size_t hash = 0;
    std::size_t number = 0;  // the place and one; zero: free
  };

  void grow() {
    std::vector<Slot> larger(std::max<std::size_t>(64, 2 * slots_.size()));
    for (const auto& slot : slots_) {
      if (slot.number == 0)
        continue;
      auto at = slot.hash & (larger.size() - 1);
      while (larger[at].number != 0)
        at = (at + 1) & (larger.size() - 1);
      larger[at] = slot;
    }
    slots_ = std::move(larger);
  }

  std::vector<Slot> slots_;  // a power of two, at most half of them taken
  std::size_t count_ = 0;
};

/// One table whose rows are numbered by their first write, from 1.
template <class T>
class Rows {
public:
  std::int64_t next_number() const { return static_cast<std::int64_t>(rows_.size()) + 1; }

  void put(const T& row) {
    if constexpr (numbered_by_store) {
      rows_.push_back(row);
      return;
    }
    key_.clear();
    append_key(key_, row);
    const auto place = places_.find_or_add(std::hash<std::string_view>{}(key_), rows_.size(), [this](std::size_t at) {
      other_key_.clear();
      append_key(other_key_, rows_[at]);
      return other_key_ == key_;
    });
    if (place == rows_.size())
      rows_.push_back(row);
    else
      rows_[place] = row;
  }

  /// By the values of its only key column; null when there is none.
  const T* find(std::string_view key) const {
    const auto whole = std::string{key} + '\0';
    std::string other;
    const auto found = places_.find(std::hash<std::string_view>{}(whole), [&](std::size_t at) {
      other.clear();
      append_key(other, rows_[at]);
      return other == whole;
    });
    return found ? &rows_[*found] : nullptr;
  }

  /// Calls f(number, row) in the page's order until it returns false.
  template <class F>
  void walk(const ListFilter& filter, F&& f) const {
    const auto count = static_cast<std::int64_t>(rows_.size());
    const std::int64_t step = filter.oldest_first ? 1 : -1;
    const auto cursor = cursor_number(filter);
    const auto first = filter.oldest_first ? 1 : count;
    for (auto number = cursor ? std::min(*cursor, count + 1) + step : first; number >= 1 && number <= count;
         number += step)
      if (!f(number, rows_[static_cast<std::size_t>(number - 1)]))
        return;
  }

  const std::deque<T>& all() const { return rows_; }

private:
  // Each is new, and found by its number only.
  static constexpr bool numbered_by_store = std::same_as<T, JournalEvent> || std::same_as<T, BrokerCallRow>;

  std::deque<T> rows_;
  Places places_;
  std::string key_, other_key_;
};

/// Mentions bring their numbers with them.
template <>
class Rows<Mention> {
public:
  void put(const Mention& row) { rows_.insert_or_assign(row.id, row); }

  template <class F>
  void walk(const ListFilter& filter, F&& f) const {
    const auto cursor = cursor_number(filter);
    if (filter.oldest_first) {
      for (auto at = cursor ? rows_.upper_bound(*cursor) : rows_.begin(); at != rows_.end(); ++at)
        if (!f(at->first, at->second))
          return;
    } else {
      for (auto at = cursor ? rows_.lower_bound(*cursor) : rows_.end(); at != rows_.begin();)
        if (--at; !f(at->first, at->second))
          return;
    }
  }

  std::int64_t last_id() const { return rows_.empty() ? 0 : rows_.rbegin()->first; }
  const std::map<std::int64_t, Mention>& all() const { return rows_; }

private:
  std::map<std::int64_t, Mention> rows_;
};

const auto& row_in(const auto& entry) {
  if constexpr (requires { entry.second; })
    return entry.second;
  else
    return entry;
}

/// Those of one signal lie together, by account.
class DecisionRows {
public:
  void put(const Decision& row) {
    const auto place = places_.find_or_add(std::hash<SignalId>{}(row.signal), rows_.size(),
                                           [&](std::size_t at) { return rows_[at].front().signal == row.signal; });
    if (place == rows_.size()) {
      rows_.emplace_back(1, row);
      return;
    }
    auto& of_signal = rows_[place];
    const auto at = std::ranges::lower_bound(of_signal, row.account, {}, &Decision::account);
    if (at != of_signal.end() && at->account == row.account)
      *at = row;
    else
      of_signal.insert(at, row);
  }
  const std::vector<Decision>& of(const SignalId& signal) const {
    static const std::vector<Decision> none;
    const auto found =
      places_.find(std::hash<SignalId>{}(signal), [&](std::size_t at) { return rows_[at].front().signal == signal; });
    return found ? rows_[*found] : none;
  }
  const std::deque<std::vector<Decision>>& all() const { return rows_; }

private:
  std::deque<std::vector<Decision>> rows_;
  Places places_;
};

struct MemoryStore {
  mutable std::shared_mutex mutex;
  std::tuple<Rows<JournalEvent>, Rows<SignalRow>, Rows<Mention>, Rows<RejectedInputRow>, Rows<Intent>, Rows<OrderRow>,
             Rows<FillRow>, Rows<PositionRow>, Rows<TradeRow>, Rows<PauseRow>, Rows<BrokerCallRow>,
             Rows<BacktestRunRow>>
    rows;
  DecisionRows decisions;
  std::map<SourceId, CursorRow> cursors;
  std::map<std::pair<AccountId, Symbol>, BlockRow> blocks;
  std::map<AccountId, AccountRow> accounts;
  std::map<std::string, std::map<std::int32_t, std::string>> results;          // by run and part
  std::map<std::string, std::map<std::int32_t, BacktestTradeRow>> run_trades;  // by run and number
  std::map<std::pair<std::string, Symbol>, std::map<Date, BarRow>> bars;       // by period and symbol

  template <class T>
  Rows<T>& table() {
    return std::get<Rows<T>>(rows);
  }
  template <class T>
  const Rows<T>& table() const {
    return std::get<Rows<T>>(rows);
  }

  void put(Decision& row) { decisions.put(row); }
  void put(CursorRow& row) { cursors.insert_or_assign(row.source, row); }
  void put(BlockRow& row) { blocks.insert_or_assign({row.account, row.symbol}, row); }
  void put(AccountRow& row) { accounts.insert_or_assign(row.account, row); }
  void put(BacktestResultRow& row) { results[row.run_id].insert_or_assign(row.part, row.result); }
  void put(BacktestTradeRow& row) { run_trades[row.run_id].insert_or_assign(row.number, row); }
  void put(BarRow& row) { bars[{row.period, row.symbol}].insert_or_assign(row.at, row); }
  template <class T>
  void put(T& row) {
    table<T>().put(row);
  }
  void put(JournalEvent& event) {
    event.seq = table<JournalEvent>().next_number();
    table<JournalEvent>().put(event);
  }
  void put(BrokerCallRow& row) {
    row.id = table<BrokerCallRow>().next_number();
    table<BrokerCallRow>().put(row);
  }

  SignalView view(const SignalRow& row) const { return {row, decisions.of(row.signal)}; }
};

class MemoryWriter final : public JournalWriter {
public:
  explicit MemoryWriter(std::shared_ptr<MemoryStore> store) : store_{std::move(store)} {}

  Status append(std::span<Batch* const> batches) override {
    const std::unique_lock lock{store_->mutex};
    for (auto* batch : batches) {
      for (auto& event : batch->events)
        store_->put(event);
      for (auto& row : batch->rows)
        std::visit([this](auto& r) { store_->put(r); }, row);
    }
    return Ok{};
  }

private:
  std::shared_ptr<MemoryStore> store_;
};

class MemoryReader final : public JournalReader {
public:
  explicit MemoryReader(std::shared_ptr<MemoryStore> store) : store_{std::move(store)} {}

  Result<RecoveredState> recover(Instant day_start, Instant mentions_since) override {
    const std::shared_lock lock{store_->mutex};
    RecoveredState out;
    out.positions = all<PositionRow>([](const auto& r) { return r.live; });
    out.working_orders = all<OrderRow>([](const auto& r) { return !is_terminal(r.status); });
    out.todays_entries =
      all<OrderRow>([&](const auto& r) { return r.leg == Leg::entry && r.created_at >= day_start; });
    out.todays_trades = all<TradeRow>([&](const auto& r) { return r.closed_at >= day_start; });
    out.todays_fills = all<FillRow>([&](const auto& r) { return r.at >= day_start; });
    out.pauses = all<PauseRow>([](const auto& r) { return !r.ended_at; });
    for (const auto& [key, block] : store_->blocks)
      if (block.until > day_start)
        out.blocks.push_back(block);
    for (const auto& [key, account] : store_->accounts)
      out.accounts.push_back(account);
    for (const auto& [key, cursor] : store_->cursors)
      out.cursors.push_back(cursor);
    recover_signals(out, mentions_since);
    out.last_seq = std::ssize(store_->table<JournalEvent>().all());
    return out;
  }

  Result<std::vector<SignalView>> undecided() override {
    const std::shared_lock lock{store_->mutex};
    return undecided_signals();
  }
  Result<bool> has_signal(const SignalId& signal) override {
    const std::shared_lock lock{store_->mutex};
    return store_->table<SignalRow>().find(signal.view()) != nullptr;
  }

  Result<std::vector<std::pair<std::string, std::int64_t>>> funnel(const ListFilter& filter) override {
    if (const auto ok = check_funnel_filter(filter); !ok)
      return ok.error();
    const std::shared_lock lock{store_->mutex};
    std::map<std::string, std::int64_t> counts;
    for (const auto& of_signal : store_->decisions.all())
      for (const auto& decision : of_signal)
        if (in_funnel(decision, filter))
          ++counts[funnel_text(decision.disposition.kind, decision.disposition.detail)];
    return std::vector<std::pair<std::string, std::int64_t>>(counts.begin(), counts.end());
  }

  Result<ListPage<SignalView>> signals(const ListFilter& filter) override {
    const auto decided = [&](const SignalRow& row) {
      if (filter.account.empty() && filter.status.empty())
        return true;
      return std::ranges::any_of(store_->decisions.of(row.signal), [&](const Decision& decision) {
        return (filter.account.empty() || decision.account.view() == filter.account) &&
               matches_status(decision, filter.status);
      });
    };
    return list<SignalRow, SignalView>(filter, decided, [this](const SignalRow& row) { return store_->view(row); });
  }

  Result<std::optional<SignalView>> signal(const SignalId& id) override {
    const std::shared_lock lock{store_->mutex};
    const auto* row = store_->table<SignalRow>().find(id.view());
    return row != nullptr ? std::optional{store_->view(*row)} : std::nullopt;
  }

  Result<std::vector<SignalLinks>> links(std::span<const SignalId> signals) override {
    const std::shared_lock lock{store_->mutex};
    std::map<SignalId, std::vector<std::size_t>> places;
    for (std::size_t i = 0; i < signals.size(); ++i)
      places[signals[i]].push_back(i);
    std::vector<SignalLinks> out(signals.size());
    const auto gather = [&](const auto& rows, auto SignalLinks::*member, auto id) {
      for (const auto& row : rows)
        if (const auto found = places.find(row.signal); found != places.end())
          for (const auto place : found->second)
            (out[place].*member).emplace_back(row.account, row.*id);
    };
    gather(store_->table<Intent>().all(), &SignalLinks::intents, &Intent::intent_id);
    gather(store_->table<OrderRow>().all(), &SignalLinks::orders, &OrderRow::client_order_id);
    return out;
  }

  Result<ListPage<Mention>> mentions(const ListFilter& filter) override { return list<Mention>(filter); }
  Result<ListPage<RejectedInputRow>> rejected_inputs(const ListFilter& filter) override {
    return list<RejectedInputRow>(filter);
  }
  Result<ListPage<Intent>> intents(const ListFilter& filter) override { return list<Intent>(filter); }
  Result<ListPage<OrderRow>> orders(const ListFilter& filter) override { return list<OrderRow>(filter); }
  Result<std::optional<OrderRow>> order(const ClientOrderId& id) override {
    const std::shared_lock lock{store_->mutex};
    const auto* row = store_->table<OrderRow>().find(id.view());
    return row != nullptr ? std::optional{*row} : std::nullopt;
  }
  Result<ListPage<FillRow>> fills(const ListFilter& filter) override { return list<FillRow>(filter); }
  Result<ListPage<PositionRow>> positions(const ListFilter& filter) override { return list<PositionRow>(filter); }
  Result<ListPage<TradeRow>> trades(const ListFilter& filter) override { return list<TradeRow>(filter); }
  Result<ListPage<BrokerCallRow>> broker_calls(const ListFilter& filter) override {
    return list<BrokerCallRow>(filter);
  }
  Result<ListPage<PauseRow>> pauses(const ListFilter& filter) override { return list<PauseRow>(filter); }

  Result<std::vector<AccountRow>> accounts() override {
    const std::shared_lock lock{store_->mutex};
    std::vector<AccountRow> out;
    for (const auto& [key, account] : store_->accounts)
      out.push_back(account);
    return out;
  }

  Result<ListPage<JournalEvent>> events(const ListFilter& filter) override { return list<JournalEvent>(filter); }

  Result<ListPage<BacktestRunRow>> backtest_runs(const ListFilter& filter) override {
    return list<BacktestRunRow>(filter);
  }
  Result<std::optional<BacktestRunRow>> backtest_run(const std::string& run_id) override {
    const std::shared_lock lock{store_->mutex};
    const auto* row = store_->table<BacktestRunRow>().find(run_id);
    return row != nullptr ? std::optional{*row} : std::nullopt;
  }
  Result<std::string> backtest_result(const std::string& run_id) override {
    const std::shared_lock lock{store_->mutex};
    std::string out;
    if (const auto found = store_->results.find(run_id); found != store_->results.end())
      for (const auto& [part, text] : found->second)
        out += text;
    return out;
  }
  Result<std::vector<BacktestTradeRow>> backtest_trades(const std::string& run_id) override {
    const std::shared_lock lock{store_->mutex};
    std::vector<BacktestTradeRow> out;
    if (const auto found = store_->run_trades.find(run_id); found != store_->run_trades.end())
      for (const auto& [number, trade] : found->second)
        out.push_back(trade);
    return out;
  }
  Result<std::vector<BarRow>> bars(const Symbol& symbol, std::optional<Date> from, std::optional<Date> to) override {
    const std::shared_lock lock{store_->mutex};
    std::vector<BarRow> out;
    if (const auto found = store_->bars.find({"1d", symbol}); found != store_->bars.end())
      for (const auto& [at, bar] : found->second)
        if ((!from || at >= *from) && (!to || at <= *to))
          out.push_back(bar);
    return out;
  }
  Result<std::vector<Symbol>> bar_symbols() override {
    const std::shared_lock lock{store_->mutex};
    std::vector<Symbol> out;
    for (const auto& [key, days] : store_->bars)
      if (key.first == "1d")
        out.push_back(key.second);
    return out;
  }

  Result<std::int64_t> verify() override {
    const std::shared_lock lock{store_->mutex};
    return std::int64_t{std::ssize(store_->table<JournalEvent>().all())};
  }

private:
  template <class T, class Pred>
  std::vector<T> all(Pred&& wanted) const {
    std::vector<T> out;
    for (const auto& entry : store_->table<T>().all())
      if (wanted(row_in(entry)))
        out.push_back(row_in(entry));
    return out;
  }

  template <class T, class Out = T>
  Result<ListPage<Out>> list(const ListFilter& filter) {
    return list<T, Out>(
      filter, [](const T&) { return true; }, [](const T& row) { return row; });
  }

  template <class T, class Out, class Pred, class Make>
  Result<ListPage<Out>> list(const ListFilter& filter, Pred&& also, Make&& make) {
    if (const auto ok = check_filter<T>(filter); !ok)
      return ok.error();
    const std::shared_lock lock{store_->mutex};
    ListPage<Out> page;
    std::int64_t last = 0;
    store_->table<T>().walk(filter, [&](std::int64_t number, const T& row) {
      if (!matches(row, filter) || !also(row))
        return true;
      if (page.rows.size() == static_cast<std::size_t>(filter.limit)) {
        page.next_cursor = std::to_string(last);
        return false;
      }
      page.rows.push_back(make(row));
      last = number;
      return true;
    });
    return page;
  }

  bool in_funnel(const Decision& decision, const ListFilter& filter) const {
    if ((!filter.account.empty() && decision.account.view() != filter.account) ||
        (!filter.signal.empty() && decision.signal.view() != filter.signal) ||
        (filter.from && decision.at < *filter.from) || (filter.to && decision.at >= *filter.to))
      return false;
    if (filter.source.empty() && filter.symbol.empty())
      return true;
    const auto* signal = store_->table<SignalRow>().find(decision.signal.view());
    return signal != nullptr && (filter.source.empty() || signal->source.view() == filter.source) &&
           (filter.symbol.empty() || signal->symbol.view() == filter.symbol);
  }

  std::vector<SignalView> undecided_signals() const {
    std::vector<SignalView> out;
    for (const auto& row : store_->table<SignalRow>().all()) {
      auto view = store_->view(row);
      const auto final =
        std::ranges::count_if(view.decisions, [](const Decision& d) { return is_final(d.disposition.kind); });
      if (final < std::max<std::ptrdiff_t>(row.followers, static_cast<std::ptrdiff_t>(view.decisions.size())))
        out.push_back(std::move(view));
    }
    return out;
  }

  void recover_signals(RecoveredState& out, Instant mentions_since) const {
    out.undecided = undecided_signals();
    out.recent_mentions = all<Mention>([&](const auto& m) { return m.created_at > mentions_since; });
    std::ranges::stable_sort(out.recent_mentions, {}, &Mention::created_at);
    out.last_mention_id = store_->table<Mention>().last_id();
  }

  std::shared_ptr<MemoryStore> store_;
};

}  // namespace

JournalPair open_memory_journal() {
  const auto store = std::make_shared<MemoryStore>();
  return {std::make_unique<MemoryWriter>(store), std::make_shared<MemoryReader>(store)};
}

}  // namespace heed
