#include "broker/alpaca/update_desk.hpp"

#include <algorithm>
#include <utility>

namespace heed::alpaca {

namespace {

using std::chrono::milliseconds;

constexpr int confirmations_max = 8;
constexpr auto delay_max = milliseconds{30'000};
// A listing may lag behind the stream, so one look does not prove that a grouped order is a stranger's.
constexpr int looks_of_group = 2;

milliseconds growing(milliseconds first, int attempt) {
  auto delay = first;
  for (int i = 0; i < attempt && delay < delay_max; ++i)
    delay *= 2;
  return std::min(delay, delay_max);
}

bool is_exit(Leg leg) { return leg == Leg::take_profit || leg == Leg::stop_loss; }

}  // namespace

UpdateDesk::UpdateDesk(std::shared_ptr<OrderReader> reader, std::shared_ptr<SharedNames> names,
                       std::shared_ptr<Rest> rest, std::shared_ptr<net::Timers> timers)
    : reader_{std::move(reader)}, names_{std::move(names)}, rest_{std::move(rest)}, timers_{std::move(timers)} {}

void UpdateDesk::start(Sink sink) {
  const std::lock_guard lock{mutex_};
  sink_ = std::make_shared<const Sink>(std::move(sink));
}

void UpdateDesk::stop() {
  const std::lock_guard lock{mutex_};
  sink_.reset();
  waiting_.clear();
  confirming_.clear();
}

std::shared_ptr<const UpdateDesk::Sink> UpdateDesk::sink() {
  const std::lock_guard lock{mutex_};
  return sink_;
}

void UpdateDesk::later(milliseconds delay, std::function<void(UpdateDesk&)> task) {
  timers_->after(delay, [weak = weak_from_this(), task = std::move(task)] {
    const auto self = weak.lock();
    if (self && self->sink())
      task(*self);
  });
}

void UpdateDesk::tell(OrderReport report) {
  if (const auto sink = this->sink(); sink && *sink)
    (*sink)(std::move(report));
}

void UpdateDesk::tell(const TradeUpdate& update) {
  auto report = names_->with([&](NameBook& book) {
    book.learn(update.order);
    book.set_foreign(update.order);
    if (update.event == "order_replace_rejected")
      book.forget_replacement(update.order.id);
    return book.report(update.order);
  });
  if (report) {
    report->execution = update.execution;
    tell(*std::move(report));
  }
  VenueOrderId root;
  if (!needs_confirmation(update, root))
    return;
  {
    const std::lock_guard lock{mutex_};
    if (!confirming_.emplace(root, false).second) {
      confirming_[root] = true;
      return;
    }
  }
  confirm(root, 0);
}

bool UpdateDesk::needs_confirmation(const TradeUpdate& update, VenueOrderId& root) {
  if (!update.execution && update.order.status != OrderStatus::filled)
    return false;
  return names_->with([&](NameBook& book) {
    const auto* known = book.find(update.order.id);
    if (known == nullptr || !known->ours || !is_exit(known->leg))
      return false;
    root = known->root;
    return known->root != update.order.id || update.order.in_group();
  });
}

void UpdateDesk::take(TradeUpdate update) {
  const auto symbol = update.order.symbol;
  const bool clear = names_->with([&](NameBook& book) {
    book.learn(update.order);
    return book.can_report(update.order);
  });
  if (clear)
    return tell(update);
  {
    const std::lock_guard lock{mutex_};
    waiting_[symbol].held.push_back(Held{std::move(update), 0});
  }
  look_up_if_needed(symbol);
}

void UpdateDesk::submit_started(const Symbol& symbol) {
  const std::lock_guard lock{mutex_};
  ++waiting_[symbol].submits;
}

void UpdateDesk::submit_ended(const Symbol& symbol) {
  {
    const std::lock_guard lock{mutex_};
    auto& waiting = waiting_[symbol];
    waiting.submits = std::max(0, waiting.submits - 1);
  }
  release(symbol);
  look_up_if_needed(symbol);
}

std::vector<TradeUpdate> UpdateDesk::ready(Waiting& waiting) {
  std::vector<TradeUpdate> clear;
  names_->with([&](NameBook& book) {
    std::erase_if(waiting.held, [&](Held& held) {
      const auto& order = held.update.order;
      book.learn(order);
      const bool enough = held.looks >= (order.in_group() ? looks_of_group : 1);
      if (!enough && !book.can_report(order))
        return false;
      clear.push_back(std::move(held.update));
      return true;
    });
  });
  return clear;
}

void UpdateDesk::release(const Symbol& symbol) {
  std::vector<TradeUpdate> clear;
  {
    const std::lock_guard lock{mutex_};
    const auto found = waiting_.find(symbol);
    if (found == waiting_.end())
      return;
    clear = ready(found->second);
    const auto& rest = found->second;
    if (rest.held.empty() && rest.submits == 0 && !rest.looking)
      waiting_.erase(found);
  }
  for (const auto& update : clear)
    tell(update);
}

void UpdateDesk::look_up_if_needed(const Symbol& symbol) {
  std::size_t asked = 0;
  {
    const std::lock_guard lock{mutex_};
    const auto found = waiting_.find(symbol);
    if (found == waiting_.end() || found->second.held.empty() || found->second.submits > 0 || found->second.looking)
      return;
    found->second.looking = true;
    asked = found->second.held.size();
  }
  reader_->list_symbol(symbol,
                       [self = shared_from_this(), symbol, asked](const Result<std::vector<WireOrder>>& orders) {
                         self->looked_up(symbol, asked, orders ? Status{Ok{}} : Status{orders.error()});
                       });
}

void UpdateDesk::looked_up(const Symbol& symbol, std::size_t asked, const Status& outcome) {
  auto delay = milliseconds{1000};
  {
    const std::lock_guard lock{mutex_};
    const auto found = waiting_.find(symbol);
    if (found == waiting_.end())
      return;
    auto& waiting = found->second;
    if (outcome) {
      waiting.failures = 0;
      // Only what was held when the listing was asked for is judged by it.
      for (std::size_t i = 0; i < std::min(asked, waiting.held.size()); ++i)
        ++waiting.held[i].looks;
    } else {
      delay = growing(milliseconds{500}, waiting.failures++);
    }
  }
  release(symbol);
  const auto again = [symbol](UpdateDesk& desk) {
    {
      const std::lock_guard lock{desk.mutex_};
      const auto found = desk.waiting_.find(symbol);
      if (found == desk.waiting_.end())
        return;
      found->second.looking = false;
      if (found->second.held.empty() && found->second.submits == 0)
        desk.waiting_.erase(found);
    }
    desk.look_up_if_needed(symbol);
  };
  later(delay, again);
}

void UpdateDesk::confirm(const VenueOrderId& root, int attempt) {
  reader_->get(root, {}, [self = shared_from_this(), root, attempt](const Result<std::optional<WireOrder>>& answer) {
    self->confirmed(root, attempt, answer);
  });
}

void UpdateDesk::confirmed(const VenueOrderId& root, int attempt, const Result<std::optional<WireOrder>>& answer) {
  bool settled = false;
  std::vector<OrderReport> reports;
  if (answer && answer.value()) {
    reports = names_->with([&](NameBook& book) { return book.reports(*answer.value()); });
    bool filled = false;
    bool working = false;
    for (const auto& report : reports) {
      filled = filled || (is_exit(report.leg) && report.status == OrderStatus::filled);
      working = working || (is_exit(report.leg) && !is_terminal(report.status));
    }
    settled = !(filled && working);
  }
  for (auto& report : reports)
    tell(std::move(report));
  const bool gone = answer && !answer.value();
  if (!settled && !gone && attempt < confirmations_max)
    return later(growing(milliseconds{200}, attempt),
                 [root, attempt](UpdateDesk& desk) { desk.confirm(root, attempt + 1); });
  if (!settled)
    rest_->note("STREAM", root.str(), {}, "the group of this order could not be confirmed after a fill");
  {
    const std::lock_guard lock{mutex_};
    if (!confirming_[root]) {
      confirming_.erase(root);
      return;
    }
    confirming_[root] = false;
  }
  confirm(root, 0);
}

}  // namespace heed::alpaca
