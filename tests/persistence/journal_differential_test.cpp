// The same random history and the same random questions to every journal: the answers must be equal.
#include "tests/persistence/support.hpp"

#include <array>
#include <functional>
#include <random>

using namespace heed;
using namespace heed::test;

namespace {

/// A small world, so that keys are written again and filters hit.
class Dice {
public:
  explicit Dice(std::uint64_t seed) : random_{seed} {}
  int below(int n) { return static_cast<int>(random_() % static_cast<std::uint64_t>(n)); }
  bool coin(int one_in = 2) { return below(one_in) == 0; }
  const char* pick(std::initializer_list<const char*> from) {
    return from.begin()[below(static_cast<int>(from.size()))];
  }
  std::string id(const char* prefix, int n) { return prefix + std::to_string(below(n)); }
  template <class E>
  E any() {
    return static_cast<E>(below(static_cast<int>(EnumNames<E>::names.size())));
  }
  const char* account() { return pick({"main", "other"}); }
  const char* symbol() { return pick({"NVDA", "TSLA", "AMD"}); }
  std::string signal() { return coin(8) ? std::string{} : id("s-", 12); }

private:
  std::mt19937_64 random_;
};

Row random_row(Dice& dice) {
  const int at = dice.below(50);
  switch (dice.below(18)) {
    case 0: return a_signal(dice.id("s-", 12), at, dice.symbol(), dice.pick({"calls", "tv"}), dice.below(3));
    case 1: return a_mention(dice.below(20), at, dice.symbol());
    case 2: return RejectedInputRow{dice.pick({"calls", "tv"}), dice.id("line:", 9), "f", "r", "b", minute(at)};
    case 3:
      return a_decision(dice.id("s-", 14), dice.account(), dice.any<DispositionKind>(),
                        dice.pick({"", "x", "not_held"}), at);
    case 4: {
      auto intent = an_intent(dice.id("i-", 20), at, dice.account(), dice.symbol());
      intent.signal = dice.signal();
      return intent;
    }
    case 5: {
      auto order =
        an_order(dice.id("o-", 20), dice.any<OrderStatus>(), at, dice.any<Leg>(), dice.account(), dice.symbol());
      order.signal = dice.signal();
      return order;
    }
    case 6: {
      auto fill = a_fill(dice.id("e-", 20), at, dice.account(), dice.symbol());
      fill.lot = dice.id("i-", 2);
      fill.signal = dice.signal();
      return fill;
    }
    case 7: return a_position(dice.account(), dice.symbol(), dice.pick({"Flat", "Open"}), dice.coin(), at);
    case 8: return a_trade(dice.id("i-", 20), at, dice.account());
    case 9: return CursorRow{dice.pick({"calls", "tv"}), std::to_string(at), minute(at)};
    case 10: return a_pause(dice.account(), dice.pick({"manual", "daily_loss"}), dice.coin());
    case 11: return BlockRow{dice.account(), dice.symbol(), minute(at), "s"};
    case 12: return an_account(dice.account(), at);
    case 13:
      return BarRow{
        dice.symbol(),    "1d", Date{std::chrono::days{19'000 + at}}, dec("10.5"), dec("11"), dec("9.25"), dec("10"),
        dice.below(1'000)};
    case 14:
      return BacktestRunRow{dice.id("b-", 6),
                            dice.any<BacktestKind>(),
                            dice.any<BacktestStatus>(),
                            "{}",
                            "d",
                            "{}",
                            "",
                            minute(at),
                            dice.coin() ? std::optional{minute(at + 1)} : std::nullopt};
    case 15: return BacktestResultRow{dice.id("b-", 6), dice.below(3), dice.id("{}", 9)};
    case 16:
      return BacktestTradeRow{dice.id("b-", 6),
                              dice.below(5),
                              dice.symbol(),
                              at,
                              Date{std::chrono::days{19'000}},
                              dec("10"),
                              Date{std::chrono::days{19'000 + at}},
                              dec("11"),
                              dec("3"),
                              dec("3"),
                              "10",
                              at,
                              dice.any<CloseReason>()};
    default: return a_call(dice.account(), at);
  }
}

Batch random_batch(Dice& dice) {
  Batch batch;
  for (int i = dice.below(4); i > 0; --i)
    batch.events.push_back(an_event(dice.pick({"planned", "booked"}), dice.coin() ? dice.account() : "",
                                    dice.coin() ? dice.symbol() : "", dice.signal().c_str(),
                                    dice.coin() ? dice.id("o-", 20).c_str() : "", dice.below(50)));
  for (int i = dice.below(6); i > 0; --i)
    batch.rows.push_back(random_row(dice));
  return batch;
}

ListFilter random_filter(Dice& dice) {
  ListFilter f;
  if (dice.coin(4))
    f.account = dice.account();
  if (dice.coin(4))
    f.symbol = dice.symbol();
  if (dice.coin(6))
    f.signal = dice.id("s-", 14);
  if (dice.coin(8))
    f.source = dice.pick({"calls", "tv"});
  if (dice.coin(8))
    f.order = dice.id("o-", 20);
  if (dice.coin(8))
    f.type = dice.pick({"planned", "limit", "POST", "buy", "REDUCE", "sweep"});
  if (dice.coin(4))
    f.status = dice.pick(
      {"live", "done", "filled", "open", "all", "active", "no_op", "no_op:not_held", "running", "nonsense"});
  if (dice.coin(4))
    f.from = minute(dice.below(50));
  if (dice.coin(4))
    f.to = minute(dice.below(50));
  f.limit = 1 + dice.below(9);
  f.oldest_first = dice.coin();
  return f;
}

struct ShownFunnel {
  std::vector<std::pair<std::string, std::int64_t>> counts;
  HEED_FIELDS(counts);
};

std::string shown(const SignalView& view) { return to_json(view.signal) + to_json(view.decisions); }

template <class T>
std::string shown(const std::vector<T>& rows) {
  std::string out;
  for (const auto& row : rows) {
    if constexpr (std::same_as<T, SignalView>)
      out += shown(row);
    else
      out += to_json(row);
    out += '\n';
  }
  return out;
}

// Three pages at most. The text of a cursor is each journal's own.
template <class F>
std::string shown_pages(ListFilter filter, F&& list) {
  std::string out;
  for (int pages = 0; pages < 3; ++pages) {
    const auto page = list(filter);
    if (!page)
      return out + page.error().code + ' ' + page.error().detail;
    out += shown(page.value().rows);
    filter.cursor = page.value().next_cursor;
    if (filter.cursor.empty())
      return out + "end";
    out += "more\n";
  }
  return out;
}

std::string shown(const RecoveredState& s) {
  return shown(s.positions) + '|' + shown(s.working_orders) + '|' + shown(s.todays_entries) + '|' +
         shown(s.todays_trades) + '|' + shown(s.todays_fills) + '|' + shown(s.pauses) + '|' + shown(s.blocks) + '|' +
         shown(s.accounts) + '|' + shown(s.cursors) + '|' + shown(s.undecided) + '|' + shown(s.recent_mentions) +
         '|' + std::to_string(s.last_seq) + '|' + std::to_string(s.last_mention_id);
}

std::string ask(JournalReader& reader, int question, const ListFilter& filter) {
  switch (question) {
    case 0: return shown_pages(filter, [&](const ListFilter& f) { return reader.signals(f); });
    case 1: return shown_pages(filter, [&](const ListFilter& f) { return reader.mentions(f); });
    case 2: return shown_pages(filter, [&](const ListFilter& f) { return reader.rejected_inputs(f); });
    case 3: return shown_pages(filter, [&](const ListFilter& f) { return reader.intents(f); });
    case 4: return shown_pages(filter, [&](const ListFilter& f) { return reader.orders(f); });
    case 5: return shown_pages(filter, [&](const ListFilter& f) { return reader.fills(f); });
    case 6: return shown_pages(filter, [&](const ListFilter& f) { return reader.positions(f); });
    case 7: return shown_pages(filter, [&](const ListFilter& f) { return reader.trades(f); });
    case 8: return shown_pages(filter, [&](const ListFilter& f) { return reader.broker_calls(f); });
    case 9: return shown_pages(filter, [&](const ListFilter& f) { return reader.pauses(f); });
    case 10: return shown_pages(filter, [&](const ListFilter& f) { return reader.events(f); });
    case 11: {
      const auto counts = reader.funnel(filter);
      return counts ? to_json(ShownFunnel{counts.value()}) : counts.error().detail;
    }
    case 12: return shown(must(reader.recover(filter.from.value_or(minute(0)), filter.to.value_or(minute(0)))));
    case 13: return shown(must(reader.accounts()));
    case 14: {
      const auto id = filter.signal.empty() ? "s-1" : filter.signal;
      const auto view = must(reader.signal(id));
      return (view ? shown(*view) : "none") + (must(reader.has_signal(id)) ? " known" : " unknown");
    }
    case 15: {
      const std::vector<SignalId> asked{"s-1", filter.signal.empty() ? "s-2" : filter.signal.c_str(), "s-3", "s-1"};
      std::string out;
      for (const auto& links : must(reader.links(asked))) {
        for (const auto& [account, intent] : links.intents)
          out += account.str() + ' ' + intent.str() + ',';
        for (const auto& [account, order] : links.orders)
          out += account.str() + ' ' + order.str() + ',';
        out += '|';
      }
      return out;
    }
    case 16: return shown_pages(filter, [&](const ListFilter& f) { return reader.backtest_runs(f); });
    case 17: {
      const auto run = must(reader.backtest_run("b-1"));
      return (run ? to_json(*run) : "none") + must(reader.backtest_result("b-2")) +
             shown(must(reader.backtest_trades("b-3")));
    }
    case 18: {
      std::string out;
      for (const auto& symbol : must(reader.bar_symbols()))
        out += symbol.str() + ' ';
      const auto date = [](const std::optional<Instant>& at) {
        return at ? std::optional{Date{std::chrono::days{19'000 + (*at - minute(0)) / std::chrono::minutes{1}}}}
                  : std::nullopt;
      };
      return out + shown(must(reader.bars("NVDA", date(filter.from), date(filter.to))));
    }
    default: return to_json(must(reader.order(filter.order.empty() ? "o-1" : filter.order)));
  }
}

}  // namespace

namespace {

/// A journal that survives its being closed.
struct Kept {
  std::string kind;
  std::function<JournalPair()> open;
  JournalPair pair;
};

void append_copies(JournalWriter& writer, const std::vector<Batch>& batches, std::vector<std::string>& seqs) {
  auto copies = batches;
  std::vector<Batch*> pointers;
  for (auto& batch : copies)
    pointers.push_back(&batch);
  must(writer.append(pointers));
  seqs.clear();
  for (const auto& batch : copies)
    seqs.push_back(to_json(batch.events));
}

}  // namespace

TEST_CASE("journals answer alike to any history and any question", "[persistence][differential]") {
  const auto seed = GENERATE(range(1, 13));
  Dice dice{static_cast<std::uint64_t>(seed)};
  auto memory = open_store("memory");
  TempFolder folder;
  const auto url = PostgresServer::get().new_schema();
  std::array<Kept, 2> others;
  others[0].kind = "sqlite";
  others[0].open = [&] { return must(open_sqlite_journal(folder.file())); };
  others[1].kind = "postgres";
  others[1].open = [&] { return must(open_postgres_journal({url, std::chrono::seconds{20}})); };
  for (auto& other : others)
    other.pair = other.open();
  for (int step = 0; step < 120; ++step) {
    std::vector<Batch> batches;
    for (int i = dice.below(3); i >= 0; --i)
      batches.push_back(random_batch(dice));
    std::vector<std::string> expected, got;
    append_copies(memory.writer(), batches, expected);
    const bool reopen = dice.coin(40);
    for (auto& other : others) {
      append_copies(*other.pair.writer, batches, got);
      REQUIRE(got == expected);
      if (reopen) {
        other.pair = {};
        other.pair = other.open();
      }
    }
    for (int i = 0; i < 6; ++i) {
      const int question = dice.below(20);
      const auto filter = random_filter(dice);
      const auto answer = ask(memory.reader(), question, filter);
      for (auto& other : others) {
        INFO("seed " << seed << ", step " << step << ", question " << question << ", " << other.kind);
        REQUIRE(ask(*other.pair.reader, question, filter) == answer);
      }
    }
  }
  for (auto& other : others)
    CHECK(must(other.pair.reader->verify()) == must(memory.reader().verify()));
}
