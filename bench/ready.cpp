// How long does a daemon with a past take until it is ready? From exec to the ready line, with a journal of a million
// rows and a thousand open positions, trading at the built-in exchange.
//
//   bench_ready HEED_BINARY FOLDER       makes FOLDER/heed.db when it is not there
//   bench_ready --past FILE ACCOUNT      makes FILE, the same past of that account but nothing held
#include "actors/position_journal.hpp"
#include "bench/bracket.hpp"
#include "bench/child.hpp"
#include "bench/measure.hpp"
#include "core/naming.hpp"
#include "persistence/journal.hpp"
#include "persistence/json_write.hpp"

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace heed;

constexpr std::size_t old_calls = 200'000;  // five rows each
constexpr std::size_t positions = 1'000;

Symbol symbol(std::size_t number) {
  std::string name = "QAAA";
  for (std::size_t i = 3; i > 0; --i, number /= 26)
    name[i] = static_cast<char>('A' + number % 26);
  return name;
}

JournalEvent event_of(const Mention& mention, const AccountId& account, std::string type, std::string payload) {
  JournalEvent event;
  event.at = mention.created_at;
  event.type = std::move(type);
  event.account = account;
  event.symbol = mention.symbol;
  event.signal = mention.signal;
  event.payload = std::move(payload);
  return event;
}

/// A call that was decided long ago, or lately when its number is high.
Batch decided_call(std::size_t number, const std::string& disposition, const AccountId& account) {
  Mention mention;
  mention.id = static_cast<std::int64_t>(number) + 1;
  mention.external_id = "old-" + std::to_string(number);
  mention.source = "inbox";
  mention.signal = core::signal_id(mention.source, mention.external_id);
  mention.symbol = symbol(number % positions);
  mention.action = MentionAction::buy;
  mention.conviction = Decimal::from_units(500'000'000);
  mention.rationale_quote = "Orders are up for the third quarter in a row and nobody talks about it yet.";
  mention.created_at = mention.published_at =
    bench::open_session() - std::chrono::minutes{(old_calls - std::min(number, old_calls)) * 5};
  Decision decision{mention.signal, account, {DispositionKind::no_op, disposition}, "as it was", mention.created_at};
  Batch batch;
  batch.events.push_back(event_of(mention, account, "signal_received", to_json(mention)));
  batch.events.push_back(event_of(mention, account, "decision", to_json(decision)));
  batch.rows.emplace_back(SignalRow{mention.signal,
                                    mention.source,
                                    Origin::mention,
                                    mention.symbol,
                                    "buy",
                                    mention.external_id,
                                    {},
                                    1,
                                    mention.created_at});
  batch.rows.emplace_back(std::move(mention));
  batch.rows.emplace_back(std::move(decision));
  return batch;
}

/// Everything the machine says until the bracket's exits are at work.
std::vector<Batch> open_position(const Symbol& of) {
  std::vector<Batch> batches;
  auto state = bench::flat_state(of);
  const auto context = bench::bracket_context(of);
  auto life = bench::life_of_a_bracket(of);
  life.resize(bench::open_after);
  core::Step step;
  SignalRow signal;
  signal.signal = core::signal_id("bench", of.view());
  signal.source = "inbox";
  signal.symbol = of;
  signal.action = "buy";
  signal.idempotency_key = of.str();
  signal.followers = 1;
  signal.received_at = context.now;
  batches.emplace_back();
  batches.back().rows.emplace_back(signal);
  for (const auto& input : life) {
    core::step(state, input, context, step);
    if (auto batch = to_batch(state, context, step); !batch.empty())
      batches.push_back(std::move(batch));
  }
  return batches;
}

void append(JournalWriter& writer, std::vector<Batch>& batches) {
  std::vector<Batch*> pointers;
  pointers.reserve(batches.size());
  for (auto& batch : batches)
    pointers.push_back(&batch);
  if (const auto status = writer.append(pointers); !status)
    throw std::runtime_error{status.error().detail};
  batches.clear();
}

void make_journal(const std::string& path, const AccountId& account, std::size_t held) {
  bench::note("making " + path);
  const auto unfinished = path + ".new";
  for (const char* part : {"", "-wal", "-shm", ".lock", "-lock"})
    std::filesystem::remove(unfinished + part);
  {
    auto journal = open_sqlite_journal(unfinished);
    if (!journal)
      throw std::runtime_error{journal.error().detail};
    auto& writer = *journal.value().writer;
    std::vector<Batch> batches;
    for (std::size_t i = 0; i < old_calls; ++i) {
      batches.push_back(decided_call(i, i % 3 == 0 ? "low_conviction" : "too_old", account));
      if (batches.size() == 1'000)
        append(writer, batches);
    }
    for (std::size_t i = 0; i < held; ++i) {
      auto more = open_position(symbol(i));
      std::move(more.begin(), more.end(), std::back_inserter(batches));
    }
    append(writer, batches);
  }
  std::filesystem::rename(unfinished, path);
}

std::string config_text(const std::string& folder) {
  return "[daemon]\ndata_dir = \"" + folder +
         R"("
log_level = "error"
[clock]
source = "exchange"
[api]
listen = "127.0.0.1:0"
[inspect]
enabled = false
[exchange]
listen = "127.0.0.1:0"
synthetic_seed = 7
symbols = ["SPY"]
start = 2026-03-03T15:00:00Z
[[account]]
id = "bench"
[[source]]
id = "inbox"
kind = "inbox"
[[strategy]]
id = "mentions"
[[route]]
sources = ["inbox"]
strategy = "mentions"
accounts = ["bench"]
)";
}

void measure(const std::string& heed, const std::string& folder) {
  std::filesystem::create_directories(folder);
  const auto journal = folder + "/heed.db";
  const auto config = folder + "/heed.toml";
  if (!std::filesystem::exists(journal))
    make_journal(journal, "bench", positions);
  std::ofstream{config} << config_text(folder);
  std::filesystem::permissions(config, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  std::filesystem::remove(folder + "/exchange.json");
  const auto begun = std::chrono::steady_clock::now();
  bench::Child child{{heed, "run", "--config", config}, folder + "/heed.log"};
  const auto line = child.line(std::chrono::seconds{60});
  const auto took = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count();
  if (!line.starts_with("heed: ready"))
    throw std::runtime_error{"heed did not become ready, see " + folder + "/heed.log: " + line};
  bench::result("ready, 1M rows and 1,000 positions", took, "ms");
  bench::result("memory when ready, 1,000 positions", static_cast<double>(child.resident_bytes()) / 1048576.0, "MiB");
}

}  // namespace

int main(int argc, char** argv) {
  const bool past = argc == 4 && std::string{argv[1]} == "--past";
  if (argc != 3 && !past) {
    std::fprintf(stderr, "usage: bench_ready HEED_BINARY FOLDER | --past FILE ACCOUNT\n");
    return 2;
  }
  try {
    if (past)
      make_journal(argv[2], AccountId{argv[3]}, 0);
    else
      measure(argv[1], argv[2]);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "bench_ready: %s\n", failure.what());
    return 1;
  }
  return 0;
}
