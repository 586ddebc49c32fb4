// What a position keeps and journals comes back from its JSON as it was: every state and fact of random stories.
#include "persistence/json_codec.hpp"
#include "persistence/json_sparse.hpp"
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
  const auto sparse = to_sparse_json(value);
  const auto again = from_json<T>(sparse, {.unknown_fields = false, .missing_fields = true});
  if (!again)
    FAIL(again.error().detail << " in " << sparse);
  if (to_json(again.value()) != text)
    FAIL("came back as " << to_json(again.value()) << " from " << sparse);
}

}  // namespace

TEST_CASE("position: states and facts survive their JSON", "[persistence][position][property]") {
  std::set<std::size_t> seen;  // kinds of facts
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
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
  for (std::size_t kind = 0; kind < std::variant_size_v<core::PositionEvent>; ++kind)
    if (!seen.contains(kind))
      UNSCOPED_INFO("never seen: kind " << kind);
  CHECK(seen.size() >= std::variant_size_v<core::PositionEvent> - 6);
}

TEST_CASE("position: every kind of fact survives its JSON, empty as it is", "[persistence][position]") {
  const auto each = []<std::size_t... I>(std::index_sequence<I...>) {
    (require_same_after_json(core::PositionEvent{std::in_place_index<I>}), ...);
  };
  each(std::make_index_sequence<std::variant_size_v<core::PositionEvent>>{});
}

TEST_CASE("sparse JSON: leaves out what a new struct has too, but for enumerations", "[persistence]") {
  core::OrderChanged changed;
  CHECK(to_sparse_json(changed) == R"({"status":"accepted"})");
  changed.order = "o-1";
  changed.avg_px = Decimal{};
  changed.cum_qty = Decimal{3};
  changed.assumed = true;
  CHECK(to_sparse_json(changed) ==
        R"({"order":"o-1","status":"accepted","cum_qty":"3","avg_px":"0","assumed":true})");
}

TEST_CASE("sparse JSON: a value that differs from the struct's own default is written, however empty it is",
          "[persistence]") {
  core::AbsenceChecked checked;
  CHECK(to_sparse_json(checked) == "{}");
  checked.begun = false;
  CHECK(to_sparse_json(checked) == R"({"begun":false})");
  core::Lot lot;
  lot.protection.reward_risk = Decimal{};
  const auto text = to_sparse_json(lot);
  INFO(text);
  const auto back = from_json<core::Lot>(text, {.missing_fields = true});
  REQUIRE(back.ok());
  CHECK(back.value().protection.reward_risk == Decimal{});
}
