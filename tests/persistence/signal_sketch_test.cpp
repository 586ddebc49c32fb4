// What is in the store is never denied; what is not is nearly always known not to be.
#include "persistence/sqlite/signal_sketch.hpp"

#include "tests/persistence/support.hpp"

#include <catch2/catch.hpp>

namespace heed::test {
namespace {

SignalId named(int n) { return SignalId{"s-" + std::to_string(n)}; }

}  // namespace

TEST_CASE("sketch: whoever was added is there, and few others seem to be", "[persistence]") {
  constexpr int many = 50'000;
  sqlite::SignalSketch sketch;
  for (int n = 0; n < many; ++n)
    sketch.add(named(n));
  CHECK(sketch.may_have(named(many)));  // not complete: it cannot deny
  sketch.complete();
  int wrong = 0;
  for (int n = 0; n < many; ++n) {
    REQUIRE(sketch.may_have(named(n)));
    wrong += sketch.may_have(named(many + n)) ? 1 : 0;
  }
  CHECK(wrong < many / 1000);
}

TEST_CASE("sqlite: a signal is known once it is stored, by this process and by the next", "[persistence]") {
  TempFolder folder;
  auto pair = must(open_sqlite_journal(folder.file()));
  for (int n = 0; n < 100; ++n) {
    CHECK_FALSE(must(pair.reader->has_signal(named(n))));
    Batch batch{{}, {a_signal(named(n).str(), n)}};
    append(*pair.writer, batch);
    CHECK(must(pair.reader->has_signal(named(n))));
  }
  pair = {};
  pair = must(open_sqlite_journal(folder.file()));
  for (int n = 0; n < 100; ++n) {
    CHECK(must(pair.reader->has_signal(named(n))));
    CHECK_FALSE(must(pair.reader->has_signal(named(100 + n))));
  }
}

}  // namespace heed::test
