// What a broker answers: the first byte says to which question, the second with which status, the rest is the body.
// No body makes a yes of a no, and what is understood keeps its sense.
#include "broker/alpaca/answers.hpp"
#include "broker/alpaca/name_book.hpp"
#include "broker/alpaca/wire.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <array>

using namespace heed;
using namespace heed::alpaca;
using heed::fuzz::must;

namespace {

const AccountId account{"paper"};

void check_order(const WireOrder& order) {
  must(!order.id.empty() && !order.symbol.empty(), "an order has id and symbol");
  must(!order.quantity.is_negative() && !order.filled.is_negative(), "quantities are not negative");
  for (const auto& leg : order.legs)
    check_order(leg);
}

void check_orders(const std::vector<WireOrder>& orders) {
  NameBook book{account, 4};
  SubmitOrder planned;
  planned.client_order_id = "heed1.mentions.en.sx5byhvzoc4oakrx";
  book.plan(planned);
  for (const auto& order : orders) {
    check_order(order);
    for (const auto& report : book.reports(order))
      must(!report.client_order_id.empty(), "a report names the order");
    book.learn(order);
    static_cast<void>(book.report(order));
    static_cast<void>(book.carried(order.id));
  }
  book.learn(orders);
}

void read_as(std::uint8_t question, const net::Json& json) {
  switch (question % 10) {
    case 0:
      if (const auto order = read_order(json))
        check_orders({order.value()});
      break;
    case 1:
      if (const auto orders = read_orders(json))
        check_orders(orders.value());
      break;
    case 2:
      if (const auto update = read_trade_update(json); update && update.value())
        check_orders({update.value()->order});
      break;
    case 3:
      if (const auto fills = read_fills(json))
        for (const auto& fill : fills.value())
          must(!fill.id.empty() && !fill.execution.last_qty.is_negative(), "a fill has id and quantity");
      break;
    case 4: static_cast<void>(read_position(json, account)); break;
    case 5: static_cast<void>(read_positions(json, account)); break;
    case 6: static_cast<void>(read_account(json, account)); break;
    case 7: static_cast<void>(read_clock(json)); break;
    case 8: static_cast<void>(read_asset(json)); break;
    default: static_cast<void>(read_latest_quote(json, "NVDA")); static_cast<void>(read_latest_trade(json, "NVDA"));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2)
    return 0;
  constexpr std::array statuses{200, 201, 204, 207, 301, 400, 401, 403, 404, 422, 429, 500, 503};
  net::HttpResponse response;
  response.status = statuses[data[1] % statuses.size()];
  response.headers = {{"Retry-After", std::string{fuzz::text_of(data + 2, std::min<std::size_t>(size - 2, 8))}}};
  response.body = fuzz::text_of(data + 2, size - 2);
  const auto now = Instant{};
  const bool good = response.status / 100 == 2;
  const Result<net::HttpResponse> answer{response};
  const auto read = read_answer(answer, now);
  const auto bodiless = read_bodiless(answer, now);
  must(good || !read, "only a 2xx is a yes");
  must(good == static_cast<bool>(bodiless), "without a body, every 2xx is a yes and nothing else");
  if (!read && read.error().kind == ErrorKind::rejected)
    must(response.status >= 400 && response.status < 500 && response.status != 429, "a no has a status that says no");
  if (!read && read.error().kind == ErrorKind::not_sent)
    must(response.status == 429, "nothing but a 429 proves that nothing was done");
  if (!read)
    must(!is_absent(read.error()) || read.error().kind == ErrorKind::rejected, "absent is a no");
  if (read)
    read_as(data[0], read.value());
  return 0;
}
