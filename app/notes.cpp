#include "app/notes.hpp"

#include "net/json.hpp"

#include <utility>

namespace heed {
namespace {

using config::NotifyEvent;

std::string signed_money(const Money& amount) { return (amount.is_negative() ? "" : "+") + amount.str(); }

Note note(NotifyEvent kind, std::string key, const AccountId& account, const Symbol& symbol, Instant at) {
  Note out;
  out.kind = kind;
  out.key = std::move(key);
  out.account = account;
  out.symbol = symbol;
  out.at = at;
  return out;
}

std::string what(const OrderRow& order) {
  return std::string{to_string(order.side)} + " " + order.quantity.str() + " " + order.symbol.str();
}

class Reader {
public:
  explicit Reader(const std::set<NotifyEvent>& kinds) : kinds_{kinds} {}

  void operator()(const OrderRow& row) {
    if (row.leg == Leg::entry && is_terminal(row.status) && row.cum_qty.is_positive())
      entry(row);
    if (row.status == OrderStatus::rejected)
      of_order(NotifyEvent::rejection, row,
               "the broker refused to " + what(row) + " (" + std::string{to_string(row.leg)} +
                 "): " + row.reject_code + " " + row.text);
    if (row.status == OrderStatus::unknown)
      of_order(NotifyEvent::unknown, row,
               "the broker has not told what became of " + row.client_order_id.str() + ", to " + what(row) +
                 "; it is being asked");
  }
  void operator()(const TradeRow& row) {
    auto out = note(NotifyEvent::exit, "exit:" + row.account.str() + ":" + row.trade.str(), row.account, row.symbol,
                    row.closed_at);
    out.signal = row.signal;
    out.text = "closed " + row.quantity.str() + " " + row.symbol.str() + " at " + row.exit_price.str() +
               ", opened at " + row.entry_price.str() + ": " + std::string{to_string(row.reason)} + ", P&L " +
               signed_money(row.pnl);
    add(std::move(out));
  }
  void operator()(const PauseRow& row) {
    const auto& pause = row.pause;
    // What only a person ends, and no person began.
    const bool halt = !pause.until && pause.by == "heed";
    const auto kind = halt ? NotifyEvent::halt : NotifyEvent::pause;
    const auto at = row.ended_at.value_or(pause.since);
    auto out = note(kind,
                    "pause:" + pause.account.str() + ":" + pause.strategy.str() + ":" + pause.symbol.str() + ":" +
                      pause.cause + ":" + to_rfc3339(at) + (row.ended_at ? ":ended" : ""),
                    pause.account, pause.symbol, at);
    const auto scope = (pause.strategy.empty() ? "" : " for strategy " + pause.strategy.str()) +
                       (pause.symbol.empty() ? "" : " in " + pause.symbol.str());
    if (row.ended_at)
      out.text = "opening" + scope + " is allowed again (" + pause.cause + "), by " + row.ended_by;
    else
      out.text = std::string{"opening"} + scope + (halt ? " is halted (" : " is paused (") + pause.cause + ") by " +
                 pause.by + (pause.detail.empty() ? "" : ": " + pause.detail) +
                 (pause.until ? ", until " + to_rfc3339(*pause.until) : ", until a person resumes it");
    add(std::move(out));
  }
  void operator()(const JournalEvent& event) {
    if (event.type == "kill_changed")
      of_event(NotifyEvent::halt, event,
               "kill switch: " + member(event, "to", "none") + ", was " + member(event, "from", "none") + ", by " +
                 member(event, "by"));
    else if (event.type == "quarantine_started")
      of_event(NotifyEvent::quarantine, event,
               event.symbol.str() + " is quarantined and opens nothing: " + member(event, "reason"));
    else if (event.type == "quarantine_lifted")
      of_event(NotifyEvent::quarantine, event,
               event.symbol.str() + " is out of its quarantine, by " + member(event, "by"));
    else if (event.type == "external_changed")
      of_event(NotifyEvent::drift, event,
               "the broker holds " + member(event, "quantity", "0") + " " + event.symbol.str() +
                 " that no order of Heed explains; they are listed as external and left alone");
    else if (event.type == "lot_adopted")
      of_event(NotifyEvent::entry, event, adopted(event));
    else if (event.type == "mismatch_seen")
      of_event(NotifyEvent::drift, event,
               "in " + event.symbol.str() + " the books say " + member(event, "books", "0") + " and the broker " +
                 member(event, "broker", "0") + "; it is looked at again");
  }
  template <class Other>
  void operator()(const Other&) {}

  std::vector<Note> take() { return std::move(out_); }

private:
  void add(Note note) {
    if (!kinds_.contains(note.kind))
      return;
    note.text = note.account.str() + ": " + note.text;
    out_.push_back(std::move(note));
  }
  void of_order(NotifyEvent kind, const OrderRow& row, std::string text) {
    auto out = note(kind, std::string{to_string(kind)} + ":" + row.client_order_id.str(), row.account, row.symbol,
                    row.updated_at);
    out.signal = row.signal;
    out.order = row.client_order_id;
    out.text = std::move(text);
    add(std::move(out));
  }
  void entry(const OrderRow& row) {
    of_order(NotifyEvent::entry, row,
             std::string{row.side == Side::buy ? "bought " : "sold short "} + row.cum_qty.str() +
               (row.cum_qty < row.quantity ? " of " + row.quantity.str() : "") + " " + row.symbol.str() +
               (row.avg_px ? " at " + row.avg_px->str() : "") + ", for " + row.strategy.str());
  }
  void of_event(NotifyEvent kind, const JournalEvent& event, std::string text) {
    auto out = note(kind, event.type + ":" + std::to_string(event.seq), event.account, event.symbol, event.at);
    out.signal = event.signal;
    out.order = event.order;
    out.text = std::move(text);
    add(std::move(out));
  }
  /// What goes without saying is not in the payload: `unsaid` stands for it.
  static std::string member(const JournalEvent& event, std::string_view name, const char* unsaid = "?") {
    const auto payload = net::parse_json(event.payload);
    const auto* value = payload ? payload.value().find(name) : nullptr;
    return value == nullptr || value->text.empty() ? unsaid : value->text;
  }

  static std::string adopted(const JournalEvent& event) {
    const auto payload = net::parse_json(event.payload);
    const auto* lot = payload ? payload.value().find("lot") : nullptr;
    const auto of_lot = [&](std::string_view name) {
      const auto* value = lot != nullptr ? lot->find(name) : nullptr;
      return value == nullptr || value->text.empty() ? std::string{"?"} : value->text;
    };
    return "took over " + of_lot("quantity") + " " + event.symbol.str() + " that was external, for " +
           of_lot("strategy");
  }

  const std::set<NotifyEvent>& kinds_;
  std::vector<Note> out_;
};

}  // namespace

std::vector<Note> notes_of(std::span<const Batch> batches, const std::set<NotifyEvent>& kinds) {
  Reader reader{kinds};
  for (const auto& batch : batches) {
    for (const auto& row : batch.rows)
      std::visit(reader, row);
    for (const auto& event : batch.events)
      reader(event);
  }
  return reader.take();
}

}  // namespace heed
