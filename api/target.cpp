#include "api/target.hpp"

#include "persistence/json_write.hpp"

#include <algorithm>

namespace heed::api {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

std::optional<std::string> decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size() || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0)
        return std::nullopt;
      out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  if (!is_plain_text(out))
    return std::nullopt;
  return out;
}

Problem bad_target(std::string detail) {
  Problem problem;
  problem.status = 400;
  problem.code = "TARGET_INVALID";
  problem.detail = std::move(detail);
  return problem;
}

/// Calls `each` with every piece between separators; stops when it returns false.
template <class F>
bool split(std::string_view text, char separator, F each) {
  while (true) {
    const auto end = text.find(separator);
    if (!each(text.substr(0, end)))
      return false;
    if (end == std::string_view::npos)
      return true;
    text.remove_prefix(end + 1);
  }
}

std::optional<Problem> read_parameter(Target& out, std::string_view piece) {
  if (piece.empty())
    return std::nullopt;
  const auto equals = piece.find('=');
  const auto name = decode(piece.substr(0, equals), true);
  const auto value = equals == std::string_view::npos ? std::string{} : decode(piece.substr(equals + 1), true);
  if (!name || !value)
    return bad_target(
      "the query has a broken escape, a control character or text that is not UTF-8; encode it as "
      "UTF-8 with %XX");
  const auto same = [&](const auto& seen) { return seen.first == *name; };
  if (std::any_of(out.query.begin(), out.query.end(), same)) {
    auto problem = bad_target("parameter \"" + *name + "\" is given twice; give it once");
    problem.code = "QUERY_REPEATED";
    problem.field = *name;
    return problem;
  }
  out.query.emplace_back(*name, *value);
  return std::nullopt;
}

}  // namespace

bool is_plain_text(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7f)
      return false;
    const std::size_t length = c < 0x80 ? 1 : json_detail::utf8_length(text.substr(i));
    if (length == 0)
      return false;
    i += length;
  }
  return true;
}

std::variant<Target, Problem> parse_target(std::string_view target) {
  if (target.empty() || target.front() != '/')
    return bad_target("the request target must be a path that begins with \"/\"");
  if (target.find('#') != std::string_view::npos)
    return bad_target("a request target has no fragment; leave \"#...\" away");
  const auto mark = target.find('?');
  const auto path = target.substr(1, mark == std::string_view::npos ? mark : mark - 1);
  Target out;
  const auto segment = [&out](std::string_view piece) {
    const auto text = decode(piece, false);
    if (!text)
      return false;
    out.segments.push_back(*text);
    return true;
  };
  if (!path.empty() && !split(path, '/', segment))
    return bad_target("the path has a broken escape, a control character or text that is not UTF-8");
  std::optional<Problem> problem;
  const auto parameter = [&](std::string_view piece) {
    problem = read_parameter(out, piece);
    return !problem;
  };
  if (mark != std::string_view::npos && !split(target.substr(mark + 1), '&', parameter))
    return *problem;
  return out;
}

std::string percent_encode(std::string_view text) {
  static constexpr char hex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += hex[u >> 4];
      out += hex[u & 15];
    }
  }
  return out;
}

}  // namespace heed::api
