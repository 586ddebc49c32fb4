// Names of things. Every id is its own type, lives inline (no heap), and compares by its text.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace heed {

/// Text of at most N characters, stored in place. Longer text throws: a cut id is another id.
template <std::size_t N>
class InlineText {
  static_assert(N < 256);

public:
  static constexpr std::size_t capacity = N;

  constexpr InlineText() = default;
  constexpr InlineText(std::string_view text) {  // NOLINT(google-explicit-constructor): ids are written as text
    if (text.size() > N)
      throw std::length_error{"id longer than " + std::to_string(N) + ": " + std::string{text}};
    std::copy(text.begin(), text.end(), chars_.begin());
    size_ = static_cast<std::uint8_t>(text.size());
  }
  constexpr InlineText(const char* text) : InlineText{std::string_view{text}} {}  // NOLINT
  InlineText(const std::string& text) : InlineText{std::string_view{text}} {}     // NOLINT

  constexpr std::string_view view() const { return {chars_.data(), size_}; }
  constexpr operator std::string_view() const { return view(); }  // NOLINT(google-explicit-constructor)
  std::string str() const { return std::string{view()}; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr std::size_t size() const { return size_; }

  friend constexpr bool operator==(const InlineText& a, const InlineText& b) {
    if (std::is_constant_evaluated())
      return a.view() == b.view();
    return a.has_same_bytes(b);
  }
  friend constexpr std::strong_ordering operator<=>(const InlineText& a, const InlineText& b) {
    return a.view() <=> b.view();
  }

private:
  // What is behind the text is zero always, so the whole is compared, word by word, and never by a call.
  bool has_same_bytes(const InlineText& other) const {
    constexpr std::size_t bytes = sizeof(InlineText);
    static_assert(bytes == N + 1 && bytes >= sizeof(std::uint64_t));
    const auto word = [](const InlineText& text, std::size_t at) {
      std::uint64_t out = 0;
      std::memcpy(&out, reinterpret_cast<const char*>(&text) + at, sizeof out);
      return out;
    };
    constexpr std::size_t last = bytes - sizeof(std::uint64_t);  // may overlap the one before
    auto differ = word(*this, last) ^ word(other, last);
    for (std::size_t at = 0; at < last; at += sizeof(std::uint64_t))
      differ |= word(*this, at) ^ word(other, at);
    return differ == 0;
  }

  std::array<char, N> chars_{};
  std::uint8_t size_ = 0;
};

template <class Tag, std::size_t N>
struct Id : InlineText<N> {
  using InlineText<N>::InlineText;
};

using Symbol = Id<struct SymbolTag, 23>;                // "NVDA", "MNQZ5": the venue's own name, upper case
using AccountId = Id<struct AccountIdTag, 31>;          // name of an account in the configuration
using StrategyId = Id<struct StrategyIdTag, 20>;        // name of a strategy in the configuration, or "external"
using SourceId = Id<struct SourceIdTag, 31>;            // name of a configured source
using SignalId = Id<struct SignalIdTag, 31>;            // "s-" + hash of (source, idempotency key)
using IntentId = Id<struct IntentIdTag, 31>;            // "i-" + hash of (signal, account, ordinal)
using ClientOrderId = Id<struct ClientOrderIdTag, 63>;  // ours, made before submission; see core/naming.hpp
using VenueOrderId = Id<struct VenueOrderIdTag, 63>;    // theirs
using ExecutionId = Id<struct ExecutionIdTag, 63>;      // one execution (fill), the venue's or derived

}  // namespace heed

template <class Tag, std::size_t N>
struct std::hash<heed::Id<Tag, N>> {
  std::size_t operator()(const heed::Id<Tag, N>& id) const noexcept {
    return std::hash<std::string_view>{}(id.view());
  }
};
