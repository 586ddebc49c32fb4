// What the venue holds: of the account, or of one symbol.
#include "actors/gateway_parts.hpp"

#include <type_traits>
#include <utility>
#include <vector>

namespace heed::gateway {
namespace {

/// Several questions at once; the answer goes out with the last.
template <class Answer>
class Gathering {
public:
  Gathering(GatewaySelf self, int questions)
      : self_{self}, promise_{self->make_response_promise<Answer>()}, missing_{questions} {}

  auto promise() const { return promise_; }

  /// Into which part of the answer, and under which name in what is said of a failure.
  template <class T>
  Done<T> part(std::shared_ptr<Gathering> kept, const char* what, T Answer::*member) {
    return on_actor<T>(self_, [kept = std::move(kept), what, member](Result<T> result) {
      kept->take(what, std::move(result), member);
    });
  }

private:
  template <class T>
  void take(const char* what, Result<T> result, T Answer::*member) {
    if (result) {
      if constexpr (std::is_same_v<T, std::vector<OrderReport>>)
        have_arrived(self_, result.value());
      answer_.*member = std::move(result).value();
    } else {
      note_limit(self_, self_->state.trading, result.error());
      answer_.why += (answer_.why.empty() ? "" : "; ") + std::string{what} + ": " + in_words(result.error());
    }
    if (--missing_ > 0)
      return;
    answer_.complete = answer_.why.empty();
    promise_.deliver(std::move(answer_));
    finished(self_);
  }

  GatewaySelf self_;
  Answer answer_;
  caf::typed_response_promise<Answer> promise_;
  int missing_;
};

}  // namespace

caf::result<VenueSnapshot> venue_snapshot(GatewaySelf self, Instant since) {
  const auto work = std::make_shared<Gathering<VenueSnapshot>>(self, 3);
  Question question;
  question.calls = 3;
  question.ask = [self, since, work] {
    auto& venue = *self->state.args->venue;
    venue.query_orders(since, work->part(work, "orders", &VenueSnapshot::orders));
    venue.query_positions(work->part(work, "positions", &VenueSnapshot::positions));
    venue.query_account(work->part(work, "account", &VenueSnapshot::account));
  };
  enqueue(self, std::move(question));
  return work->promise();
}

caf::result<SymbolHoldings> symbol_holdings(GatewaySelf self, const Symbol& symbol) {
  const auto work = std::make_shared<Gathering<SymbolHoldings>>(self, 2);
  Question question;
  question.symbol = symbol;
  question.calls = 2;
  question.ask = [self, symbol, work] {
    auto& venue = *self->state.args->venue;
    venue.query_open_orders(symbol, work->part(work, "orders", &SymbolHoldings::working));
    venue.query_position(symbol, work->part(work, "position", &SymbolHoldings::position));
  };
  enqueue(self, std::move(question));
  return work->promise();
}

}  // namespace heed::gateway
