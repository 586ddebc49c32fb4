#include "broker/exchange/feed.hpp"

#include <algorithm>

namespace heed::exchange {
namespace {

constexpr Price cent = Decimal::from_units(10'000'000);

std::uint64_t text_hash(std::string_view text) {
  std::uint64_t h = 14695981039346656037ULL;
  for (const char c : text)
    h = (h ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return h;
}

class SyntheticFeed final : public PriceFeed {
public:
  explicit SyntheticFeed(SyntheticOptions options) : step_{options.step}, step_ppm_{options.step_ppm} {
    std::sort(options.symbols.begin(), options.symbols.end());
    options.symbols.erase(std::unique(options.symbols.begin(), options.symbols.end()), options.symbols.end());
    for (const auto& symbol : options.symbols) {
      Walk walk{symbol, {}, Chance{mix(options.seed) ^ text_hash(symbol)}};
      const auto given = options.start_prices.find(symbol);
      const auto cents = static_cast<std::int64_t>(2000 + walk.chance.below(38'001));
      walk.price = given != options.start_prices.end() ? given->second : Decimal::from_units(cents * cent.units());
      walks_.push_back(std::move(walk));
    }
  }

  std::vector<std::string> symbols() const override {
    std::vector<std::string> out;
    for (const auto& walk : walks_)
      out.push_back(walk.symbol);
    return out;
  }

  void start(Instant start, const core::MarketCalendar& calendar) override {
    calendar_ = &calendar;
    session_ = calendar.session_at_or_after(start);
    at_ = std::max(start, session_.open);
  }

  std::optional<Instant> next_at() override { return walks_.empty() ? std::nullopt : std::optional{at_}; }

  PriceMove pop() override {
    Walk& walk = walks_[next_];
    if (moved_)
      step(walk);
    PriceMove move{at_, walk.symbol, walk.price, false};
    if (++next_ == walks_.size()) {
      next_ = 0;
      moved_ = true;
      at_ += step_;
      if (at_ >= session_.close) {
        session_ = calendar_->session_at_or_after(std::max(at_, session_.close));
        at_ = session_.open;
      }
    }
    return move;
  }

private:
  struct Walk {
    std::string symbol;
    Price price;
    Chance chance;
  };

  // Near-normal: the sum of four uniforms, centred. At least a cent's grid, never under a dollar.
  void step(Walk& walk) const {
    std::int64_t noise = 0;
    for (int i = 0; i < 4; ++i)
      noise += static_cast<std::int64_t>(walk.chance.below(2001)) - 1000;
    const Decimal ratio = Decimal::from_units(noise * step_ppm_);  // noise/1000 x ppm/10^6, in billionths
    const Price moved = walk.price + walk.price * ratio;
    walk.price = std::max(moved.rounded_to(cent, Rounding::half_even), Decimal{1});
  }

  std::vector<Walk> walks_;
  std::size_t next_ = 0;
  bool moved_ = false;
  Instant at_{};
  Duration step_;
  std::int64_t step_ppm_;
  const core::MarketCalendar* calendar_ = nullptr;
  core::Session session_;
};

}  // namespace

std::unique_ptr<PriceFeed> make_synthetic_feed(SyntheticOptions options) {
  return std::make_unique<SyntheticFeed>(std::move(options));
}

}  // namespace heed::exchange
