// Where prices come from: replayed daily bars, a seeded random walk, or nothing but the script of a test.
#pragma once

#include "broker/exchange/types.hpp"
#include "core/calendar.hpp"
#include "messages/result.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace heed::exchange {

struct DailyBar {
  Date date{};
  Price open, high, low, close;
  std::int64_t volume = 0;
};

/// One move of one symbol's price. A jump leaves out what lies between (an opening, a tick); a slide crosses every
/// level on its way.
struct PriceMove {
  Instant at{};
  std::string symbol;
  Price price;
  bool slide = false;
};

/// Moves in order of (time, symbol). A feed gives moves only inside of sessions of its calendar.
class PriceFeed {
public:
  virtual ~PriceFeed() = default;
  /// Every symbol it will ever price, sorted.
  virtual std::vector<std::string> symbols() const = 0;
  /// Called once, before anything else: no move lies before `start`.
  virtual void start(Instant start, const core::MarketCalendar& calendar) = 0;
  /// The time of the next move; empty when there is none, ever.
  virtual std::optional<Instant> next_at() = 0;
  /// The next move. Only after next_at() gave a time.
  virtual PriceMove pop() = 0;
  /// Finished daily bars before the start, oldest first, for the market data API.
  virtual std::vector<DailyBar> history(const std::string& /*symbol*/) const { return {}; }
};

using BarSeries = std::map<std::string, std::vector<DailyBar>>;

/// Reads every SYMBOL.csv or SYMBOL.csv.gz of a folder, as core/bar_csv.hpp does; a row or file that it would leave
/// out is an error. Files whose name starts with '_' or '.' are not symbols. Errors: `invalid` with file and line;
/// `unavailable` for the folder.
Result<BarSeries> load_bars(const std::string& directory);

/// Replays daily bars: each session opens at O, then goes to L, H and C, at 09:30, 12:00, 14:00 and one second before
/// the close (at the same fractions of a short session). The low comes first, which is the pessimistic order for
/// a protected long position.
std::unique_ptr<PriceFeed> make_bar_feed(BarSeries bars);

/// A random walk per symbol from the seed, one step each `step` while a session is open; the first price of
/// a session is its opening. The start price is a function of seed and symbol between 20 and 400 dollars unless
/// given.
struct SyntheticOptions {
  std::uint64_t seed = 1;
  std::vector<std::string> symbols;
  Duration step = std::chrono::seconds{1};
  std::int64_t step_ppm = 150;  // typical step in millionths of the price
  std::map<std::string, Price> start_prices;
};
std::unique_ptr<PriceFeed> make_synthetic_feed(SyntheticOptions options);

/// Knows symbols, moves nothing: prices come from Engine::set_price only.
std::unique_ptr<PriceFeed> make_scripted_feed(std::vector<std::string> symbols);

}  // namespace heed::exchange
