// One step of the position machine at work: the state it changes, what it gives out, and its rules by subject. Not
// for others: see core/position.hpp.
//
// References into the state do not outlive an emit(): planning an order or settling moves what they point to.
#pragma once

#include "core/instruments.hpp"
#include "core/position.hpp"
#include "core/position_parts.hpp"

#include <string>
#include <utility>

namespace heed::core {

class Machine {
public:
  Machine(PositionState& state, const StepContext& context, Step& out)
      : s_{state}, cx_{context}, policy_{*context.policy}, instrument_{instrument_of(state, context)}, out_{out} {}

  void take(const PositionInput& input);
  /// Acts on what the state calls for, until there is nothing left to do.
  void pursue();
  /// Last: facts that only look back (nakedness, grace), and the rows of changed orders.
  void finish();

  void operator()(const PlaceEntry& input);
  void operator()(const CloseLots& input);
  void operator()(const ModifyProtection& input);
  void operator()(const ExtendDue& input);
  void operator()(const OrderReport& input);
  void operator()(const OrderRefused& input);
  void operator()(const OrderInDoubt& input);
  void operator()(const OrderNotFound& input);
  void operator()(const CancelRefused& input);
  void operator()(const AskAgain& input);
  void operator()(const PositionReport& input);
  void operator()(const TimerDue& input);
  void operator()(const Recovered& input);
  void operator()(const SetBlock& input);
  void operator()(const Quarantine& input);
  void operator()(const LiftQuarantine& input);
  void operator()(const ExternalChange& input);
  void operator()(const AdoptExternal& input);
  void operator()(const RebuildOwnership& input);
  void operator()(const PriceSeen& input);
  void operator()(const AverageTold& input);
  void operator()(const CancelEntries& input);

private:
  // position.cpp: giving out
  template <class Event>
  void emit(Event event) {
    out_.events.emplace_back(std::move(event));
    evolve(s_, out_.events.back());
  }
  template <class Effect>
  void effect(Effect value) {
    out_.effects.emplace_back(std::move(value));
  }
  void answer(DispositionKind kind, std::string detail, std::string reason);
  void decide(const SignalId& signal, DispositionKind kind, std::string detail, std::string reason);
  void alert(AlertLevel level, std::string code, std::string text);
  void arm(TimerKind kind, const ClientOrderId& order, Duration delay);
  void query(const WorkingOrder& order);
  RiskFact blank_fact(RiskFactKind kind) const;
  void tell(RiskFactKind kind, const WorkingOrder& order, Quantity quantity, Price price);
  RiskFact& tell_of_lot(const Lot& lot, Quantity change, Money realized);
  void flush_rows();
  Duration backoff(Duration first, std::int32_t times, Duration most) const;
  ClientOrderId name_for(const IntentId& intent, Leg leg, std::int32_t revision, const StrategyId& strategy) const;

  // position.cpp: what is traded
  bool knows_terms() const { return cx_.instrument_known || s_.terms; }
  std::optional<ContractTerms> new_terms() const;

  // position_entry.cpp
  const Lot* lot_to_join(const Intent& intent) const;
  bool refuse_entry(const PlaceEntry& input);
  Lot lot_of(const Intent& intent) const;
  void open_lot(const PlaceEntry& input);
  void plan_entry(const PlaceEntry& input, const IntentId& lot);
  void relevel(const IntentId& lot);
  std::optional<Price> trailed_stop(const Lot& lot, Price last) const;
  void extend_due(const IntentId& lot);
  void entry_ended(const ClientOrderId& order);
  std::pair<DispositionKind, std::string> standing(const WorkingOrder& order) const;

  // position_orders.cpp: planning, submitting, cancelling, replacing
  WorkingOrder blank_order(const Lot& lot, Leg leg, Quantity quantity) const;
  void plan(WorkingOrder order);
  void submit(const ClientOrderId& order);
  void want_cancel(const ClientOrderId& order, std::string_view why);
  bool ask_cancels();
  bool ask_cancel(const ClientOrderId& order);
  void send_cancel(const WorkingOrder& order);
  void replace(const ClientOrderId& order, std::optional<Quantity> quantity, std::optional<Price> price);

  // position_reports.cpp: what reports say
  bool is_ahead_of_entry(const WorkingOrder& order, const OrderReport& report) const;
  void wait_for_entry(const WorkingOrder& order);
  OrderStatus merged_status(const WorkingOrder& order, const OrderReport& report);
  void change_status(const WorkingOrder& order, OrderStatus status, bool assumed, std::string code, std::string text);
  void status_changed(const ClientOrderId& order, OrderStatus before);
  void order_over(const ClientOrderId& order, OrderStatus before);
  void end_successors(const ClientOrderId& id);
  void end_children(const ClientOrderId& head);

  // position_fills.cpp: what fills do
  void book(const OrderReport& report);
  void book_execution(const OrderReport& report, const Execution& execution);
  void book_growth(const OrderReport& report);
  struct Fill {
    ExecutionId execution_id;
    Quantity quantity;
    Price price;
    Money fee;
    Money value;
    bool inferred = false;
    Instant at{};
  };
  void book_fill(const ClientOrderId& order, const Fill& fill);
  void explain_fill(const ClientOrderId& order, const Fill& fill);
  std::vector<FillPart> allocate(const WorkingOrder& order, const Fill& fill);
  void allocate_exit(const WorkingOrder& order, const Fill& fill, std::vector<FillPart>& parts);
  bool net_stray(const Lot& stray);
  IntentId stray_lot(const WorkingOrder& order);
  void warn_about(const WorkingOrder& order, const Fill& fill);
  void fill_rows(const FillBooked& event);
  /// What an execution of something inferred means for one lot.
  struct Explained {
    IntentId lot;
    Quantity quantity;  // of the execution; zero: only what stays inferred changes
    Money was;          // as it was inferred
    Money is;
    Money fee;
    Quantity rest;  // that stays inferred, at another value
    Money rest_was;
    Money rest_is;
  };
  static std::vector<Explained> explained_lots(const Fill& fill, const std::vector<InferredShare>& taken,
                                               const std::vector<InferredShare>& rest,
                                               const std::vector<InferredShare>& restated);
  void explain_rows(std::vector<FillRow>& rows, const WorkingOrder& order, const Fill& fill, const Explained& of_lot,
                    Money realized) const;
  FillRow fill_row(const WorkingOrder& order, const Lot& lot) const;
  void tell_fill(const FillBooked& event);
  void tell_corrections(const std::vector<FillPart>& parts);

  // position_adopt.cpp
  void external_is(Quantity quantity, Price avg_px);
  bool refuse_adoption(const AdoptExternal& input, Quantity external);
  void adopt(const AdoptExternal& input, Quantity quantity, const ExitPrices& levels);

  // position_rebuild.cpp
  void write_history(const RebuildOwnership& input, const OwnershipRebuilt& event);
  void tell_of_rebuilt(const OwnershipRebuilt& event);

  // position_close.cpp
  bool pursue_close();
  bool start_waiting_close();
  bool clear_the_way();
  void close_order_over();
  void ask_position();
  void position_told(const PositionReport& report);
  void send_close(Quantity quantity);
  void mismatch(Quantity broker);
  void set_apart(const std::string& reason, std::optional<Quantity> bound, std::optional<Quantity> broker);
  std::string say_difference(Quantity broker) const;
  void end_close(std::string outcome);
  void close_by_rule(const IntentId& lot, CloseReason reason, std::string subreason);

  // position_protection.cpp
  struct ExitSet {
    std::int32_t number = 0;
    ClientOrderId take_profit, stop_loss;  // live ones; the newest of a replace
    bool native = false;
    bool moving = false;   // a cancel or replace is under way, or the venue has not answered yet
    bool waiting = false;  // legs of an entry that is not filled, where that is needed
    bool broken = false;   // the venue's group is over, but not yet for each leg
    Quantity open;
  };
  bool protect();
  bool protect_lot(std::size_t index);
  void gather_sets(const Lot& lot);
  void add_to_set(ExitSet& set, const WorkingOrder& order);
  Quantity cap_of(std::size_t index) const;
  bool cancel_set(const ExitSet& set, std::string_view why);
  bool drop_broken_sets();
  bool shrink_sets(Quantity excess);
  bool resize_legs(const Lot& lot);
  bool reshape_sets(const Lot& lot, Quantity missing);
  bool reshape(const Lot& lot, const ExitSet& set, Quantity grow);
  bool move_leg(const Lot& lot, const ClientOrderId& order, const ExitSet& set, Quantity grow);
  void add_leg(const Lot& lot, const ExitSet& set, Leg leg);
  bool cover(const Lot& lot, Quantity missing);
  bool entry_is_in_the_way(const Lot& lot) const;
  bool pairs_natively(const Lot& lot, Quantity quantity) const;
  void exit_refused(const ClientOrderId& order);
  void ask_for_exits(const IntentId& lot);
  void judge_ended_exits(const ClientOrderId& id);
  bool was_taken_away(const WorkingOrder& order) const;
  void exit_taken_away(const ClientOrderId& order);
  Quantity resting_protection(const Lot& lot) const;
  void note_nakedness();
  bool keeps_itself_bare(const WorkingOrder& entry) const;
  bool keeps_others_bare(const WorkingOrder& entry) const;
  void start_graces();
  void grace_over(const ClientOrderId& order);
  bool clean_up();
  void finish_trade(const IntentId& lot);

  // position_resolve.cpp
  /// `given_up`: see OrderInDoubt.
  void doubt(const ClientOrderId& order, std::string cause, std::string given_up = {});
  void look_finished(const ClientOrderId& order);
  bool may_have_filled(const WorkingOrder& order, Quantity difference) const;
  void absence_told(const PositionReport& report);
  void conclude_absent(const ClientOrderId& order);
  bool still_wanted(const WorkingOrder& order) const;
  void await_end(const ClientOrderId& order);
  void ask_again(TimerKind kind, ClientOrderId order, Duration first, std::int32_t times);
  bool is_early(TimerKind kind, const ClientOrderId& order, std::optional<Instant> next);
  void resolve_due(const ClientOrderId& order);
  void cancel_due(const ClientOrderId& order);

  PositionState& s_;
  const StepContext& cx_;
  const PositionPolicy& policy_;
  const Instrument instrument_;  // its multiplier is that of what is held
  Step& out_;
  std::size_t rows_told_ = 0;  // events whose orders have their rows
  std::vector<ExitSet> sets_;
};

}  // namespace heed::core
