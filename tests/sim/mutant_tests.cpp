#include "tests/sim/mutant_tests.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include <fcntl.h>
#include <unistd.h>

namespace heed::sim {
namespace {

struct Guard {
  const char* bug;
  const char* program;
  const char* test;  // the start of its name
};

constexpr const char* actors = "tests/actors/actors_tests";
constexpr const char* position = "tests/core/position_tests";
constexpr const char* persistence = "tests/persistence/persistence_tests";

constexpr std::array guards{
  Guard{"denial_untold", actors, "failure 01: 89 signals in"},
  Guard{"close_sells_shorts", actors, "failure 02: closing a short buys what is short"},
  Guard{"close_sells_shorts", position, "failure 02: closing a short buys, and never"},
  Guard{"timeout_is_a_no", actors, "failure 03: no answer, or none"},
  Guard{"timeout_is_a_no", actors, "failure 03: what the broker has not confirmed"},
  Guard{"doubt_is_a_no", position, "failure 03: a refused order is no trade"},
  Guard{"close_before_exits_gone", actors, "failure 04: a target that fills while a close is under way"},
  Guard{"close_before_exits_gone", position, "failure 04: a target that fills while a close is decided"},
  Guard{"growth_unbooked", actors, "failure 05: legs that filled"},
  Guard{"fill_twice", position, "failure 05: exits that filled"},
  Guard{"fill_of_nobody", actors, "failure 06: every order, fill and trade says whose it is and why"},
  Guard{"exit_of_nobody", position, "failure 06: every order, fill and trade says whose it is"},
  Guard{"scan_forgotten", actors, "failure 07: an exit scan"},
  Guard{"old_file_left_old", persistence, "failure 08: a file of any older version"},
  Guard{"too_many_is_a_no", actors, "failure 09: too many requests"},
  Guard{"resend_other_content", position, "failure 09: what was put off"},
  Guard{"mismatch_ignored", actors, "failure 10: at a restart"},
  Guard{"close_without_broker", position, "failure 10: a difference"},
  Guard{"call_again", actors, "failure 11: replayed calls"},
  Guard{"call_asked_again", actors, "failure 11: calls that come while a position is down"},
  Guard{"entry_again", position, "failure 11: a call that comes again"},
  Guard{"many_in_hand", actors, "failure 12:"},
  Guard{"timeout_is_a_no", actors, "seen elsewhere 01:"},
  Guard{"fill_twice", actors, "seen elsewhere 02:"},
  Guard{"fills_made_up", actors, "seen elsewhere 03:"},
  Guard{"restart_ends_orders", actors, "seen elsewhere 04:"},
  Guard{"inferred_id_varies", actors, "seen elsewhere 05:"},
  Guard{"fill_twice", actors, "seen elsewhere 06:"},
  Guard{"timeout_is_a_no", actors, "seen elsewhere 07:"},
  Guard{"mismatch_ignored", actors, "seen elsewhere 08:"},
  Guard{"mismatch_ignored", actors, "seen elsewhere 09:"},
  Guard{"fill_twice", actors, "seen elsewhere 10:"},
};

enum class Outcome : std::uint8_t { passes, fails, not_run };

/// A bug may as well end the program, or never let it end.
Outcome play(const std::string& program, const Guard& guard, const char* bug) {
  constexpr unsigned longest = 120;  // seconds
  const auto child = fork();
  if (child == 0) {
    const auto nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere < 0 || dup2(nowhere, STDOUT_FILENO) < 0 || dup2(nowhere, STDERR_FILENO) < 0)
      _exit(127);
    alarm(longest);
    setenv("HEED_MUTANT", bug, 1);
    std::string pattern;
    for (const char c : std::string_view{guard.test})
      pattern += (c == ',' ? "\\" : "") + std::string{c};
    pattern += '*';
    execl(program.c_str(), program.c_str(), pattern.c_str(), "--warn", "NoTests", static_cast<char*>(nullptr));
    _exit(127);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || (WIFEXITED(status) && WEXITSTATUS(status) == 127))
    return Outcome::not_run;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? Outcome::passes : Outcome::fails;
}

}  // namespace

bool is_for_named_tests(const std::string& bug) {
  return std::ranges::any_of(guards, [&](const Guard& guard) { return bug == guard.bug; });
}

int check_named_tests(const std::string& folder, const std::vector<std::string>& only) {
  int wrong = 0, tried = 0;
  std::printf("\n| test | bug that it must notice | |\n|---|---|---|\n");
  for (const auto& guard : guards) {
    if (!only.empty() && std::ranges::find(only, guard.bug) == only.end())
      continue;
    ++tried;
    const auto program = folder + "/" + guard.program;
    const auto sound = play(program, guard, "");
    const auto broken = sound == Outcome::passes ? play(program, guard, guard.bug) : Outcome::not_run;
    const bool right = broken == Outcome::fails;
    wrong += right ? 0 : 1;
    std::printf("| `%s` | `%s` | %s |\n", guard.test, guard.bug,
                right                       ? "fails"
                : sound == Outcome::fails   ? "**fails without it**"
                : sound == Outcome::not_run ? "**cannot be run: is its program built?**"
                                            : "**passes**");
    std::fflush(stdout);
  }
  std::printf("\n%d of %d named tests fail with their bug and pass without it\n", tried - wrong, tried);
  return wrong;
}

}  // namespace heed::sim
