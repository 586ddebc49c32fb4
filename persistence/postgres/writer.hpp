// The writing half of the PostgreSQL journal. A commit is one message to the server and one answer: many statements
// of many rows each. When the answer is lost, the journal is asked what became of it.
#pragma once

#include "persistence/postgres/lease.hpp"
#include "persistence/row_plan.hpp"

#include <optional>
#include <string>

namespace heed::postgres {

class Writer final : public JournalWriter {
public:
  Writer(Options options, Held held);

  /// Appending nothing asks whether this process may still write.
  Status append(std::span<Batch* const> batches) override;

private:
  /// What became of a commit whose answer never came.
  enum class Fate { committed, undone, unknown };

  Status commit(std::span<Batch* const> batches);
  Status fail(const Failure& failure);
  bool is_connected();
  Fate look_for_commit();
  void compose(std::span<Batch* const> batches);
  void compose_rows();
  void compose_marks();
  void compose_events(std::span<Batch* const> batches);
  void take_back(std::span<Batch* const> batches);

  const Options options_;
  const std::string name_;
  std::unique_ptr<Connection> connection_;  // null after it was lost
  int process_ = 0;                         // the server's, of the last connection
  Head head_, next_;                        // before and after the commit under way
  std::int64_t last_broker_call_ = 0, next_broker_call_ = 0;
  ChainHasher hasher_;
  RowPlan plan_;
  std::string text_;
  std::chrono::steady_clock::time_point not_before_{};  // of the next try to connect
  std::optional<Error> over_;                           // why this writer can never write again
};

}  // namespace heed::postgres
