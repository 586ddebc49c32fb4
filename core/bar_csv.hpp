// Daily bars as CSV: the one reader of `date,open,high,low,close,volume`, for the backtest and the built-in exchange.
// No locale, no binary floating point; every complaint names line and field.
#pragma once

#include "messages/decimal.hpp"
#include "messages/fields.hpp"
#include "messages/time.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace heed::core {

/// Columns of equal length, by ascending date. Prices are billionths, > 0.
struct BarColumns {
  std::vector<std::int32_t> days;  // since 1970-01-01
  std::vector<std::int64_t> open, high, low, close;
  std::vector<std::int64_t> volume;  // >= 0; what is behind a point is cut

  std::size_t size() const { return days.size(); }
};

enum class BarFlaw : std::uint8_t {
  file,           // nothing of the file can be used
  row,            // the row was left out
  contradiction,  // the row was kept as it is, although it cannot be true
  suspicious      // the row was kept as it is, and may be true
};

struct BarProblem {
  BarFlaw flaw = BarFlaw::row;
  std::uint32_t line = 0;  // from 1
  std::string field;       // "high"; empty where it is the line as a whole
  std::string reason;      // what is wrong, with the values
  friend bool operator==(const BarProblem&, const BarProblem&) = default;
};

/// Problems of one file that are kept, of the suspicious and of the others; the last one says that there may be more.
constexpr std::size_t bar_problems_max = 100;

/// Reads a whole file. The header is required; its columns may stand in any order, others are passed over. LF, CRLF
/// or CR, a UTF-8 byte order mark and quoted fields are accepted. Rows out of order are sorted and told of; of two
/// rows with one date the first stays. Prices beyond nine decimals are rounded half-even. Told of and left out:
/// impossible dates, prices that are no decimal above zero, ragged rows. Told of and kept: high < low (orders fill at
/// the open, which may well be right), open or close outside of low..high, an unreadable volume (as zero), and closes
/// that jump like an unadjusted split.
BarColumns parse_bar_csv(std::string_view text, std::vector<BarProblem>& problems);

}  // namespace heed::core

HEED_ENUM_NAMES(heed::core::BarFlaw, "file", "row", "contradiction", "suspicious");
