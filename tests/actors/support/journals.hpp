// Journals that fail when they are told to, and remember how they were written to.
#pragma once

#include "actors/journal_actor.hpp"
#include "support/system.hpp"

#include <functional>
#include <limits>
#include <memory>
#include <vector>

namespace heed::test {

/// What stands between the journal actor and its store. Shared with the test, so that it outlives the actors.
struct JournalControl {
  JournalPair pair = open_memory_journal();
  static constexpr int never = std::numeric_limits<int>::max();
  int appends = 0;        // calls so far
  int fail_from = never;  // this call (counted from 1) and `failures - 1` after it
  int failures = 1;
  int upkeeps = 0;  // appends of nothing
  ErrorKind kind = ErrorKind::unavailable;
  std::string code = "TEST";
  bool upkeep_fails = false;
  bool written_all_the_same = false;  // with kind unknown: the commit did happen
  std::vector<std::size_t> sizes;     // batches per call
  std::function<void()> after_append;

  JournalReader& reader() { return *pair.reader; }
  void fail_next(int count = 1) {
    fail_from = appends + 1;
    failures = count;
  }
};

class ControlledWriter final : public JournalWriter {
public:
  explicit ControlledWriter(std::shared_ptr<JournalControl> control) : control_{std::move(control)} {}
  Status append(std::span<Batch* const> batches) override {
    auto& c = *control_;
    if (batches.empty()) {
      ++c.upkeeps;
      if (c.upkeep_fails)
        return Error{c.kind, c.code, "somebody was at it"};
      return c.pair.writer->append(batches);
    }
    ++c.appends;
    c.sizes.push_back(batches.size());
    Status status = Ok{};
    const bool fails = c.appends >= c.fail_from && c.appends - c.fail_from < c.failures;
    if (!fails || c.written_all_the_same)
      status = c.pair.writer->append(batches);
    if (fails)
      status = Error{c.kind, c.code, "the disk is full"};
    if (c.after_append)
      c.after_append();
    return status;
  }

private:
  std::shared_ptr<JournalControl> control_;
};

struct TestJournal {
  std::shared_ptr<JournalControl> control = std::make_shared<JournalControl>();
  std::shared_ptr<Telemetry> telemetry = std::make_shared<Telemetry>();
  std::vector<std::vector<Batch>> commits;  // as told by on_commit
  JournalActor actor;
  std::chrono::milliseconds watch_interval{0};
  std::size_t commit_batch_max = 512;

  void start(TestSystem& system) {
    auto args = std::make_shared<JournalActorArgs>();
    args->writer = std::make_unique<ControlledWriter>(control);
    args->telemetry = telemetry;
    args->watch_interval = watch_interval;
    args->commit_batch_max = commit_batch_max;
    args->on_commit = [this](std::span<const Batch> batches) {
      commits.emplace_back(batches.begin(), batches.end());
    };
    actor = system.spawn(journal_actor, args);
  }
  JournalReader& reader() { return control->reader(); }
};

/// All rows of a list.
template <class T>
std::vector<T> all(Result<ListPage<T>> page) {
  if (!page)
    FAIL(page.error().detail);
  REQUIRE(page.value().next_cursor.empty());
  return std::move(page).value().rows;
}
inline ListFilter everything() {
  ListFilter filter;
  filter.limit = 1000;
  filter.oldest_first = true;
  return filter;
}

/// Disposition of each decision of a signal, by account: "paper=filled".
inline std::vector<std::string> dispositions(JournalReader& reader, const SignalId& signal) {
  const auto view = reader.signal(signal);
  REQUIRE(view.ok());
  std::vector<std::string> out;
  if (view.value())
    for (const auto& decision : view.value()->decisions)
      out.push_back(decision.account.str() + "=" + decision.disposition.str());
  return out;
}

}  // namespace heed::test
