// The journal that lives in memory: the reference for what every other journal has to answer, and the store of
// simulations and tests. Same filters, paging, numbering and hash chain as the tables on disk.
#include "persistence/chain.hpp"
#include "persistence/tables.hpp"
#include "persistence/text.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <tuple>

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

template <class T>
std::string key_of(const T& row) {
  std::string key;
  for (const auto column : Table<T>::key)
    (key += text_of(row, column)) += '\0';
  return key;
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

/// One table: rows by number, numbers by key.
template <class T>
struct Rows {
  std::map<std::int64_t, T> by_number;
  std::map<std::string, std::int64_t> numbers;

  void put(const T& row) {
    const auto next = by_number.empty() ? 1 : by_number.rbegin()->first + 1;
    std::int64_t number = next;
    if constexpr (requires { row.id; })
      number = row.id;
    else
      number = numbers.try_emplace(key_of(row), next).first->second;
    by_number.insert_or_assign(number, row);
  }

  // Calls f(number, row) in the page's order until it returns false.
  template <class F>
  void walk(const ListFilter& filter, F&& f) const {
    const auto cursor = cursor_number(filter);
    if (filter.oldest_first) {
      for (auto at = cursor ? by_number.upper_bound(*cursor) : by_number.begin(); at != by_number.end(); ++at)
        if (!f(at->first, at->second))
          return;
    } else {
      for (auto at = cursor ? by_number.lower_bound(*cursor) : by_number.end(); at != by_number.begin();)
        if (--at; !f(at->first, at->second))
          return;
    }
  }
};

struct MemoryStore {
  mutable std::shared_mutex mutex;
  std::tuple<Rows<SignalRow>, Rows<Mention>, Rows<RejectedInputRow>, Rows<Intent>, Rows<OrderRow>, Rows<FillRow>,
             Rows<PositionRow>, Rows<TradeRow>, Rows<PauseRow>, Rows<BrokerCallRow>>
    rows;
  std::map<SignalId, std::map<AccountId, Decision>> decisions;
  std::map<SourceId, CursorRow> cursors;
  std::map<std::pair<AccountId, Symbol>, BlockRow> blocks;
  std::map<AccountId, AccountRow> accounts;
  std::vector<std::pair<JournalEvent, ChainHash>> events;
  ChainHasher hasher;

  template <class T>
  Rows<T>& table() {
    return std::get<Rows<T>>(rows);
  }
  template <class T>
  const Rows<T>& table() const {
    return std::get<Rows<T>>(rows);
  }

  void put(Decision& row) { decisions[row.signal].insert_or_assign(row.account, row); }
  void put(CursorRow& row) { cursors.insert_or_assign(row.source, row); }
  void put(BlockRow& row) { blocks.insert_or_assign({row.account, row.symbol}, row); }
  void put(AccountRow& row) { accounts.insert_or_assign(row.account, row); }
  void put(BrokerCallRow& row) {
    const auto& calls = table<BrokerCallRow>().by_number;
    row.id = calls.empty() ? 1 : calls.rbegin()->first + 1;
    table<BrokerCallRow>().put(row);
  }
  template <class T>
  void put(T& row) {
    table<T>().put(row);
  }
  void put(JournalEvent& event) {
    event.seq = static_cast<std::int64_t>(events.size()) + 1;
    const auto before = events.empty() ? ChainHash{} : events.back().second;
    events.emplace_back(event, hasher.link(before, event));
  }

  SignalView view(const SignalRow& row) const {
    SignalView out{row, {}};
    if (const auto found = decisions.find(row.signal); found != decisions.end())
      for (const auto& [account, decision] : found->second)
        out.decisions.push_back(decision);
    return out;
  }
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
    out.last_seq = static_cast<std::int64_t>(store_->events.size());
    return out;
  }

  Result<bool> has_signal(const SignalId& signal) override {
    const std::shared_lock lock{store_->mutex};
    return find<SignalRow>(signal.view()) != nullptr;
  }

  Result<std::vector<std::pair<std::string, std::int64_t>>> funnel(const ListFilter& filter) override {
    if (const auto ok = check_funnel_filter(filter); !ok)
      return ok.error();
    const std::shared_lock lock{store_->mutex};
    std::map<std::string, std::int64_t> counts;
    for (const auto& [signal, by_account] : store_->decisions)
      for (const auto& [account, decision] : by_account)
        if (in_funnel(decision, filter))
          ++counts[funnel_text(decision.disposition.kind, decision.disposition.detail)];
    return std::vector<std::pair<std::string, std::int64_t>>(counts.begin(), counts.end());
  }

  Result<ListPage<SignalView>> signals(const ListFilter& filter) override {
    const auto decided = [&](const SignalRow& row) {
      if (filter.account.empty() && filter.status.empty())
        return true;
      const auto found = store_->decisions.find(row.signal);
      return found != store_->decisions.end() && std::ranges::any_of(found->second, [&](const auto& entry) {
               return (filter.account.empty() || entry.first.view() == filter.account) &&
                      matches_status(entry.second, filter.status);
             });
    };
    return list<SignalRow, SignalView>(filter, decided, [this](const SignalRow& row) { return store_->view(row); });
  }

  Result<std::optional<SignalView>> signal(const SignalId& id) override {
    const std::shared_lock lock{store_->mutex};
    const auto* row = find<SignalRow>(id.view());
    return row != nullptr ? std::optional{store_->view(*row)} : std::nullopt;
  }

  Result<ListPage<Mention>> mentions(const ListFilter& filter) override { return list<Mention>(filter); }
  Result<ListPage<RejectedInputRow>> rejected_inputs(const ListFilter& filter) override {
    return list<RejectedInputRow>(filter);
  }
  Result<ListPage<Intent>> intents(const ListFilter& filter) override { return list<Intent>(filter); }
  Result<ListPage<OrderRow>> orders(const ListFilter& filter) override { return list<OrderRow>(filter); }
  Result<std::optional<OrderRow>> order(const ClientOrderId& id) override {
    const std::shared_lock lock{store_->mutex};
    const auto* row = find<OrderRow>(id.view());
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

  Result<ListPage<JournalEvent>> events(const ListFilter& filter) override {
    if (const auto ok = check_filter<JournalEvent>(filter); !ok)
      return ok.error();
    const std::shared_lock lock{store_->mutex};
    ListPage<JournalEvent> page;
    const auto count = static_cast<std::int64_t>(store_->events.size());
    const std::int64_t step = filter.oldest_first ? 1 : -1;
    const auto cursor = cursor_number(filter);
    auto seq = cursor ? *cursor + step : (filter.oldest_first ? 1 : count);
    for (seq = filter.oldest_first ? seq : std::min(seq, count); seq >= 1 && seq <= count; seq += step) {
      const auto& event = store_->events[static_cast<std::size_t>(seq - 1)].first;
      if (!matches(event, filter))
        continue;
      if (page.rows.size() == static_cast<std::size_t>(filter.limit)) {
        page.next_cursor = std::to_string(page.rows.back().seq);
        break;
      }
      page.rows.push_back(event);
    }
    return page;
  }

  Result<std::int64_t> verify() override {
    const std::shared_lock lock{store_->mutex};
    ChainHasher hasher;
    ChainHash before{};
    for (const auto& [event, hash] : store_->events) {
      before = hasher.link(before, event);
      if (before != hash)
        return Error{ErrorKind::invalid, "JOURNAL_TAMPERED",
                     "journal row " + std::to_string(event.seq) + " does not fit the hash chain"};
    }
    return static_cast<std::int64_t>(store_->events.size());
  }

private:
  template <class T, class Pred>
  std::vector<T> all(Pred&& wanted) const {
    std::vector<T> out;
    for (const auto& [number, row] : store_->table<T>().by_number)
      if (wanted(row))
        out.push_back(row);
    return out;
  }

  template <class T>
  const T* find(std::string_view key) const {
    const auto& table = store_->table<T>();
    const auto found = table.numbers.find(std::string{key} + '\0');
    return found == table.numbers.end() ? nullptr : &table.by_number.at(found->second);
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
    const auto* signal = find<SignalRow>(decision.signal.view());
    return signal != nullptr && (filter.source.empty() || signal->source.view() == filter.source) &&
           (filter.symbol.empty() || signal->symbol.view() == filter.symbol);
  }

  void recover_signals(RecoveredState& out, Instant mentions_since) const {
    for (const auto& [number, row] : store_->table<SignalRow>().by_number) {
      auto view = store_->view(row);
      const auto final =
        std::ranges::count_if(view.decisions, [](const Decision& d) { return is_final(d.disposition.kind); });
      if (final < std::max<std::ptrdiff_t>(row.followers, static_cast<std::ptrdiff_t>(view.decisions.size())))
        out.undecided.push_back(std::move(view));
    }
    out.recent_mentions = all<Mention>([&](const auto& m) { return m.created_at > mentions_since; });
    std::ranges::stable_sort(out.recent_mentions, {}, &Mention::created_at);
    const auto& mentions = store_->table<Mention>().by_number;
    out.last_mention_id = mentions.empty() ? 0 : mentions.rbegin()->first;
  }

  std::shared_ptr<MemoryStore> store_;
};

}  // namespace

JournalPair open_memory_journal() {
  const auto store = std::make_shared<MemoryStore>();
  return {std::make_unique<MemoryWriter>(store), std::make_shared<MemoryReader>(store)};
}

}  // namespace heed
