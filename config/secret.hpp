// A value that must never be seen: keys, tokens, webhook addresses. It has no way into a stream, a log line or a
// format string except as the mask; the text comes out by reveal() alone, so that every use can be found by that
// name.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

namespace heed::config {

class Secret {
public:
  static constexpr std::string_view mask = "********";

  Secret() = default;
  /// `origin` is how the configuration names it ("${ALPACA_SECRET}", "file:/etc/heed/key"); it is not secret and is
  /// shown in place of the text. Empty where the text stands in the configuration file itself.
  explicit Secret(std::string text, std::string origin = {}) : text_{std::move(text)}, origin_{std::move(origin)} {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept;
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();  // overwrites the text

  bool empty() const { return text_.empty(); }
  /// The text itself: for the header or the address that carries it, and for nothing else.
  const std::string& reveal() const { return text_; }
  const std::string& origin() const { return origin_; }
  /// Takes as long for a wrong text of the right length as for the right one.
  bool matches(std::string_view candidate) const;

  friend bool operator==(const Secret& a, const Secret& b) { return a.matches(b.text_); }
  friend std::ostream& operator<<(std::ostream& out, const Secret& secret);

private:
  void wipe();

  std::string text_;
  std::string origin_;
};

}  // namespace heed::config
