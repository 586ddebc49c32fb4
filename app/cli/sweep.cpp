// `heed sweep`
#include "app/cli/backtest.hpp"
#include "app/cli/stored_runs.hpp"
#include "backtest/output.hpp"
#include "backtest/store.hpp"
#include "backtest/sweep_run.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace heed::cli {
namespace {

using backtest::Axis;
using backtest::fixed;
using backtest::Params;
using backtest::Sweep;

/// Does `work(i)` for every i below `count` in several threads; `done(i)` is called in the caller's thread, in order.
bool in_parallel(std::size_t count, int jobs, const std::function<void(std::size_t)>& work,
                 const std::function<void(std::size_t)>& done) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<char> finished(count, 0);
  const auto worker = [&] {
    for (std::size_t i = next++; i < count; i = next++) {
      work(i);
      const std::lock_guard lock{mutex};
      finished[i] = 1;
      changed.notify_one();
    }
  };
  std::vector<std::jthread> threads;
  threads.reserve(static_cast<std::size_t>(jobs));
  for (int i = 0; i < jobs; ++i)
    threads.emplace_back(worker);
  for (std::size_t i = 0; i < count; ++i) {
    {
      std::unique_lock lock{mutex};
      changed.wait(lock, [&] { return finished[i] != 0; });
    }
    done(i);
  }
  return true;
}

std::string shown(const backtest::Metrics::Figure& figure) { return figure ? fixed(*figure, 2) : "-"; }

/// One sweep, from its arguments to its output.
class SweepRun {
public:
  SweepRun(Session& session, const SweepArguments& arguments) : session_{session}, a_{arguments} {}

  int run() {
    int exit = 0;
    if (!read_axes(exit) || !read_sets(exit))
      return exit;
    const auto input = read_past(session_, a_.past, sets_.front(), exit);
    if (!input)
      return exit;
    backtest::SharedGround shared{input->calls.calls, input->bars.bars};
    for (const auto& params : sets_)
      if (const auto status = shared.prepare(params); !status)
        return session_.fail(Exit::bad_data, status.error().detail);
    sweep_.mentions = a_.past.mentions;
    sweep_.bars = a_.past.bars;
    run_sets(shared);
    if (finish(exit) && !a_.past.no_store)
      keep_run(session_, {BacktestKind::sweep, backtest::params_json(base_, sweep_.axes, *sweep_.figure, a_.folds),
                          [this](BacktestRunRow row) { return backtest::rows_of(sweep_, std::move(row)); }});
    return exit;
  }

private:
  bool read_axes(int& exit);
  bool read_sets(int& exit);
  void run_sets(const backtest::SharedGround& shared);
  void print_head();
  void print_row(std::size_t i);
  bool finish(int& exit);
  int jobs() const {
    return a_.jobs > 0 ? a_.jobs : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  }
  bool streams() const { return !session_.globals().json; }

  Session& session_;
  const SweepArguments& a_;
  Sweep sweep_;
  Params base_;  // what every set has
  std::vector<Params> sets_;
};

bool SweepRun::read_axes(int& exit) {
  sweep_.figure = backtest::find_rank_figure(a_.metric);
  if (sweep_.figure == nullptr) {
    std::string names;
    for (const auto& figure : backtest::rank_figures())
      names += (names.empty() ? "" : ", ") + std::string{figure.name};
    exit = session_.fail(Exit::usage, "--metric " + a_.metric + " is none that sets can be ranked by", {},
                         "one of " + names);
    return false;
  }
  const auto add = [&](Result<Axis> axis) {
    if (!axis) {
      exit = session_.fail(Exit::usage, axis.error().detail);
      return false;
    }
    for (const auto& other : sweep_.axes)
      if (other.key == axis.value().key) {
        exit = session_.fail(Exit::usage, other.key + " is given twice");
        return false;
      }
    sweep_.axes.push_back(std::move(axis).value());
    return true;
  };
  for (const auto& grid : a_.grids)
    if (!add(backtest::parse_grid(grid)))
      return false;
  for (const auto& list : a_.lists)
    if (!add(backtest::parse_list(list)))
      return false;
  if (sweep_.axes.empty()) {
    exit = session_.fail(Exit::usage, "nothing to vary: give --grid key=from:to:step or --list key=value,value", {},
                         "like: --grid min_conviction=0.6:0.9:0.1 --list on_repeat_buy=top_up,roll");
    return false;
  }
  std::size_t count = 1;
  for (const auto& axis : sweep_.axes)
    count = std::min(backtest::sweep_sets_max + 1, count * axis.values.size());
  if (count > backtest::sweep_sets_max) {
    exit = session_.fail(Exit::usage, "more than " + std::to_string(backtest::sweep_sets_max) + " sets", {},
                         "take larger steps, or vary fewer parameters at once");
    return false;
  }
  return true;
}

bool SweepRun::read_sets(int& exit) {
  const auto base = settings_of(session_, a_.past, exit);
  if (!base)
    return false;
  base_ = base->params();
  for (auto& values : backtest::combinations(sweep_.axes)) {
    auto settings = *base;
    for (std::size_t i = 0; i < values.size(); ++i)
      if (const auto wrong = settings.set(sweep_.axes[i].key, values[i])) {
        exit = session_.fail(Exit::usage, *wrong, {}, "docs/backtest.md lists what can be set");
        return false;
      }
    sets_.push_back(settings.params());
    sweep_.rows.push_back({std::move(values), {}, {}, {}});
  }
  return true;
}

void SweepRun::run_sets(const backtest::SharedGround& shared) {
  Progress progress{session_};
  const auto of_all = [&](std::size_t i) { return std::to_string(i + 1) + " of " + std::to_string(sets_.size()); };
  if (streams())
    print_head();
  backtest::SweepTold told;
  told.row = [&](std::size_t i) {
    if (streams())
      print_row(i);
    else
      progress.say("run " + of_all(i));
  };
  told.walk = [&](std::size_t step, std::size_t i) {
    progress.say("walk forward, step " + std::to_string(step) + ": " + of_all(i));
  };
  const auto each = [this](std::size_t count, const auto& work, const auto& done) {
    return in_parallel(count, jobs(), work, done);
  };
  // Nobody ends it early.
  static_cast<void>(backtest::run_sweep(sweep_, sets_, shared, a_.folds, HEED_VERSION, each, told));
}

void SweepRun::print_head() {
  std::string line;
  for (const auto& axis : sweep_.axes)
    line += axis.key + "  ";
  session_.out() << painted(line + "| return % | alpha % | Sharpe | drawdown % | trades", Paint::bold,
                            session_.color())
                 << '\n';
}

// Written as it comes, so columns are as wide as their names.
void SweepRun::print_row(std::size_t i) {
  const auto& row = sweep_.rows[i];
  const auto cell = [](const std::string& text, std::size_t width) {
    return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
  };
  auto& out = session_.out();
  for (std::size_t k = 0; k < row.values.size(); ++k)
    out << cell(row.values[k], sweep_.axes[k].key.size()) << "  ";
  if (const auto& m = row.metrics)
    out << "| " << cell(shown(m->total_return_pct), 8) << " | " << cell(shown(m->alpha_pct), 7) << " | "
        << cell(shown(m->sharpe), 6) << " | " << cell(shown(m->max_drawdown_pct), 10) << " | "
        << cell(std::to_string(m->trade_count), 6) << '\n';
  else
    out << "| " << printable(row.error) << '\n';
  if (i % 16 == 0)
    out.flush();
}

bool SweepRun::finish(int& exit) {
  if (!a_.report_file.empty() && !write_file(session_, a_.report_file, backtest::to_html(sweep_), exit))
    return false;
  if (session_.globals().json) {
    session_.out() << backtest::to_json(sweep_) << '\n';
    return true;
  }
  const auto set_text = [&](std::size_t row) {
    std::string out;
    for (std::size_t i = 0; i < sweep_.axes.size(); ++i)
      out += (i == 0 ? "" : " ") + sweep_.axes[i].key + "=" + sweep_.rows[row].values[i];
    return out;
  };
  const auto best = sweep_.ranking().front();
  if (sweep_.rows[best].metrics)
    session_.out() << "\nbest by " << sweep_.figure->name << ": " << set_text(best) << ", "
                   << shown(sweep_.figure->of(*sweep_.rows[best].metrics)) << '\n';
  if (!sweep_.walk.empty()) {
    Table table{{{"best set in sample"},
                 {"out of sample from"},
                 {"to"},
                 {std::string{sweep_.figure->name} + " in sample", Align::right},
                 {"out of sample", Align::right}}};
    for (const auto& step : sweep_.walk)
      table.row({{set_text(step.best)},
                 {to_iso_date(step.out_of_sample.from)},
                 {to_iso_date(step.out_of_sample.to)},
                 {shown(sweep_.figure->of(step.in))},
                 {shown(sweep_.figure->of(step.out))}});
    session_.out() << '\n';
    table.print(session_.out(), session_.color(), session_.width());
  }
  session_.out() << '\n' << painted("warning:", Paint::yellow, session_.color()) << ' ' << sweep_.warning() << '\n';
  return true;
}

}  // namespace

int run_sweep(Session& session, const SweepArguments& arguments) { return SweepRun{session, arguments}.run(); }

}  // namespace heed::cli
