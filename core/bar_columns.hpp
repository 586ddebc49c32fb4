// Daily bars, wherever they come from: columns, what can be wrong with them, and the one place that checks them.
// No locale, no binary floating point.
#pragma once

#include "messages/decimal.hpp"
#include "messages/fields.hpp"
#include "messages/time.hpp"

#include <array>
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
  friend bool operator==(const BarColumns&, const BarColumns&) = default;
};

enum class BarFlaw : std::uint8_t {
  file,           // nothing of the file can be used
  row,            // the row was left out
  contradiction,  // the row was kept as it is, although it cannot be true
  suspicious      // the row was kept as it is, and may be true
};

struct BarProblem {
  BarFlaw flaw = BarFlaw::row;
  std::uint32_t line = 0;  // from 1; 0 where rows have no lines
  std::string field;       // "high", without a line "2020-01-31 high"; empty where it is the line as a whole
  std::string reason;      // what is wrong, with the values
  friend bool operator==(const BarProblem&, const BarProblem&) = default;
};

/// Problems of one symbol that are kept, of the suspicious and of the others; the last one says that there may be
/// more.
constexpr std::size_t bar_problems_max = 100;

/// Fields of a row in the order date, open, high, low, close, volume.
using BarFields = std::array<std::string_view, 6>;
constexpr BarFields bar_field_names{"date", "open", "high", "low", "close", "volume"};

/// Gathers the rows of one symbol. Rows out of order are sorted and told of; of two rows with one date the first
/// stays. Told of and left out: impossible dates, prices that are no decimal above zero. Told of and kept: high < low
/// (orders fill at the open, which may well be right), open or close outside of low..high, an unreadable volume (as
/// zero), and closes that jump like an unadjusted split. Prices beyond nine decimals are rounded half-even.
class BarCollector {
public:
  /// `problems` is added to, and outlives this.
  explicit BarCollector(std::vector<BarProblem>& problems) : problems_{problems} {}

  void reserve(std::size_t rows);
  /// A row as it stood. `line` 0: the source has no lines, and problems name the date.
  void add(std::uint32_t line, const BarFields& fields);
  /// A row that was read already; prices in billionths: open, high, low, close.
  void add(std::uint32_t line, Date date, const std::array<std::int64_t, 4>& prices, std::int64_t volume);
  void tell(BarFlaw flaw, std::uint32_t line, std::string_view field, const std::string& reason);
  std::size_t size() const { return out_.size(); }
  /// What came together. To be called once, at the end.
  BarColumns finish();

private:
  void keep(std::uint32_t line, std::int32_t day, const std::array<std::int64_t, 4>& prices, std::int64_t volume);
  void check_range(const std::array<std::int64_t, 4>& prices);
  void tell_here(BarFlaw flaw, std::string_view field, const std::string& reason);
  void tell_of(std::size_t row, BarFlaw flaw, std::string_view field, const std::string& reason);
  void sort();
  void find_jumps();

  std::vector<BarProblem>& problems_;
  std::array<std::size_t, 2> told_{};  // what is wrong, and what is suspicious: one must not crowd out the other
  BarColumns out_;
  std::vector<std::uint32_t> lines_;  // of each kept row
  std::uint32_t line_ = 0;            // of the row at hand
  std::string_view date_;             // its date, as it stood
  std::string date_text_;             // holds `date_` where it was not text
  bool in_order_ = true;
};

}  // namespace heed::core

HEED_ENUM_NAMES(heed::core::BarFlaw, "file", "row", "contradiction", "suspicious");
