// Sockets and real time round the core. Everything of Impl runs on the network thread, except where a lock says
// otherwise: `start`, `stop` and `now` come from other threads.
#include "broker/exchange/exchange_server.hpp"

#include "broker/exchange/exchange_setup.hpp"
#include "broker/exchange/frames.hpp"
#include "broker/exchange/order_json.hpp"
#include "broker/exchange/stream_sessions.hpp"

#include <algorithm>
#include <list>
#include <mutex>

namespace heed::exchange {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds tick{10};
constexpr milliseconds clock_push{50};
constexpr milliseconds ledger_every{5000};
constexpr milliseconds time_note_every{1000};
constexpr milliseconds answer_kept_back{60'000};

Instant wall_now() { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }

}  // namespace

struct ExchangeServer::Impl : std::enable_shared_from_this<Impl> {
  struct Peer {
    std::shared_ptr<net::WebSocket> socket;
    std::unique_ptr<TradeStream> trade;  // one of the three: orders, prices,
    std::unique_ptr<MarketStream> market;
    bool clock = false;    // or time
    bool msgpack = false;  // instead of JSON
  };
  using Peers = std::list<Peer>;

  Impl(ExchangeOptions o, std::unique_ptr<ExchangeCore> c)
      : options{std::move(o)}, core{std::move(c)}, real_base{steady_clock::now()}, sim_base{core->engine().now()} {}

  // --- time
  void follow_time() {
    if (!options.speed)
      return;
    const auto passed = std::chrono::duration_cast<Duration>(steady_clock::now() - real_base);
    const auto scaled = static_cast<Int128>(passed.count()) * options.speed->units() / Decimal::scale;
    core->advance_to(sim_base + Duration{static_cast<std::int64_t>(scaled)});
  }
  void schedule_tick() {
    timers->after(tick, [weak = weak_from_this()] {
      if (const auto self = weak.lock())
        self->on_tick();
    });
  }
  void on_tick() {
    {
      const std::lock_guard lock{guard};
      if (stopped)
        return;
      follow_time();
      send_streams();
      const auto real = steady_clock::now();
      if (real - clock_pushed >= clock_push)
        push_clock();
      if (options.speed && real - time_noted >= time_note_every) {
        time_noted = real;
        core->note_time();
      }
      if (real - ledger_written >= ledger_every)
        write_ledger();
    }
    schedule_tick();
  }
  void push_clock() {
    clock_pushed = steady_clock::now();
    const std::string text = core->clock_json(speed_text());
    for (Peer& peer : peers)
      if (peer.clock && peer.socket)
        peer.socket->send_text(text);
  }
  std::string speed_text() const { return options.speed ? options.speed->str() : "0"; }
  void write_ledger() {
    ledger_written = steady_clock::now();
    const std::size_t executions = core->engine().executions().size() + core->engine().order_count();
    if (options.ledger_file.empty() || (executions == ledger_size && !stopped && !ledger_error))
      return;
    ledger_size = executions;
    const auto written = write_text_file(options.ledger_file, core->wire().ledger_json());
    ledger_error = written ? std::nullopt : std::optional{written.error()};
  }

  // --- requests
  void on_request(net::HttpRequest request, const std::shared_ptr<net::Responder>& responder) {
    const std::lock_guard lock{guard};
    if (stopped)
      return responder->abort();
    const bool own = request.target.starts_with("/sim/");
    const FaultAction fault = own ? FaultAction{} : core->faults().on_request(request.method, request.target);
    using Kind = FaultAction::Kind;
    if (fault.kind == Kind::none)
      return answer_now(request, *responder);
    if (fault.kind == Kind::delay) {
      timers->after(fault.delay, [weak = weak_from_this(), request = std::move(request), responder] {
        if (const auto self = weak.lock()) {
          const std::lock_guard later{self->guard};
          self->answer_now(request, *responder);
        }
      });
      return;
    }
    spoil(fault, request, responder);
  }

  void answer_now(const net::HttpRequest& request, net::Responder& responder) {
    responder.respond(perform(request));
    after_request(request);
  }
  net::HttpResponse perform(const net::HttpRequest& request) {
    follow_time();
    if (request.target == "/sim/clock" && request.method == "GET")
      return answer(core->clock_json(speed_text()));
    if (request.target == "/sim/disconnect" && request.method == "POST") {
      close_streams();
      return answer("{}");
    }
    return core->handle(request, wall_now());
  }
  void after_request(const net::HttpRequest& request) {
    core->settle();
    if (request.target == "/sim/advance")
      push_clock();  // first, so that who hears of a fill knows the time it happened at
    send_streams();
  }

  void spoil(const FaultAction& fault, const net::HttpRequest& request,
             const std::shared_ptr<net::Responder>& responder) {
    using Kind = FaultAction::Kind;
    if (fault.kind == Kind::too_many) {
      auto response = answer(R"({"code":42910000,"message":"rate limit exceeded"})", 429);
      if (fault.delay.count() > 0)
        response.headers.emplace_back("Retry-After", std::to_string((fault.delay.count() + 999) / 1000));
      return responder->respond(std::move(response));
    }
    if (fault.kind == Kind::server_error)
      return responder->respond(answer(R"({"code":50010000,"message":"internal server error"})", fault.status));
    if (fault.kind == Kind::drop)
      return responder->abort();
    net::HttpResponse response = perform(request);
    if (fault.kind == Kind::garbage) {
      responder->respond({response.status, {{"Content-Type", "text/html"}}, "<html><body>Bad gateway</body></html>"});
    } else if (fault.kind == Kind::cut_answer) {
      responder->abort(
        "HTTP/1.1 " + std::to_string(response.status) + " OK\r\nContent-Type: application/json\r\nContent-Length: " +
        std::to_string(response.body.size() + 1) + "\r\n\r\n" + response.body.substr(0, response.body.size() / 2));
    } else if (fault.kind == Kind::drop_after) {
      responder->abort();
    } else {  // lost_answer: the connection stays open, and nothing comes
      timers->after(answer_kept_back, [responder] { responder->abort(); });
      kept_back.push_back(responder);
    }
    after_request(request);
  }

  // --- streams
  net::UpgradeDecision on_upgrade(const net::HttpRequest& request) {
    const std::lock_guard lock{guard};
    const auto target = parse_target(request.target);
    const std::string_view path = target ? target->path : std::string_view{};
    Peer peer;
    if (path == "/stream")
      peer.trade = std::make_unique<TradeStream>(core->wire());
    else if (path == "/sim/clock")
      peer.clock = true;
    else if (path.starts_with("/v2/") && path.find('/', 4) == std::string_view::npos)
      peer.market = std::make_unique<MarketStream>(core->wire());
    else
      return {};
    if (stopped)
      return {std::nullopt, 503};
    peer.msgpack = !peer.clock && wants_msgpack(net::header(request.headers, "Content-Type"));
    const auto place = peers.insert(peers.end(), std::move(peer));
    const auto alive = std::make_shared<bool>(true);  // the place is this connection's until it closes
    net::WebSocketHandlers handlers;
    handlers.on_open = [weak = weak_from_this(), place, alive](std::shared_ptr<net::WebSocket> socket) {
      if (const auto self = weak.lock()) {
        const std::lock_guard inner{self->guard};
        if (*alive)
          self->opened(*place, std::move(socket));
      }
    };
    handlers.on_message = [weak = weak_from_this(), place, alive](std::string_view text, bool) {
      if (const auto self = weak.lock()) {
        const std::lock_guard inner{self->guard};
        if (*alive)
          self->said(*place, text);
      }
    };
    handlers.on_close = [weak = weak_from_this(), place, alive](const std::string&) {
      if (const auto self = weak.lock()) {
        const std::lock_guard inner{self->guard};
        if (std::exchange(*alive, false))
          self->peers.erase(place);
        self->count_listeners();
      }
    };
    return {std::move(handlers), 0};
  }

  void opened(Peer& peer, std::shared_ptr<net::WebSocket> socket) {
    peer.socket = std::move(socket);
    if (peer.clock)
      peer.socket->send_text(core->clock_json(speed_text()));
    if (peer.market)
      send(peer, MarketStream::greeting());
  }
  void said(Peer& peer, std::string_view text) {
    if (!peer.socket || peer.clock)
      return;
    const auto unpacked = peer.msgpack ? from_msgpack(text).value_or("") : std::string{text};
    const auto replies = peer.trade ? peer.trade->on_message(unpacked) : peer.market->on_message(unpacked);
    for (const std::string& reply : replies)
      send(peer, reply);
    count_listeners();
  }
  void send(Peer& peer, const std::string& text) const {
    if (!peer.socket)
      return;
    if (peer.msgpack)
      peer.socket->send_binary(to_msgpack(text));
    else if (peer.trade && !options.text_frames)
      peer.socket->send_binary(text);
    else
      peer.socket->send_text(text);
  }
  void count_listeners() {
    bool trades = false;
    bool prices = false;
    for (const Peer& peer : peers) {
      trades = trades || (peer.trade && peer.trade->listens_to());
      prices = prices || (peer.market && peer.market->authenticated());
    }
    core->set_listening(trades, prices);
  }
  void send_streams() {
    for (const auto& message : core->take_trades()) {
      const FaultAction fault = core->faults().on_stream(to_string(message.kind));
      using Kind = FaultAction::Kind;
      if (fault.kind == Kind::stream_disconnect)
        close_streams();
      if (fault.kind == Kind::stream_drop || fault.kind == Kind::stream_disconnect)
        continue;
      for (int copies = fault.kind == Kind::stream_duplicate ? 2 : 1; copies > 0; --copies)
        for (Peer& peer : peers)
          if (peer.trade && peer.trade->listens_to() == message.account)
            send(peer, message.text);
    }
    for (const auto& message : core->take_prices()) {
      const Asset& asset = core->engine().assets()[message.asset];
      for (Peer& peer : peers) {
        if (!peer.market)
          continue;
        if (message.minute)
          if (const auto text = peer.market->on_minute(asset.symbol, *message.minute); !text.empty())
            send(peer, text);
        if (const auto text = peer.market->on_price(core->engine(), asset); !text.empty())
          send(peer, text);
      }
    }
  }
  void close_streams() {
    for (Peer& peer : peers)
      if (!peer.clock && peer.socket)
        std::exchange(peer.socket, nullptr)->close();
  }

  void stop() {
    {
      const std::lock_guard lock{guard};
      if (std::exchange(stopped, true))
        return;
      follow_time();
      core->note_time();
      write_ledger();
      for (const auto& responder : kept_back)
        responder->abort();
      kept_back.clear();
    }
    server->stop(milliseconds{1000});
  }

  ExchangeOptions options;
  std::unique_ptr<ExchangeCore> core;
  std::shared_ptr<net::Timers> timers;
  std::unique_ptr<net::HttpServer> server;
  std::uint16_t port = 0;

  std::mutex guard;
  bool stopped = false;
  Peers peers;
  std::vector<std::shared_ptr<net::Responder>> kept_back;
  steady_clock::time_point real_base;
  Instant sim_base;
  steady_clock::time_point clock_pushed{}, ledger_written{}, time_noted{};
  std::size_t ledger_size = static_cast<std::size_t>(-1);  // of the last one written: none yet
  std::optional<Error> ledger_error;
};

ExchangeServer::ExchangeServer(std::shared_ptr<Impl> impl) : impl_{std::move(impl)} {}

ExchangeServer::~ExchangeServer() { stop(); }

Result<std::unique_ptr<ExchangeServer>> ExchangeServer::start(net::Runtime& runtime, ExchangeOptions options) {
  auto core = make_core(options, wall_now());
  if (!core)
    return core.error();
  if (!options.faults_file.empty()) {
    const auto script = read_text_file(options.faults_file);
    if (!script)
      return script.error();
    if (const auto loaded = core.value()->faults().load(script.value()); !loaded)
      return Error{ErrorKind::invalid, "faults", options.faults_file + ": " + loaded.error().detail};
  }
  const auto impl = std::make_shared<Impl>(std::move(options), std::move(core).value());
  impl->write_ledger();
  if (impl->ledger_error)
    return *impl->ledger_error;
  impl->timers = runtime.timers();
  net::ServerLimits limits;
  limits.idle_deadline = std::chrono::hours{1};  // clients keep their connections; their own time-outs are under test
  const std::weak_ptr<Impl> weak = impl;
  impl->server = runtime.server(
    [weak](net::HttpRequest request, const std::shared_ptr<net::Responder>& responder) {
      if (const auto self = weak.lock())
        self->on_request(std::move(request), responder);
    },
    [weak](const net::HttpRequest& request) {
      const auto self = weak.lock();
      return self ? self->on_upgrade(request) : net::UpgradeDecision{};
    },
    limits);
  const auto port = impl->server->listen(impl->options.listen);
  if (!port)
    return port.error();
  impl->port = port.value();
  impl->schedule_tick();
  return std::unique_ptr<ExchangeServer>{new ExchangeServer{impl}};
}

std::uint16_t ExchangeServer::port() const { return impl_->port; }

Instant ExchangeServer::now() const {
  const std::lock_guard lock{impl_->guard};
  return impl_->core->engine().now();
}

void ExchangeServer::stop() { impl_->stop(); }

std::string ExchangeServer::ledger_trouble() const {
  const std::lock_guard lock{impl_->guard};
  return impl_->ledger_error ? "the ledger is not up to date: " + impl_->ledger_error->detail : std::string{};
}

}  // namespace heed::exchange
