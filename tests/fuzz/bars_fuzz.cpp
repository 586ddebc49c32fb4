// A file of daily bars: columns of one length by ascending date, prices above zero, every complaint with its reason;
// and what was understood, written again, is understood without a complaint about a row.
#include "core/bar_csv.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <string>

using namespace heed;
using heed::fuzz::must;

namespace {

void check(const core::BarColumns& bars) {
  const auto size = bars.size();
  for (const auto* column : {&bars.open, &bars.high, &bars.low, &bars.close}) {
    must(column->size() == size, "columns of one length");
    must(std::ranges::all_of(*column, [](std::int64_t price) { return price > 0; }), "prices above zero");
  }
  must(bars.volume.size() == size, "columns of one length");
  must(std::ranges::all_of(bars.volume, [](std::int64_t volume) { return volume >= 0; }), "no negative volume");
  must(std::ranges::adjacent_find(bars.days, std::ranges::greater_equal{}) == bars.days.end(),
       "dates ascend, each once");
}

std::string written(const core::BarColumns& bars) {
  std::string out = "date,open,high,low,close,volume\n";
  for (std::size_t i = 0; i < bars.size(); ++i) {
    out += to_iso_date(Date{std::chrono::days{bars.days[i]}});
    for (const auto* column : {&bars.open, &bars.high, &bars.low, &bars.close})
      out += ',' + Decimal::from_units((*column)[i]).str();
    out += ',' + std::to_string(bars.volume[i]) + '\n';
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<core::BarProblem> problems;
  const auto bars = core::parse_bar_csv(fuzz::text_of(data, size), problems);
  check(bars);
  const auto suspicious =
    static_cast<std::size_t>(std::ranges::count(problems, core::BarFlaw::suspicious, &core::BarProblem::flaw));
  must(suspicious <= core::bar_problems_max && problems.size() - suspicious <= core::bar_problems_max,
       "a bound on what is told");
  for (const auto& problem : problems)
    must(!problem.reason.empty(), "a complaint has a reason");
  if (bars.size() == 0)
    return 0;
  std::vector<core::BarProblem> again;
  const auto second = core::parse_bar_csv(written(bars), again);
  must(second.days == bars.days && second.open == bars.open && second.high == bars.high && second.low == bars.low &&
         second.close == bars.close && second.volume == bars.volume,
       "bars written again are the same");
  must(std::ranges::none_of(again, [](const core::BarProblem& p) { return p.flaw <= core::BarFlaw::row; }),
       "nothing of them is left out");
  return 0;
}
