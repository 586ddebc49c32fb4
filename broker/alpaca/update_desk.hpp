// Between the order stream and the sink: an update is told when it is clear whose order it is about, and after a leg
// has filled the group is asked for, since the venue does not tell of the sibling's end.
#pragma once

#include "broker/alpaca/order_reader.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace heed::alpaca {

/// Thread-safe. Held by shared_ptr; timers hold it weakly, calls under way keep it alive.
class UpdateDesk : public std::enable_shared_from_this<UpdateDesk> {
public:
  using Sink = std::function<void(OrderReport)>;

  UpdateDesk(std::shared_ptr<OrderReader> reader, std::shared_ptr<SharedNames> names, std::shared_ptr<Rest> rest,
             std::shared_ptr<net::Timers> timers);

  void start(Sink sink);
  void stop();
  void take(TradeUpdate update);
  /// While an order is being submitted its answer is about to name the legs: no need to look them up.
  void submit_started(const Symbol& symbol);
  void submit_ended(const Symbol& symbol);

private:
  struct Held {
    TradeUpdate update;
    int looks = 0;  // complete listings that did not explain it
  };
  struct Waiting {
    std::vector<Held> held;
    int submits = 0;
    bool looking = false;
    int failures = 0;
  };

  void tell(const TradeUpdate& update);
  void tell(OrderReport report);
  void look_up_if_needed(const Symbol& symbol);
  void looked_up(const Symbol& symbol, std::size_t asked, const Status& outcome);
  /// Takes out what can be told by now.
  std::vector<TradeUpdate> ready(Waiting& waiting);
  void release(const Symbol& symbol);
  bool needs_confirmation(const TradeUpdate& update, VenueOrderId& root);
  void confirm(const VenueOrderId& root, int attempt);
  void confirmed(const VenueOrderId& root, int attempt, const Result<std::optional<WireOrder>>& answer);
  void later(std::chrono::milliseconds delay, std::function<void(UpdateDesk&)> task);
  std::shared_ptr<const Sink> sink();

  std::shared_ptr<OrderReader> reader_;
  std::shared_ptr<SharedNames> names_;
  std::shared_ptr<Rest> rest_;
  std::shared_ptr<net::Timers> timers_;
  std::mutex mutex_;
  std::shared_ptr<const Sink> sink_;  // null: stopped
  std::map<Symbol, Waiting> waiting_;
  std::map<VenueOrderId, bool> confirming_;  // true: asked for again meanwhile
};

}  // namespace heed::alpaca
