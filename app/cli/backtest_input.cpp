// What backtest and sweep read, and how they speak of it.
#include "app/cli/bar_shelf.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace heed::cli {
namespace {

constexpr auto first_said_after = std::chrono::seconds{1};
constexpr auto said_every = std::chrono::milliseconds{100};
constexpr std::size_t notes_shown = 20;

bool apply(BacktestSettings& settings, Session& session, const std::string& key, const std::string& text, int& exit) {
  if (text.empty())
    return true;
  if (const auto wrong = settings.set(key, text)) {
    exit = session.fail(Exit::usage, *wrong);
    return false;
  }
  return true;
}

bool apply_sets(BacktestSettings& settings, Session& session, const std::vector<std::string>& sets, int& exit) {
  for (const auto& set : sets) {
    const auto equals = set.find('=');
    if (equals == std::string::npos || equals == 0) {
      exit = session.fail(Exit::usage, "--set " + set + " is not of the form key=value", {},
                          "like: --set min_conviction=0.7");
      return false;
    }
    if (const auto wrong = settings.set(set.substr(0, equals), set.substr(equals + 1))) {
      exit = session.fail(Exit::usage, "--set " + *wrong, {}, "docs/backtest.md lists what can be set");
      return false;
    }
  }
  return true;
}

void say_notes(const Session& session, const std::vector<std::string>& notes) {
  const auto shown = session.globals().verbose ? notes.size() : std::min(notes.size(), notes_shown);
  for (std::size_t i = 0; i < shown; ++i)
    session.err() << painted("note:", Paint::yellow, session.err_color()) << ' ' << printable(notes[i]) << '\n';
  if (shown < notes.size())
    session.err() << "  and " << notes.size() - shown << " more about the input; -v shows them all\n";
}

bool is_missing(const std::string& path) {
  std::error_code ignored;
  return !std::filesystem::exists(path, ignored);
}

int fail_input(Session& session, const Error& error) {
  return session.fail(error.kind == ErrorKind::unavailable ? Exit::missing_input : Exit::bad_data, error.detail);
}

}  // namespace

Progress::Progress(const Session& session)
    : session_{session}, begin_{std::chrono::steady_clock::now()}, last_{begin_} {}

void Progress::say(const std::string& what) {
  if (!session_.surroundings().err_is_terminal)
    return;
  const auto now = std::chrono::steady_clock::now();
  if (now - begin_ < first_said_after || now - last_ < said_every)
    return;
  last_ = now;
  shown_ = true;
  session_.err() << "\r\x1b[K" << what << std::flush;
}

void Progress::clear() {
  if (shown_)
    session_.err() << "\r\x1b[K" << std::flush;
  shown_ = false;
}

std::optional<BacktestSettings> settings_of(Session& session, const BacktestArguments& a, int& exit) {
  BacktestSettings settings;
  if (!session.globals().config.empty()) {
    Exit failed = Exit::done;
    const auto config = session.load_part(session.globals().config, failed);
    if (!config) {
      exit = static_cast<int>(failed);
      return std::nullopt;
    }
    if (const auto wrong = settings.take(*config, a.strategy, a.account)) {
      exit = session.fail(Exit::usage, *wrong);
      return std::nullopt;
    }
  }
  if (!a.profile.empty())
    if (const auto wrong = settings.set_profile(a.profile)) {
      exit = session.fail(Exit::usage, *wrong);
      return std::nullopt;
    }
  if (!apply_sets(settings, session, a.sets, exit) || !apply(settings, session, "benchmark", a.benchmark, exit) ||
      !apply(settings, session, "from", a.from, exit) || !apply(settings, session, "to", a.to, exit) ||
      !apply(settings, session, "capital", a.capital, exit) ||
      !apply(settings, session, "default_conviction", a.default_conviction, exit))
    return std::nullopt;
  const auto params = settings.params();
  if (params.from && params.to && *params.from > *params.to) {
    exit =
      session.fail(Exit::usage, "--from " + to_iso_date(*params.from) + " is after --to " + to_iso_date(*params.to));
    return std::nullopt;
  }
  return settings;
}

std::optional<backtest::Input> read_past(Session& session, const BacktestArguments& a, const backtest::Params& params,
                                         int& exit) {
  if (is_missing(a.mentions)) {
    exit = session.fail(Exit::missing_input, "there is no " + a.mentions, {},
                        "--mentions names a file with one mention per line, as JSON");
    return std::nullopt;
  }
  const auto shelf = open_shelf(session, a, exit);
  if (shelf == nullptr)
    return std::nullopt;
  Progress progress{session};
  backtest::Input input;
  backtest::CallOptions call_options;
  call_options.use_cache = !a.no_cache;
  call_options.progress = [&](std::size_t done, std::size_t all) {
    progress.say("reading calls: " + std::to_string(done * 100 / all) + " %");
  };
  auto calls = backtest::load_calls(a.mentions, call_options);
  if (!calls) {
    progress.clear();
    exit = fail_input(session, calls.error());
    return std::nullopt;
  }
  input.calls = std::move(calls).value();
  std::vector<backtest::Issue> fetch_issues;
  if (!fetch_bars(session, a, params, input.calls.calls, *shelf, progress, fetch_issues, exit))
    return std::nullopt;
  auto symbols = input.calls.calls.symbols;
  symbols.push_back(params.benchmark);
  auto bars = shelf->load(symbols, a, progress);
  progress.clear();
  if (!bars) {
    exit = fail_input(session, bars.error());
    return std::nullopt;
  }
  input.bars = std::move(bars).value();
  input.bars.issues.insert(input.bars.issues.begin(), fetch_issues.begin(), fetch_issues.end());
  backtest::examine(input, params, {a.mentions, a.bars}, session.globals().verbose);
  say_notes(session, input.notes);
  if (a.strict && backtest::has_errors(input)) {
    exit = session.fail(Exit::bad_data, "the input has errors, and --strict takes none", {},
                        "mend them, or leave --strict out to go on without what is wrong");
    return std::nullopt;
  }
  return input;
}

bool write_file(Session& session, const std::string& path, const std::string& text, int& exit) {
  std::ofstream file{path, std::ios::binary | std::ios::trunc};
  file << text;
  file.close();
  if (file)
    return true;
  exit = session.fail(Exit::not_allowed, "cannot write " + path);
  return false;
}

}  // namespace heed::cli
