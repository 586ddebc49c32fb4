#include "app/cli/bar_shelf.hpp"

#include "app/cli/named_store.hpp"
#include "backtest/bar_rows.hpp"
#include "backtest/store.hpp"
#include "persistence/journal.hpp"
#include "persistence/open_postgres.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace heed::cli {
namespace {

constexpr std::string_view store_name = "store";
constexpr std::size_t rows_per_commit = 5'000;

class FolderShelf final : public BarShelf {
public:
  explicit FolderShelf(std::string folder) : folder_{std::move(folder)} {}

  Result<backtest::LoadedBars> load(const std::vector<Symbol>&, const BacktestArguments& a,
                                    Progress& progress) override {
    backtest::BarOptions options;
    options.use_cache = !a.no_cache;
    options.progress = [&](std::size_t done, std::size_t all) {
      progress.say("reading bars: " + std::to_string(done) + " of " + std::to_string(all) + " files");
    };
    return backtest::load_bars(folder_, options);
  }
  Result<backtest::BarsBySymbol> kept(const std::vector<Symbol>& symbols, std::vector<Symbol>& untouchable,
                                      std::vector<backtest::Issue>& issues) override {
    return backtest::read_bar_files(folder_, symbols, untouchable, issues);
  }
  Status keep(const Symbol& symbol, const core::BarColumns& bars) override {
    return backtest::write_bar_file(folder_, symbol, bars);
  }
  std::string name_of(const Symbol& symbol) const override { return folder_ + "/" + symbol.str() + ".csv"; }

private:
  std::string folder_;
};

/// A writer only where it is added to: a PostgreSQL store that is only read may be another machine's daemon's.
class StoreShelf final : public BarShelf {
public:
  StoreShelf(std::unique_ptr<JournalWriter> writer, std::shared_ptr<JournalReader> reader)
      : writer_{std::move(writer)}, reader_{std::move(reader)} {}

  Result<backtest::LoadedBars> load(const std::vector<Symbol>& symbols, const BacktestArguments&,
                                    Progress& progress) override {
    std::size_t read = 0;
    return backtest::load_bar_rows(std::string{store_name}, symbols, [&](const Symbol& symbol) {
      progress.say("reading bars: " + std::to_string(read++) + " of " + std::to_string(symbols.size()) + " symbols");
      return reader_->bars(symbol, {}, {});
    });
  }
  Result<backtest::BarsBySymbol> kept(const std::vector<Symbol>& symbols, std::vector<Symbol>&,
                                      std::vector<backtest::Issue>&) override {
    backtest::BarsBySymbol out;
    for (const auto& symbol : symbols) {
      const auto rows = reader_->bars(symbol, {}, {});
      if (!rows)
        return rows.error();
      std::vector<backtest::Issue> told_when_loaded;
      if (!rows.value().empty())
        out.emplace(symbol, backtest::check_rows(std::string{store_name}, symbol, rows.value(), told_when_loaded));
    }
    return out;
  }
  Status keep(const Symbol& symbol, const core::BarColumns& bars) override {
    auto rows = backtest::rows_of(symbol, bars);
    for (std::size_t i = 0; i < rows.size(); i += rows_per_commit) {
      Batch batch;
      const auto end = std::min(rows.size(), i + rows_per_commit);
      for (auto row = i; row < end; ++row)
        batch.rows.emplace_back(std::move(rows[row]));
      Batch* const one = &batch;
      if (auto written = writer_->append({&one, 1}); !written)
        return written;
    }
    return Ok{};
  }
  std::string name_of(const Symbol& symbol) const override { return std::string{store_name} + "/" + symbol.str(); }

private:
  std::unique_ptr<JournalWriter> writer_;
  std::shared_ptr<JournalReader> reader_;
};

Result<JournalPair> open_pair(const config::Config& config, bool writes) {
  if (config.journal.kind == config::JournalKind::sqlite && writes) {
    std::error_code told_by_opening;
    std::filesystem::create_directories(std::filesystem::path{config.journal.path}.parent_path(), told_by_opening);
  }
  if (config.journal.kind == config::JournalKind::sqlite)
    return open_sqlite_journal(config.journal.path);
  if (writes)
    return open_postgres_journal({config.journal.url.reveal(), {}});
  auto reader = read_postgres_journal(config.journal.url.reveal());
  if (!reader)
    return reader.error();
  return JournalPair{nullptr, std::move(reader).value()};
}

std::unique_ptr<BarShelf> open_store(Session& session, const BacktestArguments& a, int& exit) {
  constexpr std::string_view folder_hint = "a folder of that name is ./store";
  if (session.globals().config.empty()) {
    exit = session.fail(Exit::usage, "--bars store needs --config, which names the store", {}, folder_hint);
    return nullptr;
  }
  Exit failed = Exit::done;
  const auto config = session.load_part(session.globals().config, failed);
  if (!config) {
    exit = static_cast<int>(failed);
    return nullptr;
  }
  if (!session.has_secret("journal.url", exit))
    return nullptr;
  if (config->journal.kind == config::JournalKind::memory) {
    exit = session.fail(Exit::usage, "--bars store: the configured journal is kept in memory only", {}, folder_hint);
    return nullptr;
  }
  std::error_code ignored;
  if (config->journal.kind == config::JournalKind::sqlite && a.fetch.empty() &&
      !std::filesystem::exists(config->journal.path, ignored)) {
    exit = session.fail(Exit::missing_input, "there is no store " + config->journal.path, {},
                        "fill one with --fetch missing, or name a folder with --bars");
    return nullptr;
  }
  auto pair = open_pair(*config, !a.fetch.empty());
  if (pair)
    return std::make_unique<StoreShelf>(std::move(pair.value().writer), std::move(pair.value().reader));
  exit = session.fail(exit_of(pair.error()), "the store cannot be opened", pair.error().detail,
                      "while a daemon holds it, let the daemon run the backtest (POST /api/v1/backtests), or name a "
                      "folder with --bars");
  return nullptr;
}

}  // namespace

std::unique_ptr<BarShelf> open_shelf(Session& session, const BacktestArguments& a, int& exit) {
  if (a.bars == store_name)
    return open_store(session, a, exit);
  std::error_code ignored;
  if (a.fetch.empty() && !std::filesystem::exists(a.bars, ignored)) {
    exit = session.fail(Exit::missing_input, "there is no " + a.bars, {},
                        "--bars names a folder of SYMBOL.csv or SYMBOL.csv.gz, or \"store\"");
    return nullptr;
  }
  return std::make_unique<FolderShelf>(a.bars);
}

}  // namespace heed::cli
