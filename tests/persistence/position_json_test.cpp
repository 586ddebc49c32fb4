// What a position keeps and journals comes back from its JSON as it was: every state and fact of random stories.
#include "persistence/json_codec.hpp"
#include "tests/core/position_drive.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace heed;
using namespace heed::test;

namespace {

template <class T>
void require_same_after_json(const T& value) {
  const auto text = to_json(value);
  const auto back = from_json<T>(text, {.unknown_fields = false});
  if (!back)
    FAIL(back.error().detail << " in " << text);
  if (to_json(back.value()) != text)
    FAIL("came back as " << to_json(back.value()) << " from " << text);
}

}  // namespace

TEST_CASE("position: states and facts survive their JSON", "[persistence][position][property]") {
  std::set<std::size_t> seen;  // kinds of facts
  for (std::uint64_t seed = 1; seed <= 240; ++seed) {
    Drive drive{seed, false};
    drive.world().after_step = [&](const World& w) {
      if (w.out.events.empty())
        return;
      for (const auto& event : w.out.events) {
        seen.insert(event.index());
        require_same_after_json(event);
      }
      require_same_after_json(w.state);
      const auto back = from_json<core::PositionState>(to_json(w.state));
      if (FieldsHash::of(back.value()) != FieldsHash::of(w.state))
        FAIL("another state: " << FieldsText::of(w.state));
    };
    drive.run();
  }
  CHECK(seen.size() >= std::variant_size_v<core::PositionEvent> - 6);
}

TEST_CASE("position: every kind of fact survives its JSON, empty as it is", "[persistence][position]") {
  const auto each = []<std::size_t... I>(std::index_sequence<I...>) {
    (require_same_after_json(core::PositionEvent{std::in_place_index<I>}), ...);
  };
  each(std::make_index_sequence<std::variant_size_v<core::PositionEvent>>{});
}
