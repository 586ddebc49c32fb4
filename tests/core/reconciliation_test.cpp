#include "core/reconciliation.hpp"

#include <catch2/catch.hpp>

using namespace heed;
using namespace heed::core;

namespace {

OrderReport report(const char* name, const char* venue_id, OrderStatus status, int filled) {
  OrderReport report;
  report.client_order_id = name;
  report.venue_order_id = venue_id;
  report.symbol = "NVDA";
  report.status = status;
  report.cum_qty = Quantity{filled};
  return report;
}

OrderRow row(const char* name, const char* venue_id, OrderStatus status, int filled) {
  OrderRow row;
  row.client_order_id = name;
  row.venue_order_id = venue_id;
  row.symbol = "NVDA";
  row.status = status;
  row.cum_qty = Quantity{filled};
  return row;
}

}  // namespace

TEST_CASE("reconciliation: whose end the journal has", "[reconciliation]") {
  struct Case {
    const char* what;
    OrderReport told;
    std::optional<OrderRow> named;
    std::vector<OrderRow> others;
    bool settled;
  };
  const auto over = OrderStatus::canceled;
  const auto full = OrderStatus::filled;
  const std::vector<Case> cases{
    {"over, and booked so", report("en1", "v1", full, 5), row("en1", "v1", full, 5), {}, true},
    {"over, by whichever end", report("en1", "v1", full, 5), row("en1", "v1", over, 5), {}, true},
    {"at work", report("en1", "v1", OrderStatus::accepted, 0), row("en1", "v1", over, 0), {}, false},
    {"over, and at work in the journal",
     report("en1", "v1", over, 0),
     row("en1", "v1", OrderStatus::held, 0),
     {},
     false},
    {"filled more than is booked", report("en1", "v1", over, 5), row("en1", "v1", over, 3), {}, false},
    {"filled less than is booked", report("en1", "v1", over, 3), row("en1", "v1", over, 5), {}, false},
    {"nobody knows it", report("en1", "v1", over, 0), {}, {}, false},
    {"it ended before it got an id", report("tp1", "v1", over, 0), row("tp1", "", over, 0), {}, true},
    {"the venue went on under another id", report("sl1", "v2", over, 2), row("sl1", "v1", over, 2), {}, true},
    {"its name was guessed and does not exist", report("sl9", "v1", over, 0), {}, {row("sl1", "v1", over, 0)}, true},
    {"its name was guessed and is another's",
     report("sl9", "v1", full, 5),
     row("sl9", "v9", over, 0),
     {row("sl9", "v9", over, 0), row("sl1", "v1", full, 5)},
     true},
    {"so too, but it is at work in the journal",
     report("sl9", "v1", over, 0),
     row("sl9", "v9", over, 0),
     {row("sl9", "v9", over, 0), row("sl1", "v1", OrderStatus::accepted, 0)},
     false},
    {"its name was guessed, and it filled unseen",
     report("sl9", "v1", full, 5),
     {},
     {row("sl1", "v1", over, 0)},
     false},
  };
  for (const auto& c : cases) {
    INFO(c.what);
    CHECK(is_settled(c.told, c.named, c.others) == c.settled);
    if (is_settled(c.told, c.named, {}) != c.settled)
      CHECK(needs_others(c.told, c.named));
  }
}
