#include "broker/alpaca/answers.hpp"
#include "broker/alpaca/order_reader.hpp"
#include "broker/alpaca/requests.hpp"

#include <algorithm>
#include <utility>

namespace heed::alpaca {

namespace {

constexpr int pages_max = 1000;

OrderReport fill_report(const FillActivity& fill, const NameBook& book) {
  OrderReport report;
  report.client_order_id = ClientOrderId{fill.order.view()};
  report.ours = false;
  Quantity carried;
  if (const auto* known = book.find(fill.order)) {
    report.client_order_id = known->name;
    report.leg = known->leg;
    report.ours = known->ours;
    carried = book.carried(fill.order);
  }
  report.venue_order_id = fill.order;
  report.account = book.account();
  report.symbol = fill.symbol;
  report.side = fill.side;
  report.status = fill.complete ? OrderStatus::filled : OrderStatus::partially_filled;
  report.cum_qty = fill.filled + carried;
  report.quantity = report.cum_qty + fill.leaves;
  report.execution = fill.execution;
  report.at = fill.execution.at;
  return report;
}

}  // namespace

struct OrderReader::FillWalk {
  Instant since{};
  std::string page_token;
  std::vector<FillActivity> fills;
  std::set<std::string> seen;
  int pages = 0;
  Done<std::vector<OrderReport>> done;
};

void OrderReader::fills(Instant since, Done<std::vector<OrderReport>> done) {
  auto walk = std::make_shared<FillWalk>();
  walk->since = since;
  walk->done = std::move(done);
  next_fill_page(std::move(walk));
}

void OrderReader::next_fill_page(std::shared_ptr<FillWalk> walk) {
  Rest::Call call;
  const auto after = std::max(walk->since, Instant{} + std::chrono::microseconds{1}) - std::chrono::microseconds{1};
  call.target = fills_target(after, activity_page_, walk->page_token);
  rest_->send(std::move(call),
              [self = shared_from_this(), walk = std::move(walk)](const Result<net::HttpResponse>& answer) {
                const auto json = read_answer(answer, self->rest_->now());
                if (!json)
                  return walk->done(json.error());
                auto page = read_fills(json.value());
                if (!page)
                  return walk->done(page.error());
                self->take_fill_page(walk, std::move(page).value());
              });
}

void OrderReader::take_fill_page(const std::shared_ptr<FillWalk>& walk, std::vector<FillActivity> page) {
  const bool full = page.size() >= static_cast<std::size_t>(activity_page_);
  const auto known = walk->seen.size();
  if (!page.empty())
    walk->page_token = page.back().id;
  for (auto& fill : page)
    if (walk->seen.insert(fill.id).second && fill.execution.at >= walk->since)
      walk->fills.push_back(std::move(fill));
  if (!full)
    return report_fills(walk->fills, walk->done);
  if (walk->seen.size() == known || ++walk->pages >= pages_max)
    return walk->done(Error{ErrorKind::unknown, "incomplete", "the list of fills does not move on"});
  next_fill_page(walk);
}

void OrderReader::report_fills(const std::vector<FillActivity>& fills, Done<std::vector<OrderReport>> done) {
  const auto unclear = names_->with([&](NameBook& book) {
    std::set<Symbol> symbols;
    for (const auto& fill : fills)
      if (book.find(fill.order) == nullptr)
        symbols.insert(fill.symbol);
    return symbols;
  });
  look_up(unclear, [self = shared_from_this(), fills, done = std::move(done)](const Status& looked) {
    if (!looked)
      return done(looked.error());
    done(self->names_->with([&](NameBook& book) {
      std::vector<OrderReport> reports;
      reports.reserve(fills.size());
      for (const auto& fill : fills)
        reports.push_back(fill_report(fill, book));
      return reports;
    }));
  });
}

}  // namespace heed::alpaca
