// Waiting for the signals that a long-running command understands.
#pragma once

#include <csignal>
#include <ctime>

namespace heed {

/// Blocks SIGINT, SIGTERM and SIGHUP for this thread and all that it starts later; construct it first in main.
class SignalWaiter {
public:
  SignalWaiter() {
    sigemptyset(&set_);
    for (const int number : {SIGINT, SIGTERM, SIGHUP})
      sigaddset(&set_, number);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }
  /// The next signal, or 0 when none came within `milliseconds`.
  int wait(int milliseconds) const {
    const timespec patience{milliseconds / 1000, (milliseconds % 1000) * 1'000'000L};
    const int got = sigtimedwait(&set_, nullptr, &patience);
    return got > 0 ? got : 0;
  }

private:
  sigset_t set_{};
};

}  // namespace heed
