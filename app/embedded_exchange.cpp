#include "app/embedded_exchange.hpp"

#include "broker/exchange/exchange_server.hpp"

#include <utility>

namespace heed {

struct EmbeddedExchange::Impl {
  std::unique_ptr<exchange::ExchangeServer> server;
  std::string url;
};

namespace {

/// Which key of the configuration a failure to start is about, and what to do.
Error by_key(Error error) {
  if (error.code == "bars")
    error.detail = "exchange.bars: " + error.detail + "; name a folder with files SYMBOL.csv or SYMBOL.csv.gz";
  else if (error.code == "listen")
    error.detail = "exchange.listen: " + error.detail + "; choose another address, or port 0 for any that is free";
  else
    error.detail = "built-in exchange: " + error.detail;
  return error;
}

}  // namespace

EmbeddedExchange::EmbeddedExchange(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
EmbeddedExchange::~EmbeddedExchange() { impl_->server->stop(); }
const std::string& EmbeddedExchange::url() const { return impl_->url; }

Result<std::unique_ptr<EmbeddedExchange>> EmbeddedExchange::start(net::Runtime& network,
                                                                  const config::Exchange& config) {
  exchange::ExchangeOptions options;
  options.listen = config.listen;
  options.bars_directory = config.bars;
  if (config.synthetic_seed)
    options.synthetic_seed = static_cast<std::uint64_t>(*config.synthetic_seed);
  options.symbols = config.symbols;
  options.start = config.start;
  options.speed = config.speed;
  options.slippage = config.slippage;
  options.state_file = config.state_file;
  auto& account = options.accounts.front();
  account.key = config.key.reveal();
  account.secret = config.secret.reveal();
  account.options.cash = config.cash;
  auto started = exchange::ExchangeServer::start(network, std::move(options));
  if (!started)
    return by_key(started.error());
  auto impl = std::make_unique<Impl>();
  impl->server = std::move(started).value();
  const auto host = config.listen.substr(0, config.listen.rfind(':'));
  impl->url = "http://" + host + ":" + std::to_string(impl->server->port());
  return std::unique_ptr<EmbeddedExchange>{new EmbeddedExchange{std::move(impl)}};
}

}  // namespace heed
