#include "core/bar_csv.hpp"

#include <algorithm>
#include <array>

namespace heed::core {
namespace {

constexpr std::size_t line_size_max = 4'096;
constexpr std::size_t columns_max = 64;

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && blank(text.back()))
    text.remove_suffix(1);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    text = text.substr(1, text.size() - 2);
  return text;
}

std::string lower(std::string_view text) {
  std::string out{text};
  for (char& c : out)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return out;
}

class CsvReader {
public:
  CsvReader(std::string_view text, std::vector<BarProblem>& problems) : text_{text}, rows_{problems} {}

  BarColumns read();

private:
  bool next_line(std::string_view& line);
  bool read_header();
  bool split(std::string_view line, BarFields& fields);

  std::string_view text_;
  const char* newline_ = nullptr;  // the next LF, or the end, once looked for
  BarCollector rows_;
  std::uint32_t number_ = 0;
  std::array<std::size_t, 6> place_{};  // column of each name
  std::size_t columns_ = 0;
};

bool CsvReader::next_line(std::string_view& line) {
  if (text_.empty())
    return false;
  // A file of bare CRs has no LF: looking for it once is enough.
  if (newline_ < text_.data())
    newline_ = text_.data() + std::min(text_.find('\n'), text_.size());
  const auto end = static_cast<std::size_t>(newline_ - text_.data());
  line = text_.substr(0, end);
  auto skip = end + 1;
  if (const auto cr = line.find('\r'); cr != std::string_view::npos) {
    line = line.substr(0, cr);
    skip = cr + 1 < text_.size() && text_[cr + 1] == '\n' ? cr + 2 : cr + 1;
  }
  text_.remove_prefix(std::min(skip, text_.size()));
  ++number_;
  return true;
}

bool CsvReader::read_header() {
  if (text_.starts_with("\xff\xfe") || text_.starts_with("\xfe\xff")) {
    rows_.tell(BarFlaw::file, 1, "", "is UTF-16; save it as UTF-8");
    return false;
  }
  if (text_.starts_with("\xef\xbb\xbf"))
    text_.remove_prefix(3);
  std::string_view line;
  while (line.empty())
    if (!next_line(line)) {
      rows_.tell(BarFlaw::file, 1, "", "is empty; the first line must be date,open,high,low,close,volume");
      return false;
    }
  constexpr std::size_t missing = columns_max;
  place_.fill(missing);
  for (bool more = true; more && columns_ < columns_max; ++columns_) {
    const auto comma = line.find(',');
    const auto name = lower(trimmed(line.substr(0, comma)));
    more = comma != std::string_view::npos;
    line.remove_prefix(more ? comma + 1 : line.size());
    const auto found = std::find(bar_field_names.begin(), bar_field_names.end(), name);
    if (found == bar_field_names.end())
      continue;
    auto& place = place_[static_cast<std::size_t>(found - bar_field_names.begin())];
    if (place != missing) {
      rows_.tell(BarFlaw::file, number_, name, "stands twice in the header");
      return false;
    }
    place = columns_;
  }
  for (std::size_t i = 0; i < bar_field_names.size(); ++i)
    if (place_[i] == missing) {
      rows_.tell(BarFlaw::file, number_, bar_field_names[i],
                 "is missing in the header; it must have date,open,high,low,close,volume");
      return false;
    }
  return true;
}

bool CsvReader::split(std::string_view line, BarFields& fields) {
  if (line.size() > line_size_max) {
    rows_.tell(BarFlaw::row, number_, "", "is " + std::to_string(line.size()) + " bytes long; row left out");
    return false;
  }
  std::array<std::string_view, columns_max> parts;
  std::size_t count = 0;
  for (;;) {
    const auto comma = line.find(',');
    if (count < columns_max)
      parts[count] = line.substr(0, comma);
    ++count;
    if (comma == std::string_view::npos)
      break;
    line.remove_prefix(comma + 1);
  }
  if (count != columns_) {
    rows_.tell(BarFlaw::row, number_, "",
               "has " + std::to_string(count) + " fields, the header " + std::to_string(columns_) + "; row left out");
    return false;
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    auto& field = fields[i] = parts[place_[i]];
    if (field.empty() || field.front() == '"' || field.front() <= ' ' || field.back() <= ' ')
      field = trimmed(field);
  }
  return true;
}

BarColumns CsvReader::read() {
  if (text_.find('\0') != std::string_view::npos) {
    rows_.tell(BarFlaw::file, 1, "", "holds a NUL byte; it is no text file");
    return {};
  }
  if (!read_header())
    return {};
  rows_.reserve(text_.size() / 40);
  BarFields fields;
  for (std::string_view line; next_line(line);)
    if (!line.empty() && split(line, fields))
      rows_.add(number_, fields);
  if (rows_.size() == 0)
    rows_.tell(BarFlaw::file, std::max(number_, 1U), "", "has no usable row");
  return rows_.finish();
}

}  // namespace

BarColumns parse_bar_csv(std::string_view text, std::vector<BarProblem>& problems) {
  return CsvReader{text, problems}.read();
}

}  // namespace heed::core
