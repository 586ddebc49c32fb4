// Credentials, limits and the table of routes.
#include "broker/exchange/wire.hpp"

#include "broker/exchange/order_json.hpp"

namespace heed::exchange {
namespace {

std::vector<std::string_view> path_parts(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const auto end = path.find('/');
    if (const auto part = path.substr(0, end); !part.empty())
      parts.push_back(part);
    path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
  }
  return parts;
}

net::HttpResponse not_allowed() { return answer(R"({"message":"method not allowed"})", 405); }

}  // namespace

net::HttpResponse not_found(const std::string& what) { return refuse({404, 40410000, what, {}, {}}); }

Wire::Wire(Engine& engine, const Ledger& ledger, const MarketHistory& history, WireOptions options)
    : engine_{engine},
      ledger_{ledger},
      history_{history},
      options_{std::move(options)},
      trading_quota_(options_.credentials.size()),
      data_quota_(options_.credentials.size()) {}

std::optional<AccountIndex> Wire::authenticate(std::string_view key, std::string_view secret) const {
  for (AccountIndex i = 0; i < options_.credentials.size() && i < engine_.accounts().size(); ++i)
    if (options_.credentials[i].key == key && options_.credentials[i].secret == secret)
      return i;
  return std::nullopt;
}

std::optional<AccountIndex> Wire::account_of(const net::HttpRequest& request) const {
  return authenticate(net::header(request.headers, "APCA-API-KEY-ID"),
                      net::header(request.headers, "APCA-API-SECRET-KEY"));
}

std::optional<net::HttpResponse> Wire::refuse_credentials(const net::HttpRequest& request) const {
  if (net::header(request.headers, "APCA-API-KEY-ID").empty())
    return answer(R"({"message":"forbidden."})", 403);
  if (!account_of(request))
    return answer(R"({"message":"unauthorized"})", 401);
  return std::nullopt;
}

void Wire::add_limit_headers(net::HttpResponse& response, const Quota& quota) const {
  if (options_.requests_per_minute == 0)
    return;
  const auto reset = std::chrono::duration_cast<std::chrono::seconds>(quota.window.time_since_epoch()).count() + 60;
  response.headers.emplace_back("X-RateLimit-Limit", std::to_string(options_.requests_per_minute));
  response.headers.emplace_back("X-RateLimit-Remaining",
                                std::to_string(std::max(0, options_.requests_per_minute - quota.used)));
  response.headers.emplace_back("X-RateLimit-Reset", std::to_string(reset));
}

net::HttpResponse Wire::handle(const net::HttpRequest& request, Instant real_now) {
  net::HttpResponse response;
  if (auto no = refuse_credentials(request)) {
    response = std::move(*no);
  } else {
    const AccountIndex account = *account_of(request);
    const bool data = request.target.starts_with("/v2/stocks");
    Quota& quota = (data ? data_quota_ : trading_quota_)[account];
    if (real_now - quota.window >= std::chrono::minutes{1})
      quota = {real_now, 0};
    const bool over = options_.requests_per_minute > 0 && ++quota.used > options_.requests_per_minute;
    response =
      over ? answer(R"({"code":42910000,"message":"rate limit exceeded"})", 429) : handle_as(account, request);
    add_limit_headers(response, quota);
  }
  response.headers.emplace_back("X-Request-ID", Uuid::derive(engine_.options().seed, 9, ++requests_).str());
  return response;
}

net::HttpResponse Wire::handle_as(AccountIndex account, const net::HttpRequest& request) {
  auto target = parse_target(request.target);
  if (!target)
    return refuse({400, 40010000, "the query is not valid percent-encoding", {}, {}});
  auto parts = path_parts(target->path);
  if (parts.empty() || parts[0] != "v2")
    return answer(R"({"message":"endpoint not found."})", 404);
  parts.erase(parts.begin());
  try {
    return route({account, request, std::move(*target), std::move(parts)});
  } catch (const DecimalOverflow&) {
    return refuse({422, 42210000, "a number in the request is out of range", {}, {}});
  }
}

net::HttpResponse Wire::route(const Call& call) {
  switch (call.parts.size()) {
    case 0: break;
    case 1: return route_one(call);
    default:
      if (call.parts[0] == "stocks")
        return call.request.method == "GET" ? market_data(call) : not_allowed();
      return route_two(call);
  }
  return answer(R"({"message":"endpoint not found."})", 404);
}

net::HttpResponse Wire::route_one(const Call& call) {
  const std::string_view what = call.parts[0];
  const std::string& method = call.request.method;
  const bool get = method == "GET";
  if (what == "orders")
    return method == "POST"     ? post_order(call)
           : get                ? list_orders(call)
           : method == "DELETE" ? cancel_orders(call)
                                : not_allowed();
  if (what == "positions")
    return get ? list_positions(call) : method == "DELETE" ? close_positions(call) : not_allowed();
  if (what == "account")
    return get ? get_account(call) : not_allowed();
  if (what == "clock")
    return get ? get_clock() : not_allowed();
  if (what == "calendar")
    return get ? get_calendar(call) : not_allowed();
  if (what == "assets")
    return get ? list_assets(call) : not_allowed();
  if (what == "orders:by_client_order_id")
    return get ? order_by_client_id(call) : not_allowed();
  return answer(R"({"message":"endpoint not found."})", 404);
}

net::HttpResponse Wire::route_two(const Call& call) {
  const std::string_view what = call.parts[0];
  if (what == "orders" && call.parts.size() == 2)
    return one_order(call);
  if (what == "positions" && call.parts.size() == 2)
    return one_position(call);
  const bool get = call.request.method == "GET";
  if (what == "assets" && call.parts.size() == 2)
    return get ? one_asset(call) : not_allowed();
  if (what == "account" && call.parts[1] == "activities" && call.parts.size() <= 3)
    return get ? activities(call) : not_allowed();
  if (what == "account" && call.parts.size() == 3 && call.parts[1] == "portfolio" && call.parts[2] == "history")
    return get ? portfolio_history(call) : not_allowed();
  return answer(R"({"message":"endpoint not found."})", 404);
}

}  // namespace heed::exchange
