#include "broker/alpaca/alpaca.hpp"

#include <string>
#include <utility>

namespace heed {

namespace {

Error invalid(std::string detail) { return Error{ErrorKind::invalid, "alpaca_config", std::move(detail)}; }

std::string_view host_of(std::string_view url) {
  if (const auto scheme = url.find("://"); scheme != std::string_view::npos)
    url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  if (url.starts_with('['))
    return url.substr(0, url.find(']') + 1);
  return url.substr(0, url.find(':'));
}

bool is_loopback(std::string_view host) { return host == "localhost" || host == "[::1]" || host == "127.0.0.1"; }

Status check_url(std::string_view name, std::string_view url) {
  const bool tls = url.starts_with("https://");
  const auto host = host_of(url);
  if ((!tls && !url.starts_with("http://")) || host.empty())
    return invalid(std::string{name} + " \"" + std::string{url} +
                   "\": write https://host, or http://127.0.0.1:port " + "for the built-in exchange");
  if (!tls && !is_loopback(host))
    return invalid(std::string{name} + " \"" + std::string{url} + "\": keys go over https only, write https://" +
                   std::string{host});
  return Ok{};
}

}  // namespace

bool is_alpaca_live(std::string_view trading_url) { return host_of(trading_url) == "api.alpaca.markets"; }

Status check_alpaca_config(const AlpacaConfig& config) {
  if (config.account.empty())
    return invalid("account is empty: name the account");
  for (const auto& [name, url] : {std::pair{"trading_url", &config.trading_url}, {"data_url", &config.data_url}})
    if (auto checked = check_url(name, *url); !checked)
      return checked;
  if (config.key.empty() || config.secret.empty())
    return invalid("key and secret must both be set");
  if (!config.orders_stream_path.starts_with('/') || !config.data_stream_path.starts_with('/'))
    return invalid("orders_stream_path and data_stream_path must begin with /");
  if (config.http_deadline.count() <= 0 || config.stream_login_deadline.count() <= 0)
    return invalid("http_deadline and stream_login_deadline must be above zero");
  if (config.reconnect_first.count() <= 0 || config.reconnect_max < config.reconnect_first)
    return invalid("reconnect_first must be above zero and not above reconnect_max");
  if (config.order_page_size < 2 || config.order_page_size > 500)
    return invalid("order_page_size must be between 2 and 500");
  if (config.activity_page_size < 1 || config.activity_page_size > 100)
    return invalid("activity_page_size must be between 1 and 100");
  return Ok{};
}

}  // namespace heed
