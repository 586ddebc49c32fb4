#include "api/server.hpp"

#include "api/counts.hpp"
#include "api/guard.hpp"
#include "api/route.hpp"
#include "api/stream.hpp"

#include <atomic>
#include <exception>
#include <utility>

namespace heed::api {
namespace {

void add_common_headers(net::HttpResponse& response) {
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
}

Status check_options(const ApiOptions& options, const Guard& guard) {
  const auto bad = [](std::string detail) { return Error{ErrorKind::invalid, "API_OPTIONS", std::move(detail)}; };
  if (options.listen.empty() && options.unix_socket.empty())
    return bad("the API needs an address or a Unix socket to listen on");
  if (!options.listen.empty() && !guard.loopback() && options.token.empty())
    return bad("the API may listen on " + options.listen +
               " only with a token; set api.token, or listen on 127.0.0.1");
  if (options.journal_threads < 1 || options.journal_threads > 16)
    return bad("journal_threads must be 1 to 16");
  return Ok{};
}

}  // namespace

struct ApiServer::Impl : std::enable_shared_from_this<ApiServer::Impl> {
  Impl(net::Runtime& runtime, ApiOptions api_options, DaemonPort& port, std::shared_ptr<JournalReader> journal,
       EventFeed& feed)
      : options{std::move(api_options)},
        guard{options},
        pool{static_cast<std::size_t>(options.journal_threads), options.journal_queue_max},
        counts{std::make_shared<RequestCounts>(routes().size())},
        streams{std::make_shared<StreamHub>(runtime, feed, journal, pool, options)},
        context{options, port, std::move(journal), pool, *streams, *counts} {}

  void take(net::HttpRequest request, std::shared_ptr<net::Responder> responder) {
    const auto call = std::make_shared<Call>();
    call->request = std::move(request);
    call->local = call->request.peer == "unix";
    call->responder = std::move(responder);
    const Route* route = nullptr;
    auto problem = admit(*call, route);
    call->answer = [responder = call->responder, all = counts, route](net::HttpResponse response) {
      all->add(route, response.status);
      add_common_headers(response);
      responder->respond(std::move(response));
    };
    if (problem)
      return call->problem(*problem);
    try {
      route->handler(context, call);
    } catch (const std::exception& e) {
      call->problem({500, "INTERNAL", std::string{"this is a fault of the daemon: "} + e.what(), {}, {}, false, {}});
    }
  }

  /// Takes the target apart, finds the route and checks all that a request can be refused for before its handler.
  std::optional<Problem> admit(Call& call, const Route*& route) const {
    if (auto problem = guard.check_host(call))
      return problem;
    auto target = parse_target(call.request.target);
    if (auto* problem = std::get_if<Problem>(&target))
      return std::move(*problem);
    call.target = std::move(std::get<Target>(target));
    const std::string_view method = call.request.method == "HEAD" ? "GET" : std::string_view{call.request.method};
    auto found = match(routes(), method, call.target);
    if (auto* problem = std::get_if<Problem>(&found))
      return std::move(*problem);
    route = std::get<Match>(found).route;
    call.captures = std::move(std::get<Match>(found).captures);
    if (auto problem = guard.check(*route, call))
      return problem;
    return check_query(*route, call.target);
  }

  Status listen(net::Runtime& runtime) {
    const auto self = weak_from_this();
    server = runtime.server(
      [self](net::HttpRequest request, std::shared_ptr<net::Responder> responder) {
        if (const auto impl = self.lock())
          impl->take(std::move(request), std::move(responder));
      },
      [](const net::HttpRequest&) { return net::UpgradeDecision{}; }, options.limits);
    if (!options.listen.empty()) {
      const auto port = server->listen(options.listen);
      if (!port)
        return port.error();
      bound = port.value();
    }
    if (!options.unix_socket.empty())
      return server->listen_unix(options.unix_socket);
    return Ok{};
  }

  void stop(std::chrono::milliseconds grace) {
    if (stopped.exchange(true))
      return;
    streams->stop();
    if (server)
      server->stop(grace);
    pool.stop();
  }

  const ApiOptions options;
  const Guard guard;
  WorkerPool pool;
  std::shared_ptr<RequestCounts> counts;
  std::shared_ptr<StreamHub> streams;
  Context context;
  std::unique_ptr<net::HttpServer> server;
  std::uint16_t bound = 0;
  std::atomic<bool> stopped{false};
};

Result<std::unique_ptr<ApiServer>> ApiServer::start(net::Runtime& runtime, ApiOptions options, DaemonPort& port,
                                                    std::shared_ptr<JournalReader> journal, EventFeed& feed) {
  if (const auto ok = check_options(options, Guard{options}); !ok)
    return ok.error();
  std::unique_ptr<ApiServer> api{
    new ApiServer{std::make_shared<Impl>(runtime, std::move(options), port, std::move(journal), feed)}};
  api->impl_->streams->start();
  if (const auto ok = api->impl_->listen(runtime); !ok)
    return ok.error();
  return api;
}

ApiServer::ApiServer(std::shared_ptr<Impl> impl) : impl_{std::move(impl)} {}

ApiServer::~ApiServer() {
  stop(std::chrono::milliseconds{0});
  impl_->server.reset();
}

std::uint16_t ApiServer::port() const { return impl_->bound; }

void ApiServer::stop(std::chrono::milliseconds grace) { impl_->stop(grace); }

}  // namespace heed::api
