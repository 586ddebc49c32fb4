#include "sim/network.hpp"

#include <algorithm>

namespace heed::sim {

using std::chrono::milliseconds;

ExchangeHost::ExchangeHost(Surroundings& around, std::unique_ptr<exchange::ExchangeCore> core)
    : around_{around}, core_{std::move(core)} {}

void ExchangeHost::catch_up() {
  core_->advance_to(around_.now());
  pump();
}

net::HttpResponse ExchangeHost::serve(const net::HttpRequest& request) {
  core_->advance_to(around_.now());
  if (listener.arrives)
    listener.arrives(request);
  auto response = core_->handle(request, around_.now());
  core_->settle();
  if (listener.served)
    listener.served(request, response);
  pump();
  if (request.method != "GET")
    look_again();
  return response;
}

void ExchangeHost::change(const std::function<void(exchange::Engine&)>& what) {
  core_->advance_to(around_.now());
  what(core_->engine());
  core_->settle();
  pump();
  look_again();
}

/// The exchange has its own pauses (the rest of a partial fill, a slow cancel), which nobody asks for.
void ExchangeHost::look_again() {
  for (const auto delay : {milliseconds{120}, milliseconds{510}, milliseconds{1020}, milliseconds{2100}})
    if (const auto at = around_.now() + delay; at > next_look_ + milliseconds{100}) {
      next_look_ = at;
      around_.agenda.at(at, [this] { catch_up(); });
    }
}

std::uint64_t ExchangeHost::connect(const std::string& path, std::function<void(const std::string&)> send) {
  Peer peer;
  peer.id = ++last_peer_;
  peer.send = std::move(send);
  if (path == "/stream")
    peer.trade = std::make_unique<exchange::TradeStream>(core_->wire());
  else if (path.starts_with("/v2/"))
    peer.market = std::make_unique<exchange::MarketStream>(core_->wire());
  else
    return 0;
  const bool greets = peer.market != nullptr;
  peers_.push_back(std::move(peer));
  if (greets)
    peers_.back().send(exchange::MarketStream::greeting());
  return last_peer_;
}

void ExchangeHost::said(std::uint64_t id, const std::string& text) {
  const auto peer = std::find_if(peers_.begin(), peers_.end(), [&](const Peer& p) { return p.id == id; });
  if (peer == peers_.end())
    return;
  const auto replies = peer->trade ? peer->trade->on_message(text) : peer->market->on_message(text);
  for (const auto& reply : replies)
    peer->send(reply);
  count_listeners();
}

void ExchangeHost::disconnect(std::uint64_t id) {
  std::erase_if(peers_, [&](const Peer& p) { return p.id == id; });
  count_listeners();
}

void ExchangeHost::count_listeners() {
  bool prices = false;
  for (const auto& peer : peers_)
    prices = prices || (peer.market && peer.market->authenticated());
  // Trade messages are composed in any case: they tell the listener at the door that something happened.
  core_->set_listening(true, prices);
}

void ExchangeHost::pump() {
  const auto trades = core_->take_trades();
  for (const auto& message : trades) {
    around_.tell("exchange: " + std::string{to_string(message.kind)});
    around_.trace.mix(message.text);
    for (auto& peer : peers_)
      if (peer.trade && peer.trade->listens_to() == message.account)
        peer.send(message.text);
  }
  for (const auto& message : core_->take_prices()) {
    const auto& asset = core_->engine().assets()[message.asset];
    for (auto& peer : peers_)
      if (peer.market)
        if (const auto text = peer.market->on_price(core_->engine(), asset); !text.empty())
          peer.send(text);
  }
  if (!trades.empty() && listener.happened)
    listener.happened();
}

}  // namespace heed::sim
