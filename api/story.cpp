#include "api/story.hpp"

#include "api/checks.hpp"
#include "api/event_words.hpp"
#include "api/render.hpp"
#include "net/json.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace heed::api {
namespace {

constexpr std::size_t rows_max = 5000;
constexpr std::size_t trades_searched_max = 20'000;

// --- gathering -----------------------------------------------------------------------------------------------------

/// Reads into `to`; the first error ends the gathering.
class Gatherer {
public:
  explicit Gatherer(JournalReader& journal) : journal_{journal} {}
  std::optional<Error> error;

  template <class T>
  void rows(std::vector<T>& to, Result<ListPage<T>> (JournalReader::*list)(const ListFilter&),
            const ListFilter& filter) {
    if (error)
      return;
    auto read = read_all(journal_, list, filter, rows_max);
    if (!read)
      error = read.error();
    else
      to = std::move(read).value();
  }

  void events(Story& story, const ListFilter& filter) {
    std::vector<JournalEvent> found;
    rows(found, &JournalReader::events, filter);
    for (auto& event : found)
      story.events.emplace(event.seq, std::move(event));
  }

private:
  JournalReader& journal_;
};

ListFilter by_signal(const std::string& signal) {
  ListFilter filter;
  filter.signal = signal;
  return filter;
}

void gather_signal(Gatherer& gather, Story& story, const std::string& signal) {
  const auto filter = by_signal(signal);
  gather.rows(story.mentions, &JournalReader::mentions, filter);
  gather.rows(story.intents, &JournalReader::intents, filter);
  gather.rows(story.orders, &JournalReader::orders, filter);
  gather.rows(story.fills, &JournalReader::fills, filter);
  gather.rows(story.trades, &JournalReader::trades, filter);
  gather.events(story, filter);
  for (const auto& order : story.orders) {
    ListFilter of_order;
    of_order.order = order.client_order_id.str();
    gather.events(story, of_order);
  }
}

void keep_account(Story& story, const AccountId& account) {
  const auto other = [&](const auto& row) { return row.account != account; };
  std::erase_if(story.intents, other);
  std::erase_if(story.orders, other);
  std::erase_if(story.fills, other);
  std::erase_if(story.trades, other);
  std::erase_if(story.events,
                [&](const auto& e) { return !e.second.account.empty() && e.second.account != account; });
  if (story.signal)
    std::erase_if(story.signal->decisions, other);
}

// --- telling -------------------------------------------------------------------------------------------------------

StoryStep event_step(const JournalEvent& event) {
  StoryStep step;
  step.at = event.at;
  step.seq = event.seq;
  step.what = event.type;
  step.detail = event_words(event);
  step.account = event.account;
  step.symbol = event.symbol;
  step.order = event.order;
  step.payload = event.payload;
  return step;
}

/// What events tell already, so that rows do not tell it again.
struct Told {
  std::set<std::string> orders, fills, decisions;
  bool signal = false, trade = false, intent = false;

  explicit Told(const Story& story) {
    for (const auto& [seq, event] : story.events) {
      const std::string_view type{event.type};
      signal = signal || type.starts_with("signal") || type.starts_with("mention") || type.starts_with("call");
      trade = trade || type.starts_with("trade");
      intent = intent || type.starts_with("intent");
      if (type.starts_with("order"))
        add_orders(event);
      if (type.starts_with("fill") || type.starts_with("execution"))
        fills.insert(event.order.str());
      if (type.starts_with("decision") || type.starts_with("disposition"))
        decisions.insert(event.account.str());
    }
  }

private:
  /// The order that it is about, and those that it tells of besides.
  void add_orders(const JournalEvent& event);
};

void Told::add_orders(const JournalEvent& event) {
  orders.insert(event.order.str());
  const auto payload = net::parse_json(event.payload);
  if (!payload)
    return;
  const auto add = [&](std::string_view list, std::string_view name) {
    if (const auto* found = payload.value().find(list))
      for (const auto& item : found->items)
        if (const auto* id = item.find(name))
          orders.insert(id->text);
  };
  add("legs", "client_order_id");
  add("more", "order");
}

std::string side_text(Side side, Quantity quantity, const Symbol& symbol) {
  return std::string{to_string(side)} + " " + quantity.str() + " " + symbol.str();
}

/// "OPEN buy NVDA, DOLLARS 5000", "CLOSE NVDA, ALL": the side where the action does not follow from what is held.
std::string intent_words(const Intent& intent) {
  const bool has_side = intent.action == IntentAction::open || intent.action == IntentAction::reverse ||
                        intent.action == IntentAction::adopt;
  return std::string{to_string(intent.action)} + " " +
         (has_side ? std::string{to_string(intent.side)} + " " : std::string{}) + intent.symbol.str() + ", " +
         std::string{to_string(intent.size.kind)} +
         (intent.size.kind == SizeKind::all ? "" : " " + intent.size.value.str());
}

void tell_calls(Story& story, const Told& told) {
  if (story.signal && !told.signal) {
    const auto& s = story.signal->signal;
    StoryStep step{s.received_at, 0, "signal_received", {}, {}, s.symbol, {}, {}};
    step.detail = s.source.str() + " says " + s.action + " " + s.symbol.str();
    if (!story.mentions.empty() && story.mentions.front().conviction)
      step.detail += ", conviction " + story.mentions.front().conviction->str();
    story.steps.push_back(std::move(step));
  }
  for (const auto& intent : story.intents) {
    if (told.intent)
      break;
    // An intent bears the time of its call, which may lie before the call's arrival.
    const auto at = story.signal ? std::max(intent.created_at, story.signal->signal.received_at) : intent.created_at;
    StoryStep step{at, 0, "intent_made", {}, intent.account, intent.symbol, {}, {}};
    step.detail = intent_words(intent);
    story.steps.push_back(std::move(step));
  }
  if (!story.signal)
    return;
  for (const auto& d : story.signal->decisions) {
    if (told.decisions.contains(d.account.str()))
      continue;
    StoryStep step{d.at, 0, "decision", {}, d.account, story.signal->signal.symbol, {}, {}};
    step.detail = d.disposition.str() + (d.reason.empty() ? "" : ": " + d.reason);
    story.steps.push_back(std::move(step));
  }
}

void tell_orders(Story& story, const Told& told) {
  for (const auto& o : story.orders) {
    if (told.orders.contains(o.client_order_id.str()))
      continue;
    StoryStep step{o.created_at, 0, "order_made", {}, o.account, o.symbol, o.client_order_id, {}};
    step.detail = std::string{to_string(o.leg)} + ": " + side_text(o.side, o.quantity, o.symbol) + " " +
                  std::string{to_string(o.type)} + "; now " + std::string{to_string(o.status)};
    story.steps.push_back(std::move(step));
  }
  for (const auto& f : story.fills) {
    if (told.fills.contains(f.client_order_id.str()))
      continue;
    StoryStep step{f.at, 0, "fill", {}, f.account, f.symbol, f.client_order_id, {}};
    step.detail = side_text(f.side, f.quantity, f.symbol) + " at " + f.price.str_padded(2);
    story.steps.push_back(std::move(step));
  }
  for (const auto& t : story.trades) {
    if (told.trade)
      break;
    StoryStep step{t.closed_at, 0, "trade_closed", {}, t.account, t.symbol, {}, {}};
    step.detail = t.symbol.str() + " " + t.quantity.str() + " from " + t.entry_price.str_padded(2) + " to " +
                  t.exit_price.str_padded(2) + ", P&L " + t.pnl.str_padded(2) + ", " +
                  std::string{to_string(t.reason)};
    story.steps.push_back(std::move(step));
  }
}

void tell(Story& story) {
  for (const auto& [seq, event] : story.events)
    story.steps.push_back(event_step(event));
  const Told told{story};
  tell_calls(story, told);
  tell_orders(story, told);
  // Events first keep their own order; rows of the same instant stand in the order in which they were told.
  std::stable_sort(story.steps.begin(), story.steps.end(),
                   [](const StoryStep& a, const StoryStep& b) { return a.at < b.at; });
}

Result<std::optional<Story>> finish(Gatherer& gather, Story story) {
  if (gather.error)
    return *gather.error;
  tell(story);
  return std::optional{std::move(story)};
}

Result<std::optional<Story>> tell_part(JournalReader& journal, Story story, const std::string& signal,
                                       const AccountId& account, const ListFilter& more_events) {
  Gatherer gather{journal};
  if (!signal.empty()) {
    auto view = journal.signal(SignalId{signal});
    if (!view)
      return view.error();
    story.signal = std::move(view).value();
    gather_signal(gather, story, signal);
  }
  gather.events(story, more_events);
  keep_account(story, account);
  return finish(gather, std::move(story));
}

Result<std::optional<TradeRow>> find_trade(JournalReader& journal, const std::string& id) {
  ListFilter filter;
  filter.limit = 1000;
  for (std::size_t searched = 0; searched < trades_searched_max; searched += 1000) {
    auto page = journal.trades(filter);
    if (!page)
      return page.error();
    for (auto& trade : page.value().rows)
      if (trade.trade.view() == id)
        return std::optional{std::move(trade)};
    filter.cursor = page.value().next_cursor;
    if (filter.cursor.empty())
      break;
  }
  return std::optional<TradeRow>{};
}

Result<std::optional<Story>> tell_order(JournalReader& journal, const OrderRow& order) {
  Story story;
  story.kind = "order";
  story.id = order.client_order_id.str();
  story.orders.push_back(order);
  ListFilter of_order;
  of_order.order = story.id;
  if (order.signal.empty()) {
    Gatherer gather{journal};
    gather.rows(story.fills, &JournalReader::fills, of_order);
    gather.events(story, of_order);
    return finish(gather, std::move(story));
  }
  return tell_part(journal, std::move(story), order.signal.str(), order.account, of_order);
}

Result<std::optional<Story>> tell_trade(JournalReader& journal, const TradeRow& trade) {
  Story story;
  story.kind = "trade";
  story.id = trade.trade.str();
  story.trades.push_back(trade);
  ListFilter meanwhile;
  meanwhile.account = trade.account.str();
  meanwhile.symbol = trade.symbol.str();
  meanwhile.from = trade.opened_at;
  meanwhile.to = trade.closed_at + Duration{1};
  return tell_part(journal, std::move(story), trade.signal.str(), trade.account, meanwhile);
}

/// By decision, as everywhere else that a signal is shown.
std::vector<DecisionLinks> links_of(const Story& story) {
  std::vector<DecisionLinks> out;
  for (const auto& decision : story.signal->decisions) {
    auto& links = out.emplace_back();
    for (const auto& intent : story.intents)
      if (intent.signal == decision.signal && intent.account == decision.account)
        links.intents.push_back(intent.intent_id);
    for (const auto& order : story.orders)
      if (order.signal == decision.signal && order.account == decision.account)
        links.orders.push_back(order.client_order_id);
  }
  return out;
}

}  // namespace

Result<std::optional<Story>> tell_signal(JournalReader& journal, const std::string& signal) {
  if (signal.size() > SignalId::capacity)
    return std::optional<Story>{};
  auto view = journal.signal(SignalId{signal});
  if (!view)
    return view.error();
  if (!view.value())
    return std::optional<Story>{};
  Story story;
  story.kind = "signal";
  story.id = signal;
  story.signal = std::move(view).value();
  Gatherer gather{journal};
  gather_signal(gather, story, signal);
  return finish(gather, std::move(story));
}

Result<std::optional<Story>> tell_story(JournalReader& journal, const std::string& id) {
  auto signal = tell_signal(journal, id);
  if (!signal || signal.value())
    return signal;
  if (id.size() <= ClientOrderId::capacity) {
    const auto order = journal.order(ClientOrderId{id});
    if (!order)
      return order.error();
    if (order.value())
      return tell_order(journal, *order.value());
  }
  const auto trade = find_trade(journal, id);
  if (!trade)
    return trade.error();
  if (trade.value())
    return tell_trade(journal, *trade.value());
  return std::optional<Story>{};
}

Result<std::optional<Story>> tell_position(JournalReader& journal, const AccountId& account, const Symbol& symbol) {
  Story story;
  story.kind = "position";
  story.id = account.str() + "/" + symbol.str();
  ListFilter filter;
  filter.account = account.str();
  filter.symbol = symbol.str();
  Gatherer gather{journal};
  gather.rows(story.intents, &JournalReader::intents, filter);
  gather.rows(story.orders, &JournalReader::orders, filter);
  gather.rows(story.fills, &JournalReader::fills, filter);
  gather.rows(story.trades, &JournalReader::trades, filter);
  gather.events(story, filter);
  const bool nothing = story.intents.empty() && story.orders.empty() && story.fills.empty() && story.trades.empty() &&
                       story.events.empty();
  if (!gather.error && nothing)
    return std::optional<Story>{};
  return finish(gather, std::move(story));
}

std::string story_json(const Story& story) {
  const auto optional = [](std::string& out, std::string_view name, const auto& text) {
    if (text.empty())
      return;
    out += ",\"" + std::string{name} + "\":";
    append_json(out, text);
  };
  std::string out = "{\"kind\":";
  append_json(out, story.kind);
  out += ",\"id\":";
  append_json(out, story.id);
  out += ",\"steps\":[";
  bool first = true;
  for (const auto& step : story.steps) {
    out += first ? "{\"at\":" : ",{\"at\":";
    first = false;
    append_json(out, step.at);
    out += ",\"what\":";
    append_json(out, step.what);
    out += ",\"detail\":";
    append_json(out, step.detail);
    optional(out, "account", step.account.view());
    optional(out, "symbol", step.symbol.view());
    optional(out, "order", step.order.view());
    if (step.seq != 0) {
      out += ",\"seq\":" + std::to_string(step.seq) + ",\"payload\":";
      append_document(out, step.payload);
    }
    out += '}';
  }
  out += "],\"signal\":";
  if (story.signal)
    append_signal(out, *story.signal, links_of(story), true);
  else
    out += "null";
  out += ",\"mentions\":" + shown(story.mentions) + ",\"intents\":" + shown(story.intents) +
         ",\"orders\":" + shown(story.orders) + ",\"fills\":" + shown(story.fills) +
         ",\"trades\":" + shown(story.trades);
  return out + "}";
}

}  // namespace heed::api
