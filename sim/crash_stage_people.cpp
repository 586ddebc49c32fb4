// What people and the market do on a stage, and how a run ended.
#include "sim/crash_stage.hpp"

#include "core/naming.hpp"

#include <algorithm>
#include <utility>

namespace heed::sim {

using std::chrono::seconds;

// ---- callers ------------------------------------------------------------------------------------------------------

/// Somebody with one call, who sends it until there is a receipt.
struct Stage::Caller {
  std::optional<Mention> mention;
  std::optional<Intent> intent;
  int attempts = 0;
};

MadeCall& Stage::made(const Caller& caller) {
  const auto& m = caller.mention;
  const auto& i = caller.intent;
  const auto signal = m ? m->signal : core::signal_id(i->source, rules_.account.str() + ":" + i->idempotency_key);
  auto& call = auditor_.call(signal);
  if (call.first_sent)
    return call;
  call.signal = signal;
  call.source = m ? m->source : i->source;
  call.key = m ? m->external_id : i->idempotency_key;
  call.symbol = m ? m->symbol : i->symbol;
  call.mention = m.has_value();
  call.action = std::string{m ? to_string(m->action) : to_string(i->action)};
  call.may_open =
    m ? m->action == MentionAction::buy
      : i->action == IntentAction::open || i->action == IntentAction::reverse || i->action == IntentAction::target;
  call.created_at = m ? m->created_at : i->created_at;
  call.first_sent = around_.now();
  return call;
}

void Stage::call(Mention mention) {
  mention.signal = core::signal_id(mention.source, mention.external_id);
  auto caller = std::make_shared<Caller>();
  caller->mention = std::move(mention);
  send(caller);
}

void Stage::submit(Intent intent) {
  auto caller = std::make_shared<Caller>();
  caller->intent = std::move(intent);
  send(caller);
}

void Stage::answered(const std::shared_ptr<Caller>& caller, const SignalId& signal) {
  auto& call = made(*caller);
  if (signal != call.signal)
    return auditor_.violate("receipt for another call", call.key + " got " + signal.str());
  if (!call.acknowledged)
    call.acknowledged = around_.now();
  around_.tell("people: receipt for " + call.key);
}

void Stage::send(const std::shared_ptr<Caller>& caller) {
  const auto signal = made(*caller).signal;
  const auto again = [this, caller] {
    if (++caller->attempts < 200)
      around_.agenda.after(seconds{3}, [this, caller] { send(caller); });
  };
  if (!life_ || draining_ || dying_)
    return again();
  auto open = std::make_shared<bool>(true);
  const auto heard = [this, caller, again, open, life = life_number_](const Error* error, const SignalId& which) {
    if (life != life_number_ || dying_ || !std::exchange(*open, false))
      return;
    if (error == nullptr)
      return answered(caller, which);
    around_.tell("people: no receipt for " + made(*caller).key + ": " + error->code);
    if (error->kind != ErrorKind::rejected)
      again();
  };
  if (caller->mention)
    life_->mention(*caller->mention, [heard](const Result<std::vector<MentionReceipt>>& result) {
      if (!result)
        return heard(&result.error(), {});
      heard(nullptr, result.value().front().signal);
    });
  else
    life_->submit(*caller->intent, [heard](const Result<IntentReceipt>& result) {
      if (!result)
        return heard(&result.error(), {});
      heard(nullptr, result.value().signal);
    });
  around_.agenda.after(seconds{8}, [this, again, open, signal] {
    if (std::exchange(*open, false) && !auditor_.call(signal).acknowledged)
      again();
  });
}

// ---- commands -----------------------------------------------------------------------------------------------------

/// `send` is given to a life, and again every few seconds, until one of them has said that it is done.
template <class Send>
void Stage::until_answered(Send send) {
  auto done = std::make_shared<bool>(false);
  const auto attempt = [this, send, done](auto again) -> void {
    if (*done)
      return;
    if (life_ && !draining_ && !dying_)
      send(
        [this, done, life = life_number_](bool well) { *done = *done || (well && life == life_number_ && !dying_); });
    around_.agenda.after(seconds{4}, [again] { again(again); });
  };
  attempt(attempt);
}

void Stage::kill(KillLevel level) {
  until_answered([this, level](auto done) {
    life_->kill(level, [this, level, done](const Result<Ok>& result) {
      done(result.ok());
      if (!result || dying_)
        return;
      around_.tell("people: kill switch " + std::string{to_string(level)} + " is latched");
      if (level == KillLevel::none)
        auditor_.kill_lifted();
      else
        auditor_.kill_acknowledged(level);
    });
  });
}

void Stage::lift() {
  auditor_.kill_lifted();
  kill(KillLevel::none);
  resume({});
}

void Stage::pause(const Symbol& symbol) {
  until_answered([this, symbol](auto done) {
    life_->pause(Pause{rules_.account, {}, symbol, "manual", "", "operator", {}, {}},
                 [done](const Result<Pause>& result) { done(result.ok()); });
  });
}

void Stage::resume(const Symbol& symbol) {
  until_answered([this, symbol](auto done) {
    life_->resume(symbol, [done](const Result<std::int32_t>& result) { done(result.ok()); });
  });
}

void Stage::limits(const RiskLimits& limits) {
  rules_.limits = limits;
  auditor_.limits_changed(limits);
  if (life_)
    life_->set_limits(limits);
}

// ---- the market ---------------------------------------------------------------------------------------------------

void Stage::price(const std::string& symbol, const std::string& to, bool slide) {
  prices_[symbol] = to;
  host_.change([&](exchange::Engine& engine) { engine.set_price(symbol, Decimal::parse(to).value(), slide); });
}

/// A price that stands still is still quoted.
void Stage::keep_quoting() {
  around_.agenda.after(seconds{20}, [this] {
    host_.change([this](exchange::Engine& engine) {
      for (const auto& [symbol, price] : prices_)
        engine.set_price(symbol, Decimal::parse(price).value(), false);
    });
    keep_quoting();
  });
}

void Stage::person(const exchange::OrderRequest& request) {
  auditor_.external(request.symbol);
  host_.change([&](exchange::Engine& engine) { (void)engine.submit(0, request); });
}

void Stage::persons_go() {
  host_.change([](exchange::Engine& engine) {
    for (exchange::OrderIndex i = 0; i < engine.order_count(); ++i)
      if (exchange::is_open(engine.order(i).status) && engine.order(i).client_order_id.starts_with("person-"))
        (void)engine.cancel(i);
  });
}

void Stage::halt(const std::string& symbol, bool halted) {
  host_.change([&](exchange::Engine& engine) { engine.set_halted(symbol, halted); });
}

void Stage::split(const std::string& symbol, int from, int to) {
  auditor_.external(symbol);
  const auto price = Decimal::parse(prices_[symbol]).value() * Decimal{from} / Decimal{to};
  prices_[symbol] = price.str();
  host_.change([&](exchange::Engine& engine) { engine.split(symbol, Decimal{from}, Decimal{to}); });
}

void Stage::untradable(const std::string& symbol, bool untradable) {
  host_.change([&](exchange::Engine& engine) { engine.set_tradable(symbol, !untradable, !untradable, !untradable); });
}

// ---- how it ended -------------------------------------------------------------------------------------------------

std::set<std::string> Stage::gather_facts() {
  std::set<std::string> facts;
  gather_exchange(facts);
  gather_journal(facts);
  return facts;
}

void Stage::gather_exchange(std::set<std::string>& facts) {
  const auto& engine = host_.engine();
  for (const auto& asset : engine.assets())
    if (const auto& held = engine.accounts().front().positions[asset.index].qty; !held.is_zero())
      facts.insert("held " + asset.symbol + " " + held.str());
  std::map<std::string, int> working;
  for (exchange::OrderIndex i = 0; i < engine.order_count(); ++i) {
    const auto& order = engine.order(i);
    const bool ours = order.client_order_id.starts_with("heed1.");
    if (ours && order.client_order_id.find(".en.") != std::string::npos)
      facts.insert("entry " + order.client_order_id + " " + order.filled_qty.str());
    if (!exchange::is_open(order.status))
      continue;
    const auto price = order.stop_price ? order.stop_price : order.limit_price;
    ++working[engine.assets()[order.asset].symbol + " " + std::string{to_string(order.side)} + " " +
              std::string{to_string(order.type)} + " " + order.remaining().str() +
              (price ? " at " + price->str() : std::string{})];
  }
  for (const auto& [what, count] : working)
    facts.insert("working " + what + (count > 1 ? " x " + std::to_string(count) : std::string{}));
}

void Stage::gather_journal(std::set<std::string>& facts) {
  auto& reader = life_->reader();
  auto filter = every_row();
  const auto failed = [this](const Error& error) { auditor_.violate("journal unreadable", error.detail); };
  const auto signals = reader.signals(filter);
  const auto trades = reader.trades(filter);
  const auto accounts = reader.accounts();
  const auto pauses = reader.pauses(filter);
  filter.status = "all";
  const auto positions = reader.positions(filter);
  if (!signals || !trades || !accounts || !pauses || !positions)
    return failed(!signals    ? signals.error()
                  : !trades   ? trades.error()
                  : !accounts ? accounts.error()
                  : !pauses   ? pauses.error()
                              : positions.error());
  for (const auto& view : signals.value().rows)
    for (const auto& decision : view.decisions)
      facts.insert("call " + view.signal.idempotency_key + " " + decision.disposition.str());
  std::map<std::string, int> closed;
  for (const auto& trade : trades.value().rows)
    ++closed[trade.symbol.str() + " " + std::string{to_string(trade.side)} + " " + trade.quantity.str() + " " +
             std::string{to_string(trade.reason)} +
             (trade.subreason.empty() ? std::string{} : " " + trade.subreason)];
  for (const auto& [what, count] : closed)
    facts.insert("trade " + what + (count > 1 ? " x " + std::to_string(count) : std::string{}));
  for (const auto& row : positions.value().rows)
    facts.insert("position " + row.symbol.str() + " " + row.phase + " " + row.quantity.str());
  for (const auto& row : accounts.value())
    if (row.kill != KillLevel::none)
      facts.insert("kill " + std::string{to_string(row.kill)});
  for (const auto& row : pauses.value().rows)
    facts.insert("pause " + row.pause.symbol.str() + " " + row.pause.cause);
}

}  // namespace heed::sim
