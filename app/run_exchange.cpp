// `heed exchange`: the built-in exchange by itself.

#include "app/cli/hooks.hpp"
#include "app/signals.hpp"
#include "broker/exchange/exchange_server.hpp"
#include "net/runtime.hpp"

#include <iostream>
#include <string>
#include <utility>

namespace heed::cli {

int run_exchange(const ExchangeOptions& options) {
  if (!options.tradovate_listen.empty()) {
    std::cerr << "heed exchange: --tradovate-listen: this version serves Alpaca's API only\n";
    return static_cast<int>(Exit::usage);
  }
  const SignalWaiter signals;
  net::Runtime network;
  exchange::ExchangeOptions to;
  to.listen = options.listen;
  to.bars_directory = options.bars;
  if (options.synthetic_seed)
    to.synthetic_seed = static_cast<std::uint64_t>(*options.synthetic_seed);
  to.symbols = options.symbols;
  to.start = options.start;
  if (options.time == MarketTime::step)
    to.speed.reset();
  else
    to.speed = options.speed;
  to.always_open = options.hours == MarketHours::always;
  to.slippage = options.slippage;
  to.fee_per_order = options.fee_per_order;
  to.partial_fill_percent = options.partial_fill_percent;
  to.faults_file = options.faults_file;
  to.ledger_file = options.ledger_file;
  to.state_file = options.state_file;
  to.accounts.front().key = options.key;
  to.accounts.front().secret = options.secret;
  to.accounts.front().options.cash = options.cash;
  auto started = exchange::ExchangeServer::start(network, std::move(to));
  if (!started) {
    std::cerr << "heed exchange: " << started.error().detail << "\n";
    return static_cast<int>(started.error().kind == ErrorKind::invalid ? Exit::bad_data : Exit::unreachable);
  }
  auto& server = *started.value();
  std::cout << "heed exchange: ready on " << options.listen.substr(0, options.listen.rfind(':')) << ":"
            << server.port() << ", market time " << to_rfc3339(server.now()) << std::endl;
  std::string told;
  const auto tell_trouble = [&] {
    const auto trouble = server.ledger_trouble();
    if (trouble != std::exchange(told, trouble))
      std::cerr << "heed exchange: " << (trouble.empty() ? "the ledger is written again" : trouble) << std::endl;
    return !trouble.empty();
  };
  for (int signal = 0; signal == 0 || signal == SIGHUP;) {
    signal = signals.wait(1000);
    tell_trouble();
  }
  server.stop();
  return static_cast<int>(tell_trouble() ? Exit::unreachable : Exit::done);
}

}  // namespace heed::cli
