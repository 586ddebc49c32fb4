// The table of routes: what the API has, who may call it, what it takes and gives. Routing, the checks of requests
// and the OpenAPI document all come from it, so that none can say other than the rest.
#pragma once

#include "api/daemon_port.hpp"
#include "api/problem.hpp"
#include "api/server.hpp"
#include "api/target.hpp"
#include "api/worker_pool.hpp"
#include "net/server.hpp"
#include "persistence/journal.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace heed::api {

class StreamHub;
class RequestCounts;

/// What handlers work with. Lives as long as the server.
struct Context {
  const ApiOptions& options;
  DaemonPort& port;
  std::shared_ptr<JournalReader> journal;
  WorkerPool& pool;
  StreamHub& streams;
  RequestCounts& counts;

  Instant now() const { return options.clock != nullptr ? options.clock->now() : port.status().now; }
};

/// One request on its way to its answer. Shared by the steps that it takes; answered once.
struct Call {
  net::HttpRequest request;
  Target target;
  std::vector<std::string> captures;  // path parameters, in order
  bool local = false;                 // came by the Unix socket
  std::function<void(net::HttpResponse)> answer;
  std::shared_ptr<net::Responder> responder;  // for streams only

  /// The value of a query parameter; empty when absent.
  std::string_view query(std::string_view name) const;
  bool has_query(std::string_view name) const;
  void json(int status, std::string body) const;
  void problem(const Problem& problem) const { answer(to_response(problem)); }
};
using CallPtr = std::shared_ptr<const Call>;
using Handler = std::function<void(Context&, const CallPtr&)>;

enum class Access : std::uint8_t {
  open,  // anyone who reaches the port
  token  // bearer token where one is configured; never over the Unix socket
};

enum class ParamKind : std::uint8_t { text, name, symbol, instant, limit, cursor, choice, boolean, seq };

struct Parameter {
  std::string name;
  ParamKind kind = ParamKind::text;
  std::string doc;
  std::vector<std::string> choices = {};  // with ParamKind::choice
  bool with_reason = false;               // a choice may stand as "choice:reason"
};

struct Route {
  std::string method;
  std::string pattern;  // "/api/v1/accounts/{account}/pause"
  Access access = Access::token;
  std::string operation;  // operationId: "pauseAccount"
  std::string summary;
  std::vector<Parameter> parameters = {};  // of the query; any other is refused
  std::string request_schema = {};         // name under components/schemas; empty: takes no body
  bool body_required = false;
  bool takes_gzip = false;           // the body may be compressed; its handler has to see to that
  std::string response_schema = {};  // of the success answer; empty: no JSON
  std::vector<int> statuses = {};    // success first; those every route may answer are added by the document
  Handler handler = {};
  std::vector<std::string> pieces = {};  // of the pattern; filled in by routes()
};

/// All routes, in the order of the document.
const std::vector<Route>& routes();

// Each file of handlers adds its part.
void add_read_routes(std::vector<Route>& to);
void add_story_routes(std::vector<Route>& to);
void add_write_routes(std::vector<Route>& to);
void add_operation_routes(std::vector<Route>& to);
void add_backtest_routes(std::vector<Route>& to);

struct Match {
  const Route* route = nullptr;
  std::vector<std::string> captures;
};
/// 404 when no route has the path, 405 with Allow when none of them has the method.
std::variant<Match, Problem> match(const std::vector<Route>& table, std::string_view method, const Target& target);

/// Refuses parameters that the route does not have, and values that do not fit their kind.
std::optional<Problem> check_query(const Route& route, const Target& target);

/// A handler that runs on the pool; 503 when the pool is full, 500 when `work` throws.
Handler blocking(std::function<net::HttpResponse(Context&, const Call&)> work);

net::HttpResponse json_response(int status, std::string body);
/// The answer with an ETag over its body, or 304 when the request has that already.
net::HttpResponse with_etag(const Call& call, net::HttpResponse response);

}  // namespace heed::api
