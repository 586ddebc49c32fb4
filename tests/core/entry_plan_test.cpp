// What an intent means for what is held and for entries that are at work.
#include "core/entry_plan.hpp"

#include <catch2/catch.hpp>

namespace heed::core {
namespace {

std::string in_words(const CloseLots& close) {
  return "close " + (close.quantity ? close.quantity->str() : "all") +
         (close.then ? " then " + std::string{to_string(close.then->side)} + " " + close.then->size.value.str() : "");
}
std::string in_words(const OpenPlan& open) {
  return std::string{to_string(open.intent.side)} + " " + open.intent.size.value.str();
}
std::string in_words(const ModifyProtection&) { return "modify"; }
std::string in_words(const Refusal& refusal) { return refusal.disposition.str(); }

}  // namespace

TEST_CASE("what an intent means for what is held, and for an entry at work", "[core][intents]") {
  using enum IntentAction;
  struct Case {
    IntentAction action;
    Size size;
    const char* owned;
    bool entering;
    const char* plan;
    bool may_open;
  };
  const auto of = [](SizeKind kind, std::string_view value) { return Size{kind, *Decimal::parse(value), {}}; };
  const auto all = of(SizeKind::all, "0");
  const auto four = of(SizeKind::quantity, "4");
  const auto to = [&](std::string_view value) { return of(SizeKind::signed_target, value); };
  const std::vector<Case> cases{
    {close, all, "0", false, "no_op:flat", false},
    {close, all, "0", true, "close all", false},
    {close, all, "10", false, "close all", false},
    {close, four, "10", false, "close 4", false},
    {close, four, "-3", false, "close 3", false},
    {reduce, four, "0", false, "no_op:flat", false},
    {reduce, four, "0", true, "close 4", false},
    {reduce, four, "3", true, "close 4", false},  // the entry may bring a fourth
    {reduce, four, "3", false, "close 3", false},
    {target, to("0"), "0", false, "no_op:at_target", false},
    {target, to("0"), "0", true, "close all", false},
    {target, to("0"), "5", false, "close all", false},
    {target, to("5"), "5", false, "no_op:at_target", true},
    {target, to("7"), "5", false, "buy 2", true},
    {target, to("2"), "5", false, "close 3", true},
    {target, to("-2"), "5", false, "close all then sell 2", true},
    {target, to("-2"), "0", false, "sell 2", true},
    {reverse, four, "10", false, "close all then sell 4", true},
    {reverse, four, "0", false, "buy 4", true},
    {open, four, "10", false, "buy 4", true},
    {modify_protection, all, "0", false, "no_op:flat", false},
    {modify_protection, all, "1", false, "modify", false},
  };
  for (const auto& c : cases) {
    Intent intent;
    intent.action = c.action;
    intent.size = c.size;
    intent.side = Side::buy;
    CAPTURE(to_string(c.action), c.size.value.str(), c.owned, c.entering);
    const auto plan = plan_intent(intent, *Decimal::parse(c.owned), c.entering);
    CHECK(std::visit([](const auto& p) { return in_words(p); }, plan) == c.plan);
    CHECK(may_open(intent) == c.may_open);
  }
}

}  // namespace heed::core
