#include "sim/workload.hpp"

#include "core/naming.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string>

namespace heed::sim {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

constexpr std::array<const char*, 10> names{"NVDA", "AMD", "TSLA", "INTC", "F", "GE", "BRK.B", "META", "XOM", "KO"};

class Drawer {
public:
  Drawer(std::uint64_t seed, const Market& market, const RiskLimits& limits)
      : chance_{seed, "work"}, market_{market}, limits_{limits} {}

  Op draw(Instant at) {
    Op op;
    op.at = at;
    const auto what = chance_.below(100);
    if (what < 46)
      mention(op);
    else if (what < 56)
      mention(op), op.kind = OpKind::tape;
    else if (what < 88)
      intent(op);
    else if (what < 90)
      kill(op);
    else if (what < 93)
      op.kind = OpKind::lift;
    else if (what < 95)
      op.kind = OpKind::pause, op.symbol = chance_.below(2) == 0 ? Symbol{} : symbol();
    else if (what < 97)
      op.kind = OpKind::resume, op.symbol = chance_.below(2) == 0 ? Symbol{} : symbol();
    else if (what < 98)
      limits(op);
    else
      op.kind = OpKind::drain;
    return op;
  }

private:
  Symbol symbol() { return Symbol{market_.symbols[chance_.below(market_.symbols.size())]}; }

  void mention(Op& op) {
    op.kind = OpKind::mention;
    if (!calls_.empty() && chance_.below(12) == 0) {
      op.call = calls_[chance_.below(calls_.size())];
      return;
    }
    auto& m = op.call;
    m.source = SourceId{chance_.below(4) == 0 ? "other" : "calls"};
    m.external_id = "m" + std::to_string(++keys_);
    m.symbol = symbol();
    constexpr std::array actions{MentionAction::buy,  MentionAction::buy,  MentionAction::buy,   MentionAction::buy,
                                 MentionAction::sell, MentionAction::sell, MentionAction::avoid, MentionAction::hold,
                                 MentionAction::buy,  MentionAction::watch};
    m.action = actions[chance_.below(actions.size())];
    if (m.action == MentionAction::avoid && chance_.below(3) != 0)
      m.action = MentionAction::buy;
    m.conviction = Decimal::from_units(chance_.between(50, 100) * 10'000'000);
    m.horizon = static_cast<Horizon>(chance_.below(6));
    const auto age = chance_.below(16);
    m.created_at = op.at - (age == 0 ? hours{chance_.between(45, 120)} : hours{0}) - seconds{chance_.between(0, 600)};
    m.published_at = m.created_at;
    calls_.push_back(m);
  }

  void intent(Op& op) {
    op.kind = OpKind::intent;
    if (!intents_.empty() && chance_.below(12) == 0) {
      op.intent = intents_[chance_.below(intents_.size())];
      return;
    }
    auto& i = op.intent;
    i.idempotency_key = "i" + std::to_string(++keys_);
    i.source = SourceId{"api"};
    i.origin = chance_.below(2) == 0 ? Origin::manual : Origin::webhook;
    i.strategy = StrategyId{"tube"};
    i.symbol = symbol();
    i.created_at = op.at;
    i.close_reason = CloseReason::manual_close;
    constexpr std::array actions{IntentAction::open,    IntentAction::open,   IntentAction::open,
                                 IntentAction::close,   IntentAction::close,  IntentAction::reduce,
                                 IntentAction::reverse, IntentAction::target, IntentAction::modify_protection};
    i.action = actions[chance_.below(actions.size())];
    i.side = chance_.below(3) == 0 ? Side::sell : Side::buy;
    i.time_in_force = chance_.below(3) == 0 ? TimeInForce::day : TimeInForce::gtc;
    shape(i);
    intents_.push_back(i);
  }

  void shape(Intent& i) {
    const auto quantity = Decimal{chance_.spread(1, 60)};
    switch (i.action) {
      case IntentAction::open:
        i.size = chance_.below(3) == 0 ? Size{SizeKind::dollars, Decimal{chance_.between(200, 8'000)}, {}}
                                       : Size{SizeKind::quantity, quantity, {}};
        if (chance_.below(8) == 0)
          i.scale_in = ScaleIn::average;
        if (chance_.below(4) == 0)
          limit(i);
        protect(i);
        break;
      case IntentAction::reverse:
        i.size = Size{SizeKind::quantity, quantity, {}};
        protect(i);
        break;
      case IntentAction::target:
        i.size = Size{SizeKind::signed_target, chance_.below(3) == 0 ? -quantity : quantity, {}};
        protect(i);
        break;
      case IntentAction::reduce: i.size = Size{SizeKind::quantity, Decimal{chance_.spread(1, 30)}, {}}; break;
      case IntentAction::modify_protection: protect(i); break;
      case IntentAction::close:
      case IntentAction::adopt: i.size = Size{SizeKind::all, {}, {}}; break;
    }
  }

  /// Near the first price of the run: some fill at once, some wait, some expire.
  void limit(Intent& i) {
    const auto at =
      std::find(market_.symbols.begin(), market_.symbols.end(), i.symbol.view()) - market_.symbols.begin();
    const auto cents = market_.opening_cents[static_cast<std::size_t>(at)] * chance_.between(9'500, 10'500) / 10'000;
    i.order_type = OrderType::limit;
    i.limit_price = Decimal::from_units(cents * 10'000'000);
  }

  void protect(Intent& i) {
    const auto percent = [&](std::int64_t low, std::int64_t high) {
      return Level{LevelKind::percent, Decimal::from_units(chance_.between(low, high) * 100'000'000)};
    };
    i.protection.stop = percent(8, 60);
    if (chance_.below(4) != 0)
      i.protection.target = percent(8, 90);
  }

  void kill(Op& op) {
    op.kind = OpKind::kill;
    op.level = static_cast<KillLevel>(chance_.between(1, 3));
  }

  void limits(Op& op) {
    op.kind = OpKind::limits;
    op.limits = limits_;
    op.limits.trades_per_day_account = static_cast<std::int32_t>(chance_.between(1, limits_.trades_per_day_account));
    op.limits.order_dollars_max = Decimal{chance_.between(1'000, 25'000)};
  }

  Chance chance_;
  const Market& market_;
  const RiskLimits& limits_;
  std::int64_t keys_ = 0;
  std::vector<Mention> calls_;
  std::vector<Intent> intents_;
};

Market draw_market(Chance& chance) {
  Market market;
  const auto count = chance.between(1, 6);
  const auto first = chance.below(names.size());
  for (std::int64_t i = 0; i < count; ++i)
    market.symbols.emplace_back(names[(first + static_cast<std::size_t>(i)) % names.size()]);
  for (std::int64_t i = 0; i <= count; ++i)
    market.opening_cents.push_back(chance.between(800, 40'000));
  return market;
}

void draw_ops(Workload& out, Drawer& drawer, Chance& chance, Instant from, Instant to) {
  const auto length = std::chrono::duration_cast<seconds>(to - from).count();
  for (auto left = chance.spread(4, 60); left > 0; --left)
    out.ops.push_back(drawer.draw(from + seconds{chance.between(0, length)}));
  // Bursts: many things at once are where races are.
  for (auto bursts = chance.below(4); bursts > 0; --bursts) {
    const auto at = from + seconds{chance.between(0, length)};
    for (auto left = chance.between(2, 8); left > 0; --left)
      out.ops.push_back(drawer.draw(at + milliseconds{chance.spread(1, 20'000)}));
  }
}

/// Drawn apart, so that everything else is as it was before stops trailed. A key that comes again says the same
/// again.
void let_stops_trail(Workload& work, std::uint64_t seed) {
  Chance chance{seed, "trailing"};
  std::map<std::string, bool> trailing;
  for (auto& op : work.ops)
    if (op.kind == OpKind::intent && op.intent.protection.stop) {
      const auto known = trailing.try_emplace(op.intent.idempotency_key, chance.below(3) == 0).first;
      op.intent.protection.trailing = known->second;
    }
}

}  // namespace

Workload Workload::draw(std::uint64_t seed, int days, const core::MarketCalendar& calendar, const RiskLimits& limits,
                        int edition) {
  Workload out;
  Chance chance{seed, "days"};
  constexpr Date epoch = std::chrono::sys_days{std::chrono::year{2015} / std::chrono::January / 1};
  const Date first = epoch + std::chrono::days{chance.between(0, 4'300)};
  auto session = calendar.next_session(first);
  out.market = draw_market(chance);
  Drawer drawer{seed, out.market, limits};
  if (days == 0 && chance.below(4) != 0) {
    // Ends well before the close, so that what heals can settle on the same day.
    const auto room = std::chrono::duration_cast<minutes>(session.close - session.open).count() - 50;
    const auto length = std::min(chance.spread(10, 180), room);
    out.start = session.open + minutes{chance.between(-2, room - length)};
    out.end = out.start + minutes{length};
    draw_ops(out, drawer, chance, out.start, out.end);
  } else {
    if (days == 0)
      days = static_cast<int>(chance.between(1, 3));
    out.start = session.open - minutes{chance.between(2, 90)};
    for (int day = 0; day < days; ++day, session = calendar.next_session(session.date)) {
      draw_ops(out, drawer, chance, std::max(out.start, session.open - minutes{60}), session.close + minutes{30});
      out.end = session.close + minutes{35};
    }
  }
  if (edition >= 2)
    let_stops_trail(out, seed);
  std::stable_sort(out.ops.begin(), out.ops.end(), [](const Op& a, const Op& b) { return a.at < b.at; });
  for (auto& op : out.ops) {
    // A call cannot come before it was made.
    if (op.kind == OpKind::mention || op.kind == OpKind::tape) {
      if (op.kind == OpKind::tape)
        op.call.source = SourceId{"tape"};
      op.call.signal = core::signal_id(op.call.source, op.call.external_id);
    }
  }
  return out;
}

std::string Op::str() const {
  switch (kind) {
    case OpKind::mention:
    case OpKind::tape:
      return std::string{kind == OpKind::tape ? "tape " : "call "} + call.source.str() + " " + call.external_id +
             " " + std::string{to_string(call.action)} + " " + call.symbol.str();
    case OpKind::intent:
      return "intent " + intent.idempotency_key + " " + std::string{to_string(intent.action)} + " " +
             std::string{to_string(intent.side)} + " " + intent.symbol.str() + " " +
             std::string{to_string(intent.size.kind)} + " " + intent.size.value.str();
    case OpKind::kill: return "kill " + std::string{to_string(level)};
    case OpKind::lift: return "kill none, resume";
    case OpKind::pause: return "pause " + symbol.str();
    case OpKind::resume: return "resume " + symbol.str();
    case OpKind::limits: return "limits";
    case OpKind::drain: return "stop and start";
  }
  return {};
}

}  // namespace heed::sim
