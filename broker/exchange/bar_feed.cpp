#include "broker/exchange/feed.hpp"

#include <algorithm>
#include <deque>

namespace heed::exchange {
namespace {

class BarFeed final : public PriceFeed {
public:
  explicit BarFeed(BarSeries bars) : bars_{std::move(bars)} {}

  std::vector<std::string> symbols() const override {
    std::vector<std::string> out;
    for (const auto& [symbol, series] : bars_)
      out.push_back(symbol);
    return out;
  }

  void start(Instant start, const core::MarketCalendar& calendar) override {
    start_ = start;
    calendar_ = &calendar;
    for (const auto& [symbol, series] : bars_) {
      const auto first = std::find_if(series.begin(), series.end(), [&](const DailyBar& bar) {
        const auto session = calendar.session(bar.date);
        return session && session->close > start;
      });
      cursors_.push_back({&symbol, &series, static_cast<std::size_t>(first - series.begin())});
    }
  }

  std::optional<Instant> next_at() override {
    while (moves_.empty() && load_session()) {
    }
    return moves_.empty() ? std::nullopt : std::optional{moves_.front().at};
  }

  PriceMove pop() override {
    PriceMove move = std::move(moves_.front());
    moves_.pop_front();
    return move;
  }

  std::vector<DailyBar> history(const std::string& symbol) const override {
    std::vector<DailyBar> out;
    const auto found = bars_.find(symbol);
    if (found == bars_.end())
      return out;
    for (const auto& bar : found->second) {
      const auto session = calendar_->session(bar.date);
      if (session && session->close <= start_)
        out.push_back(bar);
    }
    return out;
  }

private:
  struct Cursor {
    const std::string* symbol;
    const std::vector<DailyBar>* series;
    std::size_t next;
    const DailyBar* bar() const { return next < series->size() ? &(*series)[next] : nullptr; }
  };

  // The four moves of every symbol that has a bar on the earliest day left. False at the end of all data.
  bool load_session() {
    std::optional<Date> day;
    for (const auto& cursor : cursors_)
      if (const auto* bar = cursor.bar())
        day = day ? std::min(*day, bar->date) : bar->date;
    if (!day)
      return false;
    std::vector<std::pair<const std::string*, const DailyBar*>> today;
    for (auto& cursor : cursors_)
      if (const auto* bar = cursor.bar(); bar != nullptr && bar->date == *day) {
        today.emplace_back(cursor.symbol, bar);
        ++cursor.next;
      }
    if (const auto session = calendar_->session(*day))
      add_moves(*session, today);
    return true;
  }

  void add_moves(const core::Session& session,
                 const std::vector<std::pair<const std::string*, const DailyBar*>>& today) {
    const Duration length = session.close - session.open;
    const struct {
      Instant at;
      Price DailyBar::*price;
      bool slide;
    } path[] = {{session.open, &DailyBar::open, false},
                {session.open + length * 5 / 13, &DailyBar::low, true},
                {session.open + length * 9 / 13, &DailyBar::high, true},
                {session.close - std::chrono::seconds{1}, &DailyBar::close, true}};
    // A start inside of the session finds the price where the path has brought it by then.
    std::size_t first = 0;
    while (first + 1 < std::size(path) && path[first + 1].at <= start_)
      ++first;
    for (std::size_t i = first; i < std::size(path); ++i)
      for (const auto& [symbol, bar] : today)
        moves_.push_back({std::max(path[i].at, start_), *symbol, bar->*path[i].price, i != first && path[i].slide});
  }

  BarSeries bars_;
  const core::MarketCalendar* calendar_ = nullptr;
  Instant start_{};
  std::vector<Cursor> cursors_;
  std::deque<PriceMove> moves_;
};

class ScriptedFeed final : public PriceFeed {
public:
  explicit ScriptedFeed(std::vector<std::string> symbols) : symbols_{std::move(symbols)} {
    std::sort(symbols_.begin(), symbols_.end());
    symbols_.erase(std::unique(symbols_.begin(), symbols_.end()), symbols_.end());
  }
  std::vector<std::string> symbols() const override { return symbols_; }
  void start(Instant, const core::MarketCalendar&) override {}
  std::optional<Instant> next_at() override { return std::nullopt; }
  PriceMove pop() override { return {}; }

private:
  std::vector<std::string> symbols_;
};

}  // namespace

std::unique_ptr<PriceFeed> make_bar_feed(BarSeries bars) { return std::make_unique<BarFeed>(std::move(bars)); }

std::unique_ptr<PriceFeed> make_scripted_feed(std::vector<std::string> symbols) {
  return std::make_unique<ScriptedFeed>(std::move(symbols));
}

}  // namespace heed::exchange
