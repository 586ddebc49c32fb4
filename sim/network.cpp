#include "sim/network.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace heed::sim {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr std::array<const char*, 5> spoilt_bodies{"", "{}", "<html><body>Bad gateway</body></html>", "null",
                                                   "{\"id\":\"61e69015-8549-4bfd-b9c3-01e75843f47d\"}"};

net::HttpResponse too_many(Chance& chance) {
  net::HttpResponse response{
    429, {{"Content-Type", "application/json"}}, R"({"code":42910000,"message":"too many requests"})"};
  if (chance.below(2) == 0)
    response.headers.emplace_back("Retry-After", std::to_string(chance.between(1, 20)));
  return response;
}

net::HttpResponse server_error(Chance& chance) {
  constexpr std::array codes{500, 502, 503, 504};
  return {codes[chance.below(codes.size())], {}, chance.below(2) == 0 ? "" : R"({"message":"internal error"})"};
}

}  // namespace

struct Network::Impl : std::enable_shared_from_this<Network::Impl> {
  Impl(Surroundings& a, ExchangeHost& h) : around{a}, host{h}, latency{a.seed, "latency"} {}

  Surroundings& around;
  ExchangeHost& host;
  Chance latency;
  Network::Link* link = nullptr;
  bool up = true;  // this life of the process
  std::uint64_t last = 0;
  std::map<std::uint64_t, net::HttpClient::Done> waiting;

  struct Conn {
    net::WebSocketHandlers handlers;
    std::uint64_t peer = 0;
    std::string path;
    Instant last_in{}, last_out{};  // order of delivery within the connection
    bool silent = false;
  };
  std::map<std::uint64_t, Conn> conns;

  Duration way() {
    auto delay = Duration{latency.spread(200, 30'000)};
    if (around.strikes(Fault::slow))
      delay += milliseconds{around.chance(Fault::slow).spread(200, 12'000)};
    return delay;
  }
  bool swallows() const { return link->down == Link::Down::swallows && !around.healed; }
  bool refuses() const { return link->down == Link::Down::refuses && !around.healed; }

  // ---- requests
  void answer(std::uint64_t id, Result<net::HttpResponse> result) {
    const auto found = waiting.find(id);
    if (found == waiting.end())
      return;
    auto done = std::move(found->second);
    waiting.erase(found);
    if (!result)
      around.tell("net: #" + std::to_string(id) + " " + result.error().code);
    done(std::move(result));
  }

  void send(net::HttpRequest request, milliseconds deadline, net::HttpClient::Done done) {
    if (!up)
      return;
    const auto id = ++last;
    waiting.emplace(id, std::move(done));
    if (host.listener.sent)
      host.listener.sent(request);
    if (refuses() || around.strikes(Fault::refused)) {
      around.agenda.after(way(), [self = shared_from_this(), id] {
        self->answer(id, Error{ErrorKind::not_sent, "connect", "connection refused"});
      });
      return;
    }
    around.agenda.after(deadline, [self = shared_from_this(), id] {
      self->answer(id, Error{ErrorKind::unknown, "timeout", "no answer within the deadline"});
    });
    const bool trades = request.method != "GET";
    if (around.strikes(Fault::request_lost) || swallows()) {
      if (trades)
        around.reach(Mark::request_lost);
      around.tell("net: lost " + request.method + " " + request.target);
      return;
    }
    auto shared = std::make_shared<const net::HttpRequest>(std::move(request));
    if (around.strikes(Fault::request_twice)) {
      if (trades)
        around.reach(Mark::request_duplicated);
      around.agenda.after(Duration{around.chance(Fault::request_twice).spread(1'000, 8'000'000)},
                          [self = shared_from_this(), shared] { self->host.serve(*shared); });
    }
    around.agenda.after(way(), [self = shared_from_this(), id, shared] { self->arrive(id, *shared); });
  }

  void arrive(std::uint64_t id, const net::HttpRequest& request) {
    if (around.strikes(Fault::too_many)) {
      around.reach(Mark::too_many_requests);
      return reply(id, request, too_many(around.chance(Fault::too_many)));
    }
    if (around.strikes(Fault::server_error)) {
      around.reach(Mark::server_error);
      auto& chance = around.chance(Fault::server_error);
      if (chance.below(2) == 0)
        host.serve(request);
      return reply(id, request, server_error(chance));
    }
    if (hides(request))
      return reply(id, request, {404, {}, R"({"code":40410000,"message":"order not found for the name"})"});
    auto response = host.serve(request);
    if (around.strikes(Fault::garbage)) {
      around.reach(Mark::garbage_answer);
      auto& chance = around.chance(Fault::garbage);
      const auto kind = chance.below(spoilt_bodies.size() + 1);
      response.body =
        kind < spoilt_bodies.size() ? spoilt_bodies[kind] : response.body.substr(0, response.body.size() / 2);
    }
    reply(id, request, std::move(response));
  }

  /// An order that is there, young, and not shown yet.
  bool hides(const net::HttpRequest& request) {
    constexpr std::string_view by_name = "/v2/orders:by_client_order_id?client_order_id=";
    if (request.method != "GET" || !request.target.starts_with(by_name))
      return false;
    const auto name = request.target.substr(by_name.size());
    const auto index = host.engine().find_client_order(0, name.substr(0, name.find('&')));
    if (index == exchange::no_order || around.now() - host.engine().order(index).created_at > seconds{1})
      return false;
    if (!around.strikes(Fault::hidden))
      return false;
    around.reach(Mark::lookup_hidden);
    return true;
  }

  void reply(std::uint64_t id, const net::HttpRequest& request, net::HttpResponse response) {
    // Reads that went well are what most of the traffic is: they enter the hash and not the story.
    auto line = "net: #" + std::to_string(id) + " " + request.method + " " + request.target + " " +
                std::to_string(response.status);
    if (request.method == "GET" && response.status == 200)
      around.trace.mix(std::string_view{line}), around.show(line + " " + response.body.substr(0, 400));
    else
      around.tell(line);
    around.trace.mix(request.body);
    around.trace.mix(response.body);
    if (around.strikes(Fault::answer_lost) || swallows()) {
      if (request.method == "POST" && response.status < 300)
        around.reach(Mark::answer_lost_order_executed);
      around.tell("net: answer lost #" + std::to_string(id));
      return;
    }
    around.agenda.after(way(), [self = shared_from_this(), id, response = std::move(response)] {
      if (self->up)
        self->answer(id, response);
    });
  }

  // ---- streams
  class Socket final : public net::WebSocket {
  public:
    Socket(std::weak_ptr<Impl> owner, std::uint64_t id) : owner_{std::move(owner)}, id_{id} {}
    void send_text(std::string text) override {
      if (const auto owner = owner_.lock())
        owner->to_exchange(id_, std::move(text));
    }
    void send_binary(std::string bytes) override { send_text(std::move(bytes)); }
    void close() override {
      if (const auto owner = owner_.lock())
        owner->around.agenda.after(Duration{1}, [weak = owner_, id = id_] {
          if (const auto self = weak.lock())
            self->lose(id, "closed");
        });
    }

  private:
    std::weak_ptr<Impl> owner_;
    std::uint64_t id_;
  };

  void connect(std::string target, net::WebSocketHandlers handlers) {
    if (!up)
      return;
    const auto id = ++last;
    auto& conn = conns[id];
    conn.handlers = std::move(handlers);
    conn.path = std::move(target);
    if (refuses() || around.strikes(Fault::refused))
      return around.agenda.after(way(), [self = shared_from_this(), id] { self->lose(id, "connection refused"); });
    if (swallows() || around.strikes(Fault::request_lost))
      return around.agenda.after(seconds{10}, [self = shared_from_this(), id] { self->lose(id, "no answer"); });
    around.agenda.after(way(), [self = shared_from_this(), id] { self->opened(id); });
  }

  void opened(std::uint64_t id) {
    const auto found = conns.find(id);
    if (found == conns.end() || !up)
      return;
    auto& conn = found->second;
    if (conn.handlers.on_open)
      conn.handlers.on_open(std::make_shared<Socket>(weak_from_this(), id));
    const auto peer = host.connect(
      conn.path, [self = shared_from_this(), id](const std::string& text) { self->to_daemon(id, text); });
    if (const auto again = conns.find(id); again != conns.end())
      again->second.peer = peer;
    else
      host.disconnect(peer);
  }

  void to_exchange(std::uint64_t id, std::string text) {
    const auto found = conns.find(id);
    if (found == conns.end() || !up)
      return;
    auto& conn = found->second;
    conn.last_out = std::max(conn.last_out, around.now() + way());
    around.agenda.at(conn.last_out, [self = shared_from_this(), id, text = std::move(text)] {
      const auto again = self->conns.find(id);
      if (again != self->conns.end() && again->second.peer != 0 && !self->swallows())
        self->host.said(again->second.peer, text);
    });
  }

  void to_daemon(std::uint64_t id, const std::string& text) {
    const auto found = conns.find(id);
    if (found == conns.end() || !up)
      return;
    auto& conn = found->second;
    if (conn.silent)
      return;
    if (swallows()) {
      go_silent(id, conn);
      return;
    }
    // Prices are told too often to be worth spoiling.
    const bool orders = conn.path == "/stream";
    if (orders && around.strikes(Fault::stream_cut)) {
      around.reach(Mark::stream_disconnected);
      around.agenda.after(way(), [self = shared_from_this(), id] { self->lose(id, "reset by peer"); });
      return;
    }
    if (orders && around.strikes(Fault::stream_lost))
      return around.reach(Mark::stream_lost);
    auto when = around.now() + Duration{latency.spread(200, 30'000)};
    if (orders && around.strikes(Fault::stream_late)) {
      around.reach(Mark::stream_reordered);
      when += milliseconds{around.chance(Fault::stream_late).spread(20, 15'000)};
    } else {
      conn.last_in = when = std::max(conn.last_in, when);
    }
    const bool spoilt = orders && around.strikes(Fault::stream_garbage);
    deliver(id, when, spoilt ? text.substr(0, text.size() / 2) : text);
    if (orders && around.strikes(Fault::stream_twice)) {
      around.reach(Mark::stream_duplicated);
      deliver(id, when + milliseconds{around.chance(Fault::stream_twice).spread(1, 20'000)}, text);
    }
  }

  void deliver(std::uint64_t id, Instant when, std::string text) {
    around.agenda.at(when, [self = shared_from_this(), id, text = std::move(text)] {
      const auto again = self->conns.find(id);
      if (again == self->conns.end() || !self->up || again->second.silent)
        return;
      const auto handler = again->second.handlers.on_message;
      if (handler)
        handler(text, true);
    });
  }

  /// Nothing comes any more; the client's pings find out after a while.
  void go_silent(std::uint64_t id, Conn& conn) {
    conn.silent = true;
    around.agenda.after(seconds{25}, [self = shared_from_this(), id] { self->lose(id, "ping unanswered"); });
  }

  void lose(std::uint64_t id, const std::string& why) {
    const auto found = conns.find(id);
    if (found == conns.end())
      return;
    auto conn = std::move(found->second);
    conns.erase(found);
    if (conn.peer != 0)
      host.disconnect(conn.peer);
    if (up && conn.handlers.on_close)
      conn.handlers.on_close(why);
  }

  void cut() {
    up = false;
    waiting.clear();
    for (auto& [id, conn] : std::exchange(conns, {}))
      if (conn.peer != 0)
        host.disconnect(conn.peer);
  }
};

namespace {

template <class Impl>
class Http final : public net::HttpClient {
public:
  explicit Http(std::shared_ptr<Impl> impl) : impl_{std::move(impl)} {}
  void send(net::HttpRequest request, milliseconds deadline, Done done) override {
    impl_->send(std::move(request), deadline, std::move(done));
  }

private:
  std::shared_ptr<Impl> impl_;
};

template <class Impl>
class Connector final : public net::WebSocketConnector {
public:
  explicit Connector(std::shared_ptr<Impl> impl) : impl_{std::move(impl)} {}
  void connect(std::string target, net::Headers, net::WebSocketHandlers handlers) override {
    impl_->connect(std::move(target), std::move(handlers));
  }

private:
  std::shared_ptr<Impl> impl_;
};

template <class Impl>
class SimTimers final : public net::Timers {
public:
  explicit SimTimers(std::shared_ptr<Impl> impl) : impl_{std::move(impl)} {}
  void after(milliseconds delay, std::function<void()> task) override {
    impl_->around.agenda.after(delay, [impl = impl_, task = std::move(task)] {
      if (impl->up)
        task();
    });
  }

private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace

Network::Network(Surroundings& around, ExchangeHost& host) : impl_{std::make_shared<Impl>(around, host)} {}
Network::~Network() { cut(); }
std::shared_ptr<net::HttpClient> Network::http() { return std::make_shared<Http<Impl>>(impl_); }
std::shared_ptr<net::WebSocketConnector> Network::websocket() { return std::make_shared<Connector<Impl>>(impl_); }
std::shared_ptr<net::Timers> Network::timers() { return std::make_shared<SimTimers<Impl>>(impl_); }
void Network::cut() { impl_->cut(); }
void Network::use(Link& link) { impl_->link = &link; }

void Network::start_outage(Surroundings& around, Link& link) {
  auto& chance = around.chance(Fault::outage);
  link.down = chance.below(2) == 0 ? Link::Down::refuses : Link::Down::swallows;
  around.reach(Mark::outage);
  around.tell(link.down == Link::Down::refuses ? "net: outage, connections refused" : "net: outage, nothing comes");
  around.agenda.after(milliseconds{chance.spread(200, 600'000)}, [&around, &link] {
    link.down = Link::Down::no;
    around.tell("net: outage over");
  });
}

}  // namespace heed::sim
