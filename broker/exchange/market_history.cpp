#include "broker/exchange/market_history.hpp"

#include <algorithm>
#include <charconv>

namespace heed::exchange {
namespace {

constexpr std::size_t minutes_max = 4000;      // about ten sessions
constexpr std::int64_t shares_per_move = 100;  // a move stands for one round lot

void add(TimedBar& bar, Price price) {
  if (bar.trades == 0)
    bar.open = bar.high = bar.low = price;
  bar.high = std::max(bar.high, price);
  bar.low = std::min(bar.low, price);
  bar.close = price;
  bar.volume += shares_per_move;
  bar.trades += 1;
  bar.value += price;
}

void merge(TimedBar& into, const TimedBar& bar) {
  into.high = std::max(into.high, bar.high);
  into.low = std::min(into.low, bar.low);
  into.close = bar.close;
  into.volume += bar.volume;
  into.trades += bar.trades;
  into.value += bar.value;
}

// The start of the bucket that holds `start`.
Instant bucket(const core::MarketCalendar& calendar, Timeframe timeframe, Instant start) {
  using std::chrono::days;
  const auto local = calendar.local(start);
  switch (timeframe.unit) {
    case Timeframe::Unit::minute:
    case Timeframe::Unit::hour: {
      const Duration step = timeframe.unit == Timeframe::Unit::minute
                              ? Duration{std::chrono::minutes{timeframe.count}}
                              : Duration{std::chrono::hours{timeframe.count}};
      return calendar.instant(local.date, local.time_of_day / step * step);
    }
    case Timeframe::Unit::day: return calendar.instant(local.date, Duration{0});
    case Timeframe::Unit::week: {
      const std::chrono::weekday weekday{local.date};
      return calendar.instant(local.date - days{weekday.iso_encoding() - 1}, Duration{0});
    }
    case Timeframe::Unit::month: {
      const std::chrono::year_month_day date{local.date};
      const auto count = static_cast<unsigned>(timeframe.count);
      const unsigned month = (static_cast<unsigned>(date.month()) - 1) / count * count + 1;
      return calendar.instant(Date{date.year() / std::chrono::month{month} / 1}, Duration{0});
    }
  }
  return start;
}

}  // namespace

std::optional<Timeframe> Timeframe::parse(std::string_view text) {
  Timeframe out;
  const auto [rest, failed] = std::from_chars(text.data(), text.data() + text.size(), out.count);
  if (failed != std::errc{})
    return std::nullopt;
  const std::string_view unit{rest, static_cast<std::size_t>(text.data() + text.size() - rest)};
  const int n = out.count;
  bool fits = false;
  if (unit == "Min" || unit == "T")
    out.unit = Unit::minute, fits = n >= 1 && n <= 59;
  else if (unit == "Hour" || unit == "H")
    out.unit = Unit::hour, fits = n >= 1 && n <= 23;
  else if (unit == "Day" || unit == "D")
    out.unit = Unit::day, fits = n == 1;
  else if (unit == "Week" || unit == "W")
    out.unit = Unit::week, fits = n == 1;
  else if (unit == "Month" || unit == "M")
    out.unit = Unit::month, fits = n == 1 || n == 2 || n == 3 || n == 4 || n == 6 || n == 12;
  return fits ? std::optional{out} : std::nullopt;
}

void MarketHistory::record(const Engine& engine, const Asset& asset) {
  if (!engine.market_open())
    return;
  if (series_.size() <= asset.index)
    series_.resize(asset.index + 1);
  Series& series = series_[asset.index];
  const Instant minute = std::chrono::floor<std::chrono::minutes>(asset.priced_at);
  if (series.minutes.empty() || series.minutes.back().start != minute) {
    series.minutes.push_back({minute, {}, {}, {}, {}, 0, 0, {}});
    if (series.minutes.size() > minutes_max)
      series.minutes.pop_front();
  }
  add(series.minutes.back(), asset.last);
  const Instant day = engine.calendar().instant(engine.session().date, Duration{0});
  if (series.days.empty() || series.days.back().start != day)
    series.days.push_back({day, {}, {}, {}, {}, 0, 0, {}});
  add(series.days.back(), asset.last);
}

std::vector<TimedBar> MarketHistory::days_of(const Engine& engine, const Asset& asset) const {
  std::vector<TimedBar> out;
  for (const DailyBar& bar : engine.feed().history(asset.symbol))
    out.push_back({engine.calendar().instant(bar.date, Duration{0}), bar.open, bar.high, bar.low, bar.close,
                   bar.volume, 1, (bar.high + bar.low + bar.close) / Decimal{3}});
  if (asset.index < series_.size())
    out.insert(out.end(), series_[asset.index].days.begin(), series_[asset.index].days.end());
  return out;
}

std::vector<TimedBar> MarketHistory::bars(const Engine& engine, const Asset& asset, Timeframe timeframe, Instant from,
                                          Instant to) const {
  std::vector<TimedBar> base;
  if (!timeframe.intraday())
    base = days_of(engine, asset);
  else if (asset.index < series_.size())
    base.assign(series_[asset.index].minutes.begin(), series_[asset.index].minutes.end());
  std::vector<TimedBar> out;
  for (const TimedBar& bar : base) {
    const Instant start = bucket(engine.calendar(), timeframe, bar.start);
    if (start < from || start > to)
      continue;
    if (!out.empty() && out.back().start == start) {
      merge(out.back(), bar);
    } else {
      out.push_back(bar);
      out.back().start = start;
    }
  }
  return out;
}

const TimedBar* MarketHistory::minute(AssetIndex asset) const {
  return asset < series_.size() && !series_[asset].minutes.empty() ? &series_[asset].minutes.back() : nullptr;
}

std::pair<std::optional<TimedBar>, std::optional<TimedBar>> MarketHistory::daily(const Engine& engine,
                                                                                 const Asset& asset) const {
  const auto days = days_of(engine, asset);
  std::pair<std::optional<TimedBar>, std::optional<TimedBar>> out;
  if (!days.empty())
    out.first = days.back();
  if (days.size() > 1)
    out.second = days[days.size() - 2];
  return out;
}

}  // namespace heed::exchange
