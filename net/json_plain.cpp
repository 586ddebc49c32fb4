#include "net/json_plain.hpp"

#include <array>
#include <utility>

namespace heed::net {
namespace {

constexpr std::size_t number_max = 40;    // characters; longer ones may overflow what the strict reader checks with
constexpr std::size_t members_max = 64;   // each new name is compared with all before it
constexpr std::size_t members_first = 8;  // room made at once

/// Characters that stand in a string as themselves.
constexpr auto plain_characters = [] {
  std::array<bool, 256> out{};
  for (std::size_t c = 0x20; c < 0x80; ++c)
    out[c] = c != '"' && c != '\\';
  return out;
}();

bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Plain {
public:
  Plain(std::string_view text, std::size_t depth_max)
      : at_{text.data()}, end_{text.data() + text.size()}, depth_left_{depth_max} {}

  bool document(Json& out) {
    skip_space();
    if (!value(out))
      return false;
    skip_space();
    return at_ == end_;
  }

private:
  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r'))
      ++at_;
  }
  bool take(char c) {
    if (at_ == end_ || *at_ != c)
      return false;
    ++at_;
    return true;
  }
  bool take_after_space(char c) {
    skip_space();
    return take(c);
  }
  bool take(std::string_view word) {
    if (static_cast<std::size_t>(end_ - at_) < word.size() || std::string_view{at_, word.size()} != word)
      return false;
    at_ += word.size();
    return true;
  }

  bool value(Json& out) {
    if (at_ == end_)
      return false;
    switch (*at_) {
      case '{': out.kind = Json::Kind::object; return object(out);
      case '[': out.kind = Json::Kind::array; return array(out);
      case '"': out.kind = Json::Kind::string; return string(out.text);
      case 'n': return take("null");
      case 't': out.kind = Json::Kind::boolean; return out.boolean = take("true");
      case 'f': out.kind = Json::Kind::boolean; return take("false");
      default: out.kind = Json::Kind::number; return number(out.text);
    }
  }

  bool object(Json& out) {
    if (depth_left_ == 0)
      return false;
    --depth_left_;
    ++at_;
    skip_space();
    if (!take('}')) {
      out.members.reserve(members_first);
      do {
        skip_space();
        if (!member(out))
          return false;
        skip_space();
      } while (take(','));
      if (!take('}'))
        return false;
    }
    ++depth_left_;
    return true;
  }
  bool member(Json& out) {
    std::string name;
    if (out.members.size() == members_max || !string(name) || out.find(name) != nullptr || !take_after_space(':'))
      return false;
    skip_space();
    return value(out.members.emplace_back(std::move(name), Json{}).second);
  }

  bool array(Json& out) {
    if (depth_left_ == 0)
      return false;
    --depth_left_;
    ++at_;
    skip_space();
    if (!take(']')) {
      do {
        skip_space();
        if (!value(out.items.emplace_back()))
          return false;
        skip_space();
      } while (take(','));
      if (!take(']'))
        return false;
    }
    ++depth_left_;
    return true;
  }

  bool string(std::string& out) {
    if (!take('"'))
      return false;
    for (;;) {
      const char* from = at_;
      while (at_ != end_ && plain_characters[static_cast<unsigned char>(*at_)])
        ++at_;
      out.append(from, at_);
      if (take('"'))
        return true;
      if (!take('\\') || !escaped(out))
        return false;
    }
  }
  bool escaped(std::string& out) {
    if (at_ == end_)
      return false;
    switch (*at_++) {
      case '"': out += '"'; return true;
      case '\\': out += '\\'; return true;
      case '/': out += '/'; return true;
      case 'b': out += '\b'; return true;
      case 'f': out += '\f'; return true;
      case 'n': out += '\n'; return true;
      case 'r': out += '\r'; return true;
      case 't': out += '\t'; return true;
      default: return false;
    }
  }

  bool number(std::string& out) {
    const char* from = at_;
    take('-');
    if (at_ == end_ || !is_digit(*at_))
      return false;
    if (!take('0'))
      skip_digits();
    if (take('.')) {
      if (at_ == end_ || !is_digit(*at_))
        return false;
      skip_digits();
    }
    if (static_cast<std::size_t>(at_ - from) > number_max || (at_ != end_ && (*at_ == 'e' || *at_ == 'E')))
      return false;
    out.assign(from, at_);
    return true;
  }
  void skip_digits() {
    while (at_ != end_ && is_digit(*at_))
      ++at_;
  }

  const char* at_;
  const char* end_;
  std::size_t depth_left_;
};

}  // namespace

std::optional<Json> read_plain_json(std::string_view text, std::size_t depth_max) {
  std::optional<Json> out{std::in_place};
  if (!Plain{text, depth_max}.document(*out))
    out.reset();
  return out;
}

}  // namespace heed::net
