// What does a row cost in each journal? The batches of a call and of its position's life from flat to flat, as the
// actors make them, appended to the journal alone: by one call a commit, and by 64.
//
//   bench_journal FOLDER     makes and removes FOLDER/journal-bench.db; PostgreSQL where bench/postgres.sh runs it
#include "persistence/journal.hpp"
#include "actors/position_journal.hpp"
#include "bench/bracket.hpp"
#include "bench/measure.hpp"
#include "bench/postgres.hpp"
#include "core/naming.hpp"
#include "persistence/json_write.hpp"
#include "persistence/open_postgres.hpp"

#include <sys/resource.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace heed;
using std::chrono::steady_clock;

Symbol symbol(std::size_t number) {
  std::string name = "QAAAA";
  for (std::size_t i = 4; i > 0; --i, number /= 26)
    name[i] = static_cast<char>('A' + number % 26);
  return name;
}

/// What the watcher stores of a call.
Batch received(std::size_t number, const Symbol& of) {
  Mention mention;
  mention.id = static_cast<std::int64_t>(number) + 1;
  mention.external_id = "bench-" + std::to_string(number);
  mention.source = "inbox";
  mention.signal = core::signal_id("bench", of.view());
  mention.symbol = of;
  mention.action = MentionAction::buy;
  mention.conviction = Decimal::from_units(900'000'000);
  mention.horizon = Horizon::weeks;
  mention.rationale_quote = "Orders are up for the third quarter in a row and nobody talks about it yet.";
  mention.created_at = mention.published_at = bench::open_session();
  JournalEvent event;
  event.at = mention.created_at;
  event.type = "signal_received";
  event.symbol = mention.symbol;
  event.signal = mention.signal;
  event.payload = to_json(mention);
  Batch batch;
  batch.events.push_back(std::move(event));
  batch.rows.emplace_back(SignalRow{mention.signal, mention.source, Origin::mention, of, "buy", mention.external_id,
                                    to_json(mention), 1, mention.created_at});
  batch.rows.emplace_back(Decision{mention.signal, "bench", {DispositionKind::received, ""}, "", mention.created_at});
  batch.rows.emplace_back(CursorRow{"inbox", std::to_string(number), mention.created_at});
  batch.rows.emplace_back(std::move(mention));
  return batch;
}

struct Life {
  std::vector<Batch> batches;
  std::size_t rows = 0;
};

Life life_of_a_call(std::size_t number) {
  const auto of = symbol(number);
  Life life;
  life.batches.push_back(received(number, of));
  auto state = bench::flat_state(of);
  const auto context = bench::bracket_context(of);
  core::Step step;
  for (const auto& input : bench::life_of_a_bracket(of)) {
    core::step(state, input, context, step);
    if (auto batch = to_batch(state, context, step); !batch.empty())
      life.batches.push_back(std::move(batch));
  }
  for (const auto& batch : life.batches)
    life.rows += batch.events.size() + batch.rows.size();
  return life;
}

double cpu_seconds() {
  rusage use{};
  ::getrusage(RUSAGE_SELF, &use);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

/// The n-th batches of `together` calls share a commit, as they do when so many callers wait.
void measure(const std::string& name, JournalWriter& writer, std::size_t first_call, std::size_t calls,
             std::size_t together) {
  std::vector<Life> lives;
  std::size_t rows = 0;
  for (std::size_t i = 0; i < calls; ++i)
    rows += lives.emplace_back(life_of_a_call(first_call + i)).rows;
  std::size_t commits = 0;
  const auto cpu_before = cpu_seconds();
  const auto begun = steady_clock::now();
  for (std::size_t first = 0; first < calls; first += together)
    for (std::size_t nth = 0; nth < lives[first].batches.size(); ++nth) {
      std::vector<Batch*> pointers;
      for (std::size_t i = first; i < std::min(first + together, calls); ++i)
        pointers.push_back(&lives[i].batches[nth]);
      if (const auto status = writer.append(pointers); !status)
        throw std::runtime_error{name + ": " + status.error().detail};
      ++commits;
    }
  const auto seconds = std::chrono::duration<double>(steady_clock::now() - begun).count();
  const auto cpu = cpu_seconds() - cpu_before;
  const auto label = name + ", " + std::to_string(together) + (together == 1 ? " call" : " calls") + " a commit";
  bench::result(label + ", rows", static_cast<double>(rows) / seconds, "rows/s");
  bench::result(label + ", commits", static_cast<double>(commits) / seconds, "commits/s");
  bench::result(label + ", processor time", cpu / static_cast<double>(rows) * 1e6, "us/row");
}

void remove_store(const std::string& path) {
  for (const char* part : {"", "-wal", "-shm", ".lock"})
    std::filesystem::remove(path + part);
}

void measure_sqlite(const std::string& folder) {
  std::filesystem::create_directories(folder);
  const auto path = folder + "/journal-bench.db";
  remove_store(path);
  {
    auto journal = open_sqlite_journal(path);
    if (!journal)
      throw std::runtime_error{journal.error().detail};
    measure("sqlite journal", *journal.value().writer, 0, 64UL * 40, 64);
    measure("sqlite journal", *journal.value().writer, 100'000, 300, 1);
  }
  remove_store(path);
}

void measure_postgres(const std::string& url) {
  auto journal = open_postgres_journal({url, {}});
  if (!journal)
    throw std::runtime_error{journal.error().detail};
  measure("postgres journal", *journal.value().writer, 0, 64UL * 20, 64);
  measure("postgres journal", *journal.value().writer, 100'000, 200, 1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: bench_journal FOLDER\n");
    return 2;
  }
  try {
    auto memory = open_memory_journal();
    measure("memory journal", *memory.writer, 0, 64UL * 40, 64);
    measure_sqlite(argv[1]);
    if (const auto postgres = bench::new_postgres_schema())
      measure_postgres(*postgres);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "bench_journal: %s\n", failure.what());
    return 1;
  }
  return 0;
}
