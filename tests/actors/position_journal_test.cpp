// What a position writes down is what it reads back, and facts that come together are one event.
#include "actors/position_journal.hpp"

#include "persistence/json_codec.hpp"
#include "persistence/json_sparse.hpp"
#include "tests/core/position_drive.hpp"

#include <catch2/catch.hpp>

using namespace heed;
using namespace heed::test;

namespace {

/// What the journal would get of the world's last step.
Batch batch_of(const World& w, Told told = Told::by_us) {
  auto step = w.out;
  return to_batch(w.state, w.context, step, told);
}

const PositionRow* position_row(const Batch& batch) {
  for (const auto& row : batch.rows)
    if (const auto* position = std::get_if<PositionRow>(&row))
      return position;
  return nullptr;
}

PositionRow row_of(const core::PositionState& state, std::string text) {
  PositionRow row;
  row.account = state.account;
  row.symbol = state.symbol;
  row.state = std::move(text);
  return row;
}

std::vector<std::string> types(const Batch& batch) {
  std::vector<std::string> out;
  for (const auto& event : batch.events)
    out.emplace_back(event.type);
  return out;
}

void require_state(const PositionRow& row, const core::PositionState& state) {
  const auto back = stored_state(row);
  if (!back)
    FAIL(back.error().detail << " in " << row.state);
  auto usual = state;
  core::complete(usual);
  if (FieldsHash::of(back.value()) != FieldsHash::of(usual))
    FAIL("came back as " << FieldsText::of(back.value()) << " for " << FieldsText::of(usual));
}

OrderReport taken_in(const core::WorkingOrder& order, OrderStatus status) {
  OrderReport report;
  report.client_order_id = order.row.client_order_id;
  report.venue_order_id = "v-" + order.row.client_order_id.str();
  report.account = order.row.account;
  report.symbol = order.row.symbol;
  report.side = order.row.side;
  report.leg = order.row.leg;
  report.status = status;
  report.quantity = order.row.quantity;
  return report;
}

}  // namespace

TEST_CASE("position journal: every state of random stories is read back from its row", "[actors][position]") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Drive drive{seed, false};
    drive.world().after_step = [](const World& w) {
      const auto batch = batch_of(w);
      if (const auto* row = position_row(batch))
        require_state(*row, w.state);
      else
        CHECK(batch.events.empty());
    };
    drive.run();
  }
}

TEST_CASE("position journal: each order that was planned or changed is told, whichever event tells it",
          "[actors][position]") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Drive drive{seed, false};
    drive.world().after_step = [](const World& w) {
      std::string all;
      const auto batch = batch_of(w);
      for (const auto& event : batch.events)
        if (event.type == "order_planned" || event.type == "order_changed")
          all += event.payload;
      for (const auto& fact : w.out.events) {
        const auto* planned = std::get_if<core::OrderPlanned>(&fact);
        const auto* changed = std::get_if<core::OrderChanged>(&fact);
        if (planned == nullptr && changed == nullptr)
          continue;
        const auto id = planned != nullptr ? planned->order.row.client_order_id : changed->order;
        if (all.find('"' + id.str() + '"') == std::string::npos)
          FAIL(id.str() << " is not told of in " << all);
      }
      for (const auto& event : batch.events)
        if (const auto read = nlohmann::json::parse(event.payload, nullptr, false); read.is_discarded())
          FAIL("no JSON: " << event.payload);
    };
    drive.run();
  }
}

TEST_CASE("position journal: a bracket is one event with its lot and its legs", "[actors][position]") {
  World w{alpaca_like(), 1};
  std::optional<Batch> planned;
  w.after_step = [&](const World& now) {
    if (!planned && !now.out.events.empty())
      planned = batch_of(now);
  };
  w.feed(w.entry(Side::buy, 10_d, 92_d, 120_d));
  REQUIRE(planned);
  REQUIRE(types(*planned) == std::vector<std::string>{"order_planned"});
  const auto payload = nlohmann::json::parse(planned->events[0].payload);
  CHECK(payload["opens"]["lot"].contains("stop"));
  REQUIRE(payload["legs"].size() == 2);
  CHECK(payload["legs"][0]["leg"] == "take_profit");
  CHECK(payload["legs"][1]["leg"] == "stop_loss");
  CHECK(payload["legs"][1].contains("stop_price"));
}

TEST_CASE("position journal: states that were stored in full are read as before", "[actors][position]") {
  Drive drive{8, false};
  int seen = 0;
  drive.world().after_step = [&](const World& w) {
    seen += w.state.orders.empty() ? 0 : 1;
    require_state(row_of(w.state, to_sparse_json(w.state)), w.state);
    require_state(row_of(w.state, to_json(w.state)), w.state);
  };
  drive.run();
  CHECK(seen > 0);
}

TEST_CASE("position journal: an order that is named like a lot that is not there makes the state unreadable",
          "[actors][position]") {
  core::PositionState state;
  state.account = "main";
  state.symbol = "NVDA";
  state.orders.emplace_back();
  state.orders.back().row.client_order_id = "o-1";
  state.orders.back().lot = "i-gone";
  state.orders.back().as_lot = true;
  const auto back = stored_state(row_of(state, to_sparse_json(state)));
  REQUIRE_FALSE(back.ok());
  CHECK(back.error().code == "STATE_LOT_MISSING");
  CHECK(back.error().detail.find("o-1") != std::string::npos);
}

TEST_CASE("position journal: what the venue took in is in the orders' rows only, and found there at a restart",
          "[actors][position]") {
  World w{alpaca_like(), 1};
  std::optional<Batch> stored;
  w.after_step = [&](const World& now) {
    if (!stored && !now.out.events.empty())
      stored = batch_of(now);
  };
  const auto entered = w.entry(Side::buy, 10_d, 92_d, 120_d);
  core::step(w.state, entered, w.context, w.out);
  w.after_step(w);
  REQUIRE(stored);
  REQUIRE(position_row(*stored) != nullptr);
  REQUIRE(w.state.orders.size() == 3);

  Batch told;
  core::Step together;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto report = taken_in(w.state.orders[i], i == 0 ? OrderStatus::accepted : OrderStatus::held);
    core::step(w.state, report, w.context, w.out);
    CHECK(position_row(batch_of(w)) != nullptr);  // of our own doing it would be written
    auto batch = batch_of(w, Told::by_venue);
    CHECK(position_row(batch) == nullptr);
    CHECK_FALSE(batch.events.empty());
    std::move(batch.rows.begin(), batch.rows.end(), std::back_inserter(told.rows));
    together.events.insert(together.events.end(), w.out.events.begin(), w.out.events.end());
  }
  const auto answer = to_batch(w.state, w.context, together, Told::by_venue);
  REQUIRE(types(answer) == std::vector<std::string>{"order_changed"});
  CHECK(answer.rows.empty());
  const auto payload = nlohmann::json::parse(answer.events[0].payload);
  CHECK(payload["order"] == w.state.orders[0].row.client_order_id.str());
  REQUIRE(payload["more"].size() == 2);
  CHECK(payload["more"][1]["order"] == w.state.orders[2].row.client_order_id.str());
  CHECK(payload["more"][1]["status"] == "held");

  auto journal = open_memory_journal();
  Batch* batches[] = {&*stored, &told};
  const auto row = *position_row(*stored);
  REQUIRE(journal.writer->append(batches).ok());
  auto back = stored_state(row);
  REQUIRE(back.ok());
  CHECK(back.value().orders[0].row.status == OrderStatus::submitted);
  catch_up(back.value(), *journal.reader);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(back.value().orders[i].row.status == w.state.orders[i].row.status);
    CHECK(back.value().orders[i].row.venue_order_id == w.state.orders[i].row.venue_order_id);
  }

  // A fill is more than that.
  auto filled = taken_in(w.state.orders[0], OrderStatus::filled);
  filled.cum_qty = filled.quantity;
  filled.avg_px = 100_d;
  core::step(w.state, filled, w.context, w.out);
  CHECK(position_row(batch_of(w, Told::by_venue)) != nullptr);
}
