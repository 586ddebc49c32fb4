// How a plain struct lists its fields, and an enumeration its names: written once per type, used by the
// journal's codec, the API, the inspector and the tests. No JSON here; see persistence/json_codec.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

// HEED_FIELDS(a, b) inside a struct gives  static void fields(Self& self, F&& f) { f("a", self.a); ... }
// for const and non-const Self alike.
#define HEED_PARENS ()
#define HEED_EXPAND(...) HEED_EXPAND3(HEED_EXPAND3(HEED_EXPAND3(HEED_EXPAND3(__VA_ARGS__))))
#define HEED_EXPAND3(...) HEED_EXPAND2(HEED_EXPAND2(HEED_EXPAND2(HEED_EXPAND2(__VA_ARGS__))))
#define HEED_EXPAND2(...) HEED_EXPAND1(HEED_EXPAND1(HEED_EXPAND1(HEED_EXPAND1(__VA_ARGS__))))
#define HEED_EXPAND1(...) __VA_ARGS__
#define HEED_EACH(...) __VA_OPT__(HEED_EXPAND(HEED_EACH_STEP(__VA_ARGS__)))
#define HEED_EACH_STEP(a, ...) \
  f(#a, self.a);               \
  __VA_OPT__(HEED_EACH_AGAIN HEED_PARENS(__VA_ARGS__))
#define HEED_EACH_AGAIN() HEED_EACH_STEP
#define HEED_FIELDS(...)                                                    \
  template <class Self, class F>                                            \
  static void fields([[maybe_unused]] Self& self, [[maybe_unused]] F&& f) { \
    HEED_EACH(__VA_ARGS__)                                                  \
  }                                                                         \
  static constexpr bool has_fields = true

namespace heed {

/// Specialize with  static constexpr std::array names{"a", "b"};  in the order of the enumerators, which
/// count from zero without gaps. Names are permanent: they are stored.
template <class E>
struct EnumNames;

template <class E>
concept NamedEnum = requires {
  EnumNames<E>::names;
};

template <NamedEnum E>
constexpr std::string_view to_string(E value) {
  return EnumNames<E>::names[static_cast<std::size_t>(value)];
}

template <NamedEnum E>
constexpr std::optional<E> enum_from(std::string_view name) {
  for (std::size_t i = 0; i < EnumNames<E>::names.size(); ++i)
    if (EnumNames<E>::names[i] == name)
      return static_cast<E>(i);
  return std::nullopt;
}

}  // namespace heed

// HEED_ENUM_NAMES(Side, "buy", "sell")  at global scope, after the enumeration.
#define HEED_ENUM_NAMES(type, ...)                                                \
  template <>                                                                     \
  struct heed::EnumNames<type> {                                                  \
    static constexpr auto names = std::to_array<std::string_view>({__VA_ARGS__}); \
  }
