// Market data: prices, many symbols in one question, and what an instrument is.
#include "actors/gateway_parts.hpp"

#include <algorithm>
#include <utility>

namespace heed::gateway {
namespace {

using std::chrono::milliseconds;

/// Subscribes, unless all places are taken by symbols in use: changing them with every question would cost the venue
/// and us more than asking for the price.
void watch(GatewaySelf self, const Symbol& symbol) {
  auto& st = self->state;
  const auto now = self->clock().now();
  if (const auto known = st.watched.find(symbol); known != st.watched.end()) {
    known->second = now;
    return;
  }
  if (st.watched.size() >= st.args->policy.watched_symbols_max) {
    const auto idlest = std::min_element(st.watched.begin(), st.watched.end(),
                                         [](const auto& a, const auto& b) { return a.second < b.second; });
    if (idlest == st.watched.end() || now - idlest->second < st.args->policy.watched_idle)
      return;
    st.quotes.erase(idlest->first);
    st.watched.erase(idlest);
  }
  st.watched.emplace(symbol, now);
  std::vector<Symbol> symbols;
  for (const auto& [watched, asked] : st.watched)
    symbols.push_back(watched);
  st.args->venue->watch_quotes(symbols);
}

void answer_quote(GatewayState& st, const Symbol& symbol, const QuoteAnswer& answer) {
  const auto askers = st.quotes_asked.extract(symbol);
  if (askers.empty())
    return;
  for (auto& promise : askers.mapped())
    promise.deliver(answer);
}

void ask_quote(GatewaySelf self, const Symbol& symbol);

/// Market data has a limit of its own. If nothing may leave now, the pump asks again when something may.
bool may_ask_for_prices(GatewaySelf self) {
  auto& st = self->state;
  const auto now = self->clock().now();
  if (st.data.closed_until > now) {
    pump_later(self, std::chrono::ceil<milliseconds>(st.data.closed_until - now));
    return false;
  }
  st.data.refill(now);
  const bool may = st.data.take(1, 0);
  if (may)
    ++st.data_calls_paid;
  else
    pump_later(self, st.data.wait(1, 0));
  if (!st.data.unlimited())
    st.args->telemetry->set_rate_left(st.args->account.str() + ":market_data", st.data);
  return may;
}

void price_question_answered(GatewayState& st) {
  if (--st.quote_calls == 0)
    st.data_calls_paid = 0;
}

}  // namespace

void ask_quotes(GatewaySelf self) {
  constexpr std::int32_t calls_max = 2;
  constexpr std::size_t symbols_max = 100;  // in one address
  auto& st = self->state;
  while (!st.quotes_wanted.empty() && st.quote_calls < calls_max && may_ask_for_prices(self)) {
    std::vector<Symbol> symbols;
    while (!st.quotes_wanted.empty() && symbols.size() < symbols_max) {
      const auto asked = st.quotes_asked.insert(st.quotes_wanted.extract(st.quotes_wanted.begin()));
      symbols.push_back(asked.position->first);
    }
    ++st.quote_calls;
    if (symbols.size() == 1) {
      ask_quote(self, symbols.front());
      return;
    }
    st.args->venue->query_quotes(
      symbols, on_actor<std::vector<Quote>>(self, [self, symbols](const Result<std::vector<Quote>>& result) {
        auto& now = self->state;
        if (result)
          for (const auto& quote : result.value())
            answer_quote(now, quote.symbol, QuoteAnswer{true, quote, {}});
        if (!result)
          note_limit(self, now.data, result.error());
        price_question_answered(now);
        for (const auto& symbol : symbols)
          if (!result) {
            answer_quote(now, symbol, QuoteAnswer{false, {}, in_words(result.error())});
          } else if (now.quotes_asked.contains(symbol)) {
            // No full quote there: alone, the venue is asked for the last trade too.
            ++now.quote_calls;
            ++now.data_calls_paid;
            now.data.charge(1);
            ask_quote(self, symbol);
          }
        ask_quotes(self);
      }));
  }
}

namespace {

void ask_quote(GatewaySelf self, const Symbol& symbol) {
  self->state.args->venue->query_quote(
    symbol, on_actor<Quote>(self, [self, symbol](const Result<Quote>& result) {
      auto& st = self->state;
      price_question_answered(st);
      if (!result)
        note_limit(self, st.data, result.error());
      answer_quote(st, symbol,
                   result ? QuoteAnswer{true, result.value(), {}} : QuoteAnswer{false, {}, in_words(result.error())});
      ask_quotes(self);
    }));
}

}  // namespace

caf::result<QuoteAnswer> quote(GatewaySelf self, const Symbol& symbol) {
  auto& st = self->state;
  watch(self, symbol);
  const auto cached = st.quotes.find(symbol);
  if (cached != st.quotes.end() && st.args->clock->now() - cached->second.at <= st.args->policy.quote_reuse)
    return QuoteAnswer{true, cached->second, {}};
  auto promise = self->make_response_promise<QuoteAnswer>();
  if (const auto asked = st.quotes_asked.find(symbol); asked != st.quotes_asked.end()) {
    asked->second.push_back(promise);
    return promise;
  }
  st.quotes_wanted[symbol].push_back(promise);
  ask_quotes(self);
  return promise;
}

caf::result<InstrumentAnswer> instrument(GatewaySelf self, const Symbol& symbol) {
  auto& st = self->state;
  const auto now = st.args->clock->now();
  const auto cached = st.instruments.find(symbol);
  if (cached != st.instruments.end() && now - cached->second.second < std::chrono::hours{12})
    return InstrumentAnswer{true, cached->second.first, {}};
  auto promise = self->make_response_promise<InstrumentAnswer>();
  Question question;
  question.symbol = symbol;
  question.ask = [self, symbol, now, promise] {
    self->state.args->venue->query_instrument(
      symbol, on_actor<Instrument>(self, [self, symbol, now, answer_to = promise](Result<Instrument> result) mutable {
        if (result) {
          self->state.instruments[symbol] = {result.value(), now};
          answer_to.deliver(InstrumentAnswer{true, std::move(result).value(), {}});
        } else {
          note_limit(self, self->state.trading, result.error());
          answer_to.deliver(InstrumentAnswer{false, {}, in_words(result.error())});
        }
        finished(self);
      }));
  };
  enqueue(self, std::move(question));
  return promise;
}

}  // namespace heed::gateway
