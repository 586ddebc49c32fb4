#include "config/document.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace heed::config {
namespace {
struct ParserGaveUp {};
[[noreturn]] void give_up() { throw ParserGaveUp{}; }
}  // namespace
}  // namespace heed::config

// The library asserts, where it should refuse, on a header such as "[[[": bad text must not end the process.
#define TOML_EXCEPTIONS 1
#define TOML_ASSERT(expr) ((expr) ? static_cast<void>(0) : ::heed::config::give_up())
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace heed::config {
namespace {

constexpr int dots_in_line_max = 16;

// Refuses what the library would not survive, before it sees it: a table is nested per dot of a dotted key without a
// bound and freed by recursion, so that a file of nothing but dots ends the process; and its tests for white space
// run into undefined behaviour on letters beyond ASCII, which TOML allows in quotes and comments only.
class Screen {
public:
  /// The first place that is refused, with the reason.
  std::optional<Problem> scan(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') {
        end_line();
        continue;
      }
      if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U)
        ++place_.column;  // counted in characters, as everywhere
      if (in_comment_)
        continue;
      i += closing_.empty() ? step_outside(text.substr(i)) : step_in_string(text.substr(i));
      if (problem_)
        return problem_;
    }
    return std::nullopt;
  }

private:
  static bool beyond_ascii(char c) { return (static_cast<unsigned char>(c) & 0x80U) != 0; }

  void end_line() {
    ++place_.line;
    place_.column = 0;
    dots_ = 0;
    in_comment_ = false;
    in_value_ = depth_ > 0;
    in_bare_value_ = false;
    if (closing_.size() == 1)  // an unclosed string; the parser will say so
      closing_.clear();
  }
  /// Both return how many bytes to pass over besides the first.
  std::size_t step_in_string(std::string_view rest) {
    if (beyond_ascii(rest.front()) && escaped_in_lines_)
      refuse("a character beyond ASCII behind a backslash, in a text of several lines", "use a text of one line");
    if (rest.front() == '\\' && closing_.front() == '"') {
      escaped_in_lines_ = escaped_in_lines_ || closing_.size() == 3;
      return rest.size() > 1 && rest[1] != '\n' && !beyond_ascii(rest[1]) ? advance(1) : 0;
    }
    if (!rest.starts_with(closing_))
      return 0;
    std::size_t end = closing_.size();
    if (end == 3)  // one or two quotes right before the closing ones belong to the text
      while (end < 5 && end < rest.size() && rest[end] == closing_.front())
        ++end;
    closing_.clear();
    escaped_in_lines_ = false;
    return advance(end - 1);
  }
  std::size_t step_outside(std::string_view rest) {
    const char c = rest.front();
    if (c == '#') {
      in_comment_ = true;
    } else if (c == '"' || c == '\'') {
      if (in_bare_value_)
        refuse("not valid TOML: a quote in the middle of a value", "put all of it in quotes");
      const std::string three(3, c);
      closing_ = rest.starts_with(three) ? three : std::string(1, c);
      return advance(closing_.size() - 1);
    } else if (c == '.' && ++dots_ > dots_in_line_max) {
      refuse("more than " + std::to_string(dots_in_line_max) + " dots in one line outside of quotes",
             "write tables as [headers]");
    } else if (beyond_ascii(c)) {
      refuse("not valid TOML: a character beyond ASCII outside of quotes", "put the text in quotes");
    }
    follow_values(c);
    return 0;
  }
  // After a number or a word that is none, the library looks for the value's end without minding quotes, and so runs
  // into letters beyond ASCII within them.
  void follow_values(char c) {
    if (c == ' ' || c == '\t' || c == '\r' || c == ',' || c == ']' || c == '}') {
      in_bare_value_ = false;
      if (c == ']' || c == '}')
        depth_ = std::max(0, depth_ - 1);
    } else if (c == '=') {
      in_value_ = true;
    } else if (c == '[' || c == '{') {
      depth_ += in_value_ ? 1 : 0;
    } else {
      in_bare_value_ = in_value_;
    }
  }
  std::size_t advance(std::size_t n) {
    place_.column += static_cast<int>(n);
    return n;
  }
  void refuse(std::string message, std::string fix) {
    problem_.emplace();
    problem_->line = place_.line;
    problem_->column = place_.column;
    problem_->message = std::move(message);
    problem_->fix = std::move(fix);
  }

  Place place_{1, 0};
  int dots_ = 0;
  int depth_ = 0;  // of lists and inline tables
  bool in_comment_ = false;
  bool in_value_ = false;
  bool in_bare_value_ = false;
  bool escaped_in_lines_ = false;
  std::string closing_;
  std::optional<Problem> problem_;
};

Place place_of(const toml::source_region& region) {
  return {static_cast<int>(region.begin.line), static_cast<int>(region.begin.column)};
}

/// Reads tokens back from the text: the library gives numbers only as binary floating point.
class Lines {
public:
  explicit Lines(std::string_view text) {
    std::size_t begin = 0;
    while (begin <= text.size()) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      lines_.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  /// Scalars that are read back never span lines.
  std::string token(const toml::source_region& region) const {
    if (region.begin.line == 0 || region.begin.line > lines_.size() || region.end.line != region.begin.line)
      return {};
    const std::string_view line = lines_[region.begin.line - 1];
    const std::size_t begin = byte_of(line, region.begin.column);
    const std::size_t end = byte_of(line, region.end.column);
    std::string_view token = line.substr(begin, end - begin);
    while (!token.empty() && (token.back() == ' ' || token.back() == '\t' || token.back() == '\r'))
      token.remove_suffix(1);
    return std::string{token};
  }

private:
  /// Columns count code points from 1.
  static std::size_t byte_of(std::string_view line, std::uint32_t column) {
    std::size_t byte = 0;
    for (std::uint32_t at = 1; at < column && byte < line.size(); ++at) {
      ++byte;
      while (byte < line.size() && (static_cast<unsigned char>(line[byte]) & 0xC0U) == 0x80U)
        ++byte;
    }
    return byte;
  }
  std::vector<std::string_view> lines_;
};

Node convert(const toml::node& from, const Lines& lines) {
  Node node;
  node.place = place_of(from.source());
  if (const auto* table = from.as_table()) {
    node.kind = NodeKind::table;
    for (auto&& [key, value] : *table)
      node.entries.push_back({std::string{key.str()}, place_of(key.source()), convert(value, lines)});
    std::sort(node.entries.begin(), node.entries.end(), [](const Entry& a, const Entry& b) {
      return std::pair{a.place.line, a.place.column} < std::pair{b.place.line, b.place.column};
    });
  } else if (const auto* array = from.as_array()) {
    node.kind = NodeKind::list;
    for (const toml::node& item : *array)
      node.items.push_back(convert(item, lines));
  } else if (const auto* text = from.as_string()) {
    node.kind = NodeKind::text;
    node.text = text->get();
  } else {
    node.text = lines.token(from.source());
    if (const auto* integer = from.as_integer()) {
      node.kind = NodeKind::integer;
      node.integer = integer->get();
    } else if (const auto* boolean = from.as_boolean()) {
      node.kind = NodeKind::boolean;
      node.boolean = boolean->get();
    } else {
      node.kind = from.is_floating_point() ? NodeKind::number : NodeKind::date_time;
    }
  }
  return node;
}

Problem syntax_problem(const toml::parse_error& error) {
  Problem problem;
  const Place place = place_of(error.source());
  problem.line = place.line;
  problem.column = place.column;
  problem.message = "not valid TOML: " + std::string{error.description()};
  return problem;
}

bool parser_gives_up(std::string_view text) {
  try {
    static_cast<void>(toml::parse(text, std::string_view{}));
  } catch (const ParserGaveUp&) {
    return true;
  } catch (const toml::parse_error&) {
    return false;
  }
  return false;
}

/// The first line without which the parser gets along.
Problem give_up_problem(std::string_view text) {
  std::vector<std::size_t> ends;
  for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1))
    ends.push_back(at + 1);
  const auto line = std::partition_point(ends.begin(), ends.end(),
                                         [&](std::size_t end) { return !parser_gives_up(text.substr(0, end)); });
  Problem problem;
  problem.line = static_cast<int>(line - ends.begin()) + 1;
  problem.column = 1;
  problem.message = "not valid TOML: expected a key";
  return problem;
}

}  // namespace

std::string_view describe(NodeKind kind) {
  switch (kind) {
    case NodeKind::table: return "a table";
    case NodeKind::list: return "a list";
    case NodeKind::text: return "text";
    case NodeKind::integer: return "a whole number";
    case NodeKind::number: return "a number with a fraction";
    case NodeKind::boolean: return "true or false";
    case NodeKind::date_time: return "a date or time";
  }
  return "";
}

const Entry* Node::find(std::string_view key) const {
  const auto it = std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.key == key; });
  return it == entries.end() ? nullptr : &*it;
}

Node Node::of_text(std::string text) {
  Node node;
  node.kind = NodeKind::text;
  node.text = std::move(text);
  return node;
}

Document read_document(std::string_view text) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark))
    text.remove_prefix(byte_order_mark.size());
  Document document;
  document.error = Screen{}.scan(text);
  if (document.error)
    return document;
  try {
    const toml::table table = toml::parse(text, std::string_view{});
    document.root = convert(table, Lines{text});
  } catch (const toml::parse_error& error) {
    document.error = syntax_problem(error);
  } catch (const ParserGaveUp&) {
    document.error = give_up_problem(text);
  }
  return document;
}

std::optional<Node> read_value(std::string_view text) {
  if (text.find('\n') != std::string_view::npos)
    return std::nullopt;
  Document document = read_document("v = " + std::string{text});
  if (!document.root || document.root->entries.size() != 1)
    return std::nullopt;
  Node node = std::move(document.root->entries.front().value);
  node.place = {};
  return node;
}

std::string quoted(std::string_view text) {
  static constexpr char hex[] = "0123456789ABCDEF";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\t': out += "\\t"; break;
      default:
        if (byte < 0x20 || byte == 0x7F) {
          out += "\\u00";
          out += hex[byte >> 4U];
          out += hex[byte & 0xFU];
        } else {
          out += c;
        }
    }
  }
  return out + '"';
}

std::string as_written(const Node& node) {
  constexpr std::size_t shown_max = 60;
  if (node.kind == NodeKind::table)
    return "{...}";
  if (node.kind == NodeKind::list)
    return "[...]";
  std::string text = node.text;
  if (text.size() > shown_max) {
    std::size_t end = shown_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
      --end;
    text = text.substr(0, end) + "...";
  }
  return node.kind == NodeKind::text ? quoted(text) : text;
}

}  // namespace heed::config
