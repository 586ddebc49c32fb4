// What the log lines of this thread are about: the signal, the reconciler's pass, the source. A line written while a
// LogScope lives carries its id; the formatter of the daemon's log prints it.
#pragma once

#include <string_view>
#include <utility>

namespace heed {

class LogScope {
public:
  /// `id` must outlive the scope. Scopes nest; an empty id keeps the outer one.
  explicit LogScope(std::string_view id) : outer_{current_} {
    if (!id.empty())
      current_ = id;
  }
  ~LogScope() { current_ = outer_; }
  LogScope(const LogScope&) = delete;
  LogScope& operator=(const LogScope&) = delete;

  /// Empty outside of any.
  static std::string_view current() { return current_; }

private:
  static inline thread_local std::string_view current_{};
  std::string_view outer_;
};

}  // namespace heed
