#include "bench/heed_process.hpp"

#include "bench/measure.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace heed::bench {
namespace {

std::string config_text(const std::string& folder, std::uint16_t exchange, const std::string& postgres) {
  const auto journal =
    postgres.empty() ? std::string{"kind = \"sqlite\""} : "kind = \"postgres\"\nurl = \"" + postgres + "\"";
  const auto url = "http://127.0.0.1:" + std::to_string(exchange);
  return R"([daemon]
data_dir = ")" +
         folder + R"("
log_level = "warn"
[clock]
source = "exchange"
[journal]
)" + journal +
         R"(
[api]
listen = "127.0.0.1:0"
[inspect]
enabled = false
[[account]]
id = "bench"
venue = "alpaca"
base_url = ")" +
         url + R"("
data_url = ")" +
         url + R"("
key = "bench"
secret = "bench"
starting_equity = 1000000000
rate_limit_per_minute = 10000000
rate_reserve_per_minute = 100000
data_rate_limit_per_minute = 10000000
reconcile_interval_seconds = 3600
[account.risk]
trades_per_day_account = 100000
trades_per_day_strategy = 100000
dollars_per_day_account = 1000000000
dollars_per_day_strategy = 1000000000
position_dollars_max = 1000000000
position_equity_fraction_max = 0
open_positions_max = 100000
order_dollars_max = 1000000
orders_per_second = 10000
orders_per_minute = 600000
[[source]]
id = "inbox"
kind = "inbox"
[[strategy]]
id = "mentions"
enable_trading = true
max_per_ticker = 1000000000
max_position_pct = 0
[[route]]
sources = ["inbox"]
strategy = "mentions"
accounts = ["bench"]
)";
}

std::string tail(const std::string& path) {
  std::ifstream file{path};
  std::string text((std::istreambuf_iterator<char>(file)), {});
  return text.size() > 2000 ? text.substr(text.size() - 2000) : text;
}

}  // namespace

HeedProcess start_heed(const std::string& binary, const std::string& folder, Arena& arena,
                       const std::string& postgres) {
  std::filesystem::create_directories(folder);
  const auto config = folder + "/heed.toml";
  const auto log = folder + "/heed.log";
  std::ofstream{config} << config_text(folder, arena.exchange_port(), postgres);
  std::filesystem::permissions(config, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);

  HeedProcess heed;
  const auto begun = std::chrono::steady_clock::now();
  heed.child = std::make_unique<Child>(std::vector<std::string>{binary, "run", "--config", config}, log);
  std::string line;
  while (line.empty()) {
    arena.serve_for(std::chrono::milliseconds{1});
    line = heed.child->line(std::chrono::milliseconds{0});
    const auto waited = std::chrono::steady_clock::now() - begun;
    if (line.empty() && (!heed.child->running() || waited > std::chrono::seconds{60}))
      throw std::runtime_error{"heed did not come up:\n" + tail(log)};
  }
  heed.ready_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count();
  const auto at = line.find("(port ");
  if (at == std::string::npos)
    throw std::runtime_error{"no port in: " + line};
  heed.port = static_cast<std::uint16_t>(std::atoi(line.c_str() + at + 6));
  arena.serve_until_subscribed(std::chrono::seconds{20});
  return heed;
}

}  // namespace heed::bench
