#include "broker/alpaca/name_book.hpp"

#include "tests/broker/alpaca/support.hpp"

using namespace heed;
using namespace heed::alpaca;
using namespace heed::alpaca_test;

namespace {

WireOrder wire(const OrderJson& order) {
  auto parsed = read_order(json(order.str()));
  REQUIRE(parsed);
  return std::move(parsed).value();
}

OrderJson venue_made_stop(const std::string& id, const std::string& replaces) {
  auto leg = stop_leg("new");
  leg.id = id;
  leg.client_order_id = "aaaaaaaa-55a2-4f43-b0a3-6b3a4c9d2e02";
  leg.replaces = replaces;
  return leg;
}

}  // namespace

TEST_CASE("legs get the names that the command carried, else the entry's with another leg") {
  const bool planned = GENERATE(true, false);
  NameBook book{"paper"};
  ClientOrderId target = target_name;
  ClientOrderId stop = stop_name;
  if (planned) {
    auto order = bracket_order();
    order.take_profit->client_order_id = target = "my-target";
    order.stop_loss->client_order_id = stop = "my-stop";
    book.plan(order);
  }
  const auto reports = book.reports(wire(bracket("filled", "new", "held")));
  REQUIRE(reports.size() == 3);
  CHECK(reports[0].client_order_id == entry_name);
  CHECK(reports[0].status == OrderStatus::filled);
  CHECK(reports[0].avg_px == dec("150.01"));
  CHECK(reports[1].client_order_id == target);
  CHECK(reports[1].leg == Leg::take_profit);
  CHECK(reports[1].ours);
  CHECK(reports[2].client_order_id == stop);
  CHECK(reports[2].leg == Leg::stop_loss);
  CHECK(reports[2].status == OrderStatus::held);
  CHECK(reports[2].venue_order_id == VenueOrderId{stop_id});
  CHECK(book.find(VenueOrderId{stop_id})->root == VenueOrderId{entry_id});
  CHECK(book.current(stop) == VenueOrderId{stop_id});
}

TEST_CASE("the stop under an OCO target is named after it") {
  NameBook book{"paper"};
  OrderJson target = target_leg("new");
  target.client_order_id = target_name.str();
  target.order_class = "oco";
  target.legs = {stop_leg()};
  const auto reports = book.reports(wire(target));
  REQUIRE(reports.size() == 2);
  CHECK(reports[0].client_order_id == target_name);
  CHECK(reports[1].client_order_id == stop_name);
}

TEST_CASE("an order that nobody explains is foreign, until a listing shows whose it is") {
  NameBook book{"paper"};
  const auto leg = wire(stop_leg("new"));
  CHECK_FALSE(book.can_report(leg));
  CHECK_FALSE(book.report(leg));
  book.set_foreign(leg);
  CHECK(book.can_report(leg));
  REQUIRE(book.report(leg));
  CHECK_FALSE(book.report(leg)->ours);
  CHECK(book.report(leg)->client_order_id == ClientOrderId{"1d4e7c0b-55a2-4f43-b0a3-6b3a4c9d2e02"});
  book.learn(wire(bracket("filled", "new", "new")));
  REQUIRE(book.report(leg));
  CHECK(book.report(leg)->ours);
  CHECK(book.report(leg)->client_order_id == stop_name);
}

TEST_CASE("a foreign name that is too long for us becomes the venue's id") {
  NameBook book{"paper"};
  OrderJson order;
  order.client_order_id = std::string(128, 'x');
  const auto reports = book.reports(wire(order));
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].client_order_id == ClientOrderId{entry_id});
  CHECK_FALSE(reports[0].ours);
}

TEST_CASE("an exit replaced without a successor lost the race: it is canceled") {
  NameBook book{"paper"};
  const auto reports = book.reports(wire(bracket("filled", "replaced", "filled")));
  REQUIRE(of(reports, target_name) != nullptr);
  CHECK(of(reports, target_name)->status == OrderStatus::canceled);
  CHECK_THAT(of(reports, target_name)->text, Catch::Contains("other exit"));
  OrderJson entry;
  entry.status = "replaced";
  CHECK(book.reports(wire(entry)).at(0).status == OrderStatus::replaced);
}

TEST_CASE("a replacement of ours ends the old order and names the new one") {
  NameBook book{"paper"};
  book.learn(wire(bracket("filled", "new", "new")));
  book.expect_replacement(VenueOrderId{stop_id}, new_stop_name);

  SECTION("the new order has the name that we asked for") {
    auto fresh = venue_made_stop(other_id, stop_id);
    fresh.client_order_id = new_stop_name.str();
    CHECK(book.reports(wire(fresh)).at(0).client_order_id == new_stop_name);
  }
  SECTION("the venue kept to a name of its own") {
    CHECK(book.reports(wire(venue_made_stop(other_id, stop_id))).at(0).client_order_id == new_stop_name);
  }
  auto old = stop_leg("replaced");
  SECTION("told before the new order was seen, and without saying by what") {}
  if (book.find(VenueOrderId{other_id}) != nullptr)
    old.replaced_by = other_id;
  CHECK(book.can_report(wire(old)));
  const auto report = book.report(wire(old));
  REQUIRE(report);
  CHECK(report->client_order_id == stop_name);
  CHECK(report->status == OrderStatus::replaced);
  CHECK(report->replaced_by == new_stop_name);
}

TEST_CASE("a leg that the venue replaces of its own accord goes on under its name") {
  NameBook book{"paper"};
  auto group = bracket("filled", "partially_filled", "replaced");
  group.legs[1].filled_qty = "1";
  group.legs[1].replaced_by = other_id;
  auto fresh = venue_made_stop(other_id, stop_id);
  fresh.qty = "5";
  fresh.filled_qty = "2";
  fresh.average = "145";
  group.legs.push_back(fresh);
  const bool in_order = GENERATE(true, false);
  if (!in_order)
    std::swap(group.legs[1], group.legs[2]);
  const auto reports = book.reports(wire(group));
  REQUIRE(reports.size() == 3);  // the old stop makes none of its own
  const auto* stop = of(reports, stop_name);
  REQUIRE(stop != nullptr);
  CHECK(stop->venue_order_id == VenueOrderId{other_id});
  CHECK(stop->status == OrderStatus::partially_filled);
  CHECK(stop->quantity == Decimal{6});
  CHECK(stop->cum_qty == Decimal{3});
  CHECK_FALSE(stop->avg_px);
  CHECK(book.current(stop_name) == VenueOrderId{other_id});
  CHECK(book.find(VenueOrderId{other_id})->root == VenueOrderId{entry_id});
}

TEST_CASE("a replaced order whose successor is not known cannot be told yet") {
  NameBook book{"paper"};
  book.learn(wire(bracket("filled", "new", "new")));
  auto old = stop_leg("replaced");
  old.replaced_by = other_id;
  CHECK_FALSE(book.can_report(wire(old)));
}

TEST_CASE("an old listing does not take the name back from its newest order") {
  NameBook book{"paper"};
  book.learn(wire(bracket("filled", "new", "new")));
  book.learn(wire(venue_made_stop(other_id, stop_id)));
  book.learn(wire(stop_leg("replaced")));
  CHECK(book.current(stop_name) == VenueOrderId{other_id});
}

TEST_CASE("the book forgets the oldest and keeps working") {
  NameBook book{"paper", 2};
  book.learn(wire(bracket("filled", "new", "new")));
  CHECK(book.find(VenueOrderId{entry_id}) == nullptr);
  CHECK(book.current(entry_name).empty());
  CHECK(book.find(VenueOrderId{stop_id}) != nullptr);
  CHECK(book.reports(wire(OrderJson{})).at(0).client_order_id == entry_name);
}

TEST_CASE("a caller's stored pair is evidence") {
  NameBook book{"paper"};
  book.learn_pair(stop_name, wire(stop_leg("new")));
  CHECK(book.report(wire(stop_leg("new")))->client_order_id == stop_name);
  book.learn_pair(target_name, wire(stop_leg("new")));
  CHECK(book.report(wire(stop_leg("new")))->client_order_id == stop_name);
  book.learn_pair("no name of ours", wire(target_leg("new")));
  CHECK(book.find(VenueOrderId{target_id}) == nullptr);
}

TEST_CASE("a stored pair outdoes the name that a leg's place suggests") {
  NameBook book{"paper"};
  // After a restart: the head of the pair was replaced, and the stop now stands under the successor.
  auto head = target_leg("new");
  head.client_order_id = "heed1.momo.tp.zzzzzzzzzzzzzzzz";
  head.order_class = "oco";
  head.legs = {stop_leg("held")};
  book.learn(wire(head));
  CHECK(book.report(wire(stop_leg("held")))->client_order_id == new_stop_name);
  book.learn_pair(stop_name, wire(stop_leg("held")));
  CHECK(book.report(wire(stop_leg("held")))->client_order_id == stop_name);
  CHECK(book.current(stop_name) == VenueOrderId{stop_id});
  CHECK(book.current(new_stop_name).empty());
  book.learn(wire(head));  // the listing comes again
  CHECK(book.report(wire(stop_leg("canceled")))->client_order_id == stop_name);
}
