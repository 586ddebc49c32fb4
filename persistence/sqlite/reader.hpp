// The reading half of the SQLite journal: connections that cannot write, each answer from one snapshot.
#pragma once

#include "persistence/sqlite/connections.hpp"

#include <string>
#include <vector>

namespace heed::sqlite {

class Reader final : public JournalReader {
public:
  Reader(std::string path, Options options) : pool_{std::move(path), std::move(options)} {}

  Result<RecoveredState> recover(Instant day_start, Instant mentions_since) override;
  Result<bool> has_signal(const SignalId& signal) override;
  Result<std::vector<std::pair<std::string, std::int64_t>>> funnel(const ListFilter& filter) override;
  Result<ListPage<SignalView>> signals(const ListFilter& filter) override;
  Result<std::optional<SignalView>> signal(const SignalId& id) override;
  Result<ListPage<Mention>> mentions(const ListFilter& filter) override;
  Result<ListPage<RejectedInputRow>> rejected_inputs(const ListFilter& filter) override;
  Result<ListPage<Intent>> intents(const ListFilter& filter) override;
  Result<ListPage<OrderRow>> orders(const ListFilter& filter) override;
  Result<std::optional<OrderRow>> order(const ClientOrderId& id) override;
  Result<ListPage<FillRow>> fills(const ListFilter& filter) override;
  Result<ListPage<PositionRow>> positions(const ListFilter& filter) override;
  Result<ListPage<TradeRow>> trades(const ListFilter& filter) override;
  Result<ListPage<BrokerCallRow>> broker_calls(const ListFilter& filter) override;
  Result<ListPage<PauseRow>> pauses(const ListFilter& filter) override;
  Result<std::vector<AccountRow>> accounts() override;
  Result<ListPage<JournalEvent>> events(const ListFilter& filter) override;
  /// Also has SQLite check the whole file.
  Result<std::int64_t> verify() override;

private:
  template <class Answer, class F>
  Result<Answer> ask(F&& f);
  template <class T>
  Result<ListPage<T>> list(const ListFilter& filter);

  ReadPool pool_;
};

}  // namespace heed::sqlite
