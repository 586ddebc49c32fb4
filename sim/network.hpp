// The network between the daemon and the exchange, and the exchange behind it. The daemon's end are the ports of
// net/http.hpp; the exchange's end is ExchangeCore with its production wire formats. In between every request,
// answer and stream message can be lost, late, doubled, spoiled or overtaken.
#pragma once

#include "broker/exchange/exchange_core.hpp"
#include "broker/exchange/stream_sessions.hpp"
#include "net/http.hpp"
#include "sim/surroundings.hpp"

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace heed::sim {

/// Told of everything that crosses the exchange's door, in the order in which it happens there.
struct DoorListener {
  std::function<void(const net::HttpRequest&)> sent;  // by the daemon, whether it arrives or not
  std::function<void(const net::HttpRequest&)> arrives;
  std::function<void(const net::HttpRequest&, const net::HttpResponse&)> served;
  std::function<void()> happened;  // orders or positions may have changed
};

/// The exchange as a host: one core, its connections.
class ExchangeHost {
public:
  ExchangeHost(Surroundings& around, std::unique_ptr<exchange::ExchangeCore> core);

  /// Time passes at the exchange too; what is due there happens.
  void catch_up();
  net::HttpResponse serve(const net::HttpRequest& request);
  /// A change from outside (a price, a halt, another trader), and what follows from it.
  void change(const std::function<void(exchange::Engine&)>& what);
  exchange::ExchangeCore& core() { return *core_; }
  exchange::Engine& engine() { return core_->engine(); }
  DoorListener listener;

  struct Peer {
    std::uint64_t id = 0;
    std::unique_ptr<exchange::TradeStream> trade;  // one of the two
    std::unique_ptr<exchange::MarketStream> market;
    std::function<void(const std::string&)> send;
  };
  std::uint64_t connect(const std::string& path, std::function<void(const std::string&)> send);  // 0: no such path
  void said(std::uint64_t peer, const std::string& text);
  void disconnect(std::uint64_t peer);

private:
  void pump();
  void count_listeners();
  void look_again();

  Surroundings& around_;
  std::unique_ptr<exchange::ExchangeCore> core_;
  std::list<Peer> peers_;
  std::uint64_t last_peer_ = 0;
  std::size_t events_ = 0;
  Instant next_look_{};
};

/// The daemon's end of the network for one life of the process. cut() at its end: nothing is delivered any more.
class Network {
public:
  Network(Surroundings& around, ExchangeHost& host);
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  std::shared_ptr<net::HttpClient> http();
  std::shared_ptr<net::WebSocketConnector> websocket();
  std::shared_ptr<net::Timers> timers();
  void cut();

  /// Outages are of the link, not of a life: held outside.
  struct Link {
    enum class Down : std::uint8_t { no, refuses, swallows } down = Down::no;
  };
  static void start_outage(Surroundings& around, Link& link);
  void use(Link& link);

private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace heed::sim
