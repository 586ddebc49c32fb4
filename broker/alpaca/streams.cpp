#include "broker/alpaca/streams.hpp"

#include "broker/alpaca/requests.hpp"

#include <algorithm>
#include <utility>

namespace heed::alpaca {

namespace {

std::string_view text_of(const net::Json& json, std::string_view name) {
  const auto* member = json.find(name);
  return member != nullptr && (member->is_string() || member->is_number()) ? std::string_view{member->text}
                                                                           : std::string_view{};
}

template <class Self>
Link::Hooks weakly(const std::shared_ptr<Self>& self, void (*opened)(Self&), void (*message)(Self&, std::string_view),
                   void (*lost)(Self&, const std::string&)) {
  const std::weak_ptr<Self> weak = self;
  return Link::Hooks{[weak, opened] {
                       if (const auto alive = weak.lock())
                         opened(*alive);
                     },
                     [weak, message](std::string_view text) {
                       if (const auto alive = weak.lock())
                         message(*alive, text);
                     },
                     [weak, lost](const std::string& why) {
                       if (const auto alive = weak.lock())
                         lost(*alive, why);
                     }};
}

}  // namespace

OrderStream::OrderStream(std::shared_ptr<Link> link, Credentials credentials, Hooks hooks)
    : link_{std::move(link)}, credentials_{std::move(credentials)}, hooks_{std::move(hooks)} {}

void OrderStream::start() {
  link_->start(weakly<OrderStream>(
    shared_from_this(),
    [](OrderStream& s) { s.link_->send(order_stream_login(s.credentials_.key, s.credentials_.secret)); },
    [](OrderStream& s, std::string_view text) { s.message(text); },
    [](OrderStream& s, const std::string& why) { s.hooks_.link(false, why); }));
}

void OrderStream::stop() { link_->stop(); }

void OrderStream::unreadable(std::string_view text, const Error& error) {
  hooks_.unreadable(text, error.detail);
  link_->drop("unreadable message on the order stream: " + error.detail);
}

void OrderStream::message(std::string_view text) {
  const auto json = net::parse_json(text);
  if (!json)
    return unreadable(text, json.error());
  const auto stream = text_of(json.value(), "stream");
  const auto* data = json.value().find("data");
  if (text_of(json.value(), "action") == "error")
    return link_->drop("the venue ended the order stream: " +
                       std::string{data == nullptr ? "" : text_of(*data, "error_message")});
  if (data == nullptr)
    return;
  if (stream == "authorization")
    return authorization(*data);
  if (stream == "listening")
    return listening(*data);
  if (stream != "trade_updates")
    return;
  auto update = read_trade_update(*data);
  if (!update)
    return unreadable(text, update.error());
  if (auto& value = update.value())
    hooks_.update(*std::move(value));
}

void OrderStream::authorization(const net::Json& data) {
  if (text_of(data, "status") == "authorized")
    link_->send(order_stream_listen());
  else
    link_->drop("order stream: " + std::string{text_of(data, "status")} + " (check key and secret, paper or live)");
}

void OrderStream::listening(const net::Json& data) {
  const auto* streams = data.find("streams");
  const bool ours = streams != nullptr && streams->is_array() &&
                    std::any_of(streams->items.begin(), streams->items.end(),
                                [](const net::Json& item) { return item.text == "trade_updates"; });
  if (!ours)
    return link_->drop("order stream: trade_updates refused");
  link_->logged_in();
  hooks_.link(true, "listening");
}

DataStream::DataStream(std::shared_ptr<Link> link, Credentials credentials, Hooks hooks)
    : link_{std::move(link)}, credentials_{std::move(credentials)}, hooks_{std::move(hooks)} {}

void DataStream::start() {
  {
    const std::lock_guard lock{mutex_};
    started_ = true;
  }
  connect_if_wanted();
}

void DataStream::stop() {
  {
    const std::lock_guard lock{mutex_};
    started_ = connecting_ = subscribed_ = false;
  }
  link_->stop();
}

void DataStream::connect_if_wanted() {
  {
    const std::lock_guard lock{mutex_};
    if (!started_ || connecting_ || quotes_.empty())
      return;
    connecting_ = true;
  }
  // The venue speaks first ("connected"), so nothing is said on opening.
  link_->start(weakly<DataStream>(
    shared_from_this(), [](DataStream&) {}, [](DataStream& s, std::string_view text) { s.message(text); },
    [](DataStream& s, const std::string&) {
      const std::lock_guard lock{s.mutex_};
      s.subscribed_ = false;
    }));
}

void DataStream::watch(const std::vector<Symbol>& symbols) {
  std::vector<Symbol> added, removed;
  bool subscribed = false;
  {
    const std::lock_guard lock{mutex_};
    std::map<Symbol, Quote> wanted;
    for (const auto& symbol : symbols) {
      const auto old = quotes_.find(symbol);
      if (old == quotes_.end() && !wanted.contains(symbol))
        added.push_back(symbol);
      Quote quote;
      quote.symbol = symbol;
      wanted.emplace(symbol, old == quotes_.end() ? quote : old->second);
    }
    for (const auto& [symbol, quote] : quotes_)
      if (!wanted.contains(symbol))
        removed.push_back(symbol);
    quotes_ = std::move(wanted);
    subscribed = subscribed_;
  }
  if (subscribed && !removed.empty())
    link_->send(data_stream_change("unsubscribe", removed));
  if (subscribed && !added.empty())
    link_->send(data_stream_change("subscribe", added));
  connect_if_wanted();
}

void DataStream::message(std::string_view text) {
  const auto json = net::parse_json(text);
  if (!json || !json.value().is_array())
    return hooks_.problem(text, "not a JSON array");
  for (const auto& item : json.value().items) {
    const auto type = text_of(item, "T");
    if (type == "success" || type == "error")
      control(item, text);
    else
      market(item, text);
  }
}

void DataStream::control(const net::Json& item, std::string_view text) {
  const auto words = text_of(item, "msg");
  if (text_of(item, "T") == "error") {
    const auto code = text_of(item, "code");
    hooks_.problem(text, "error " + std::string{code} + ": " + std::string{words});
    // Too many symbols, or a feed without this channel: what was granted goes on.
    if (code != "405" && code != "410" && code != "403")
      link_->drop("market data: " + std::string{code} + " " + std::string{words});
    return;
  }
  if (words == "connected")
    return link_->send(data_stream_login(credentials_.key, credentials_.secret));
  if (words != "authenticated")
    return;
  std::vector<Symbol> symbols;
  {
    const std::lock_guard lock{mutex_};
    subscribed_ = true;
    for (const auto& [symbol, quote] : quotes_)
      symbols.push_back(symbol);
  }
  link_->logged_in();
  if (!symbols.empty())
    link_->send(data_stream_change("subscribe", symbols));
}

void DataStream::market(const net::Json& item, std::string_view text) {
  std::optional<Quote> changed;
  std::string error;
  {
    const std::lock_guard lock{mutex_};
    const auto symbol = apply_market_message(item, quotes_);
    if (!symbol)
      error = symbol.error().detail;
    else if (symbol.value())
      changed = quotes_.at(*symbol.value());
  }
  if (!error.empty())
    hooks_.problem(text, std::move(error));
  if (changed)
    hooks_.quote(*changed);
}

}  // namespace heed::alpaca
