#include "persistence/postgres/literal.hpp"

#include "persistence/json_write.hpp"

#include <algorithm>

namespace heed::postgres {
namespace {

bool is_plain(char c) { return static_cast<unsigned char>(c) < 0x80 && c != '\0'; }

/// Whether one of our characters is at the front: U+10FF00 to U+10FFFF, F4 8F BC 80 to F4 8F BF BF.
bool is_escape(std::string_view text) {
  return text.size() >= 4 && text[0] == '\xF4' && text[1] == '\x8F' && static_cast<unsigned char>(text[2]) >= 0xBC;
}

void append_escape(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out += "\xF4\x8F";
  out += static_cast<char>(0xBC + (byte >> 6));
  out += static_cast<char>(0x80 + (byte & 0x3F));
}

}  // namespace

void append_storable(std::string& out, std::string_view text) {
  std::size_t done = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (is_plain(text[i])) {
      ++i;
      continue;
    }
    const auto rest = text.substr(i);
    const auto length = text[i] == '\0' ? 0 : json_detail::utf8_length(rest);
    if (length != 0 && !is_escape(rest)) {
      i += length;
      continue;
    }
    out.append(text, done, i - done);
    append_escape(out, text[i]);
    done = ++i;
  }
  out.append(text, done);
}

std::string from_storable(std::string_view stored) {
  std::string out;
  std::size_t done = 0;
  for (auto at = stored.find('\xF4'); at != std::string_view::npos; at = stored.find('\xF4', at)) {
    if (!is_escape(stored.substr(at))) {
      ++at;
      continue;
    }
    out.append(stored, done, at - done);
    const auto high = static_cast<unsigned char>(stored[at + 2]) - 0xBC;
    const auto low = static_cast<unsigned char>(stored[at + 3]) & 0x3F;
    out += static_cast<char>(high << 6 | low);
    done = at += 4;
  }
  out.append(stored, done);
  return out;
}

void append_literal(std::string& out, std::string_view text) {
  out += '\'';
  std::string escaped;
  if (!std::all_of(text.begin(), text.end(), is_plain)) {
    append_storable(escaped, text);
    text = escaped;
  }
  std::size_t done = 0;
  for (auto at = text.find('\''); at != std::string_view::npos; at = text.find('\'', at + 1)) {
    out.append(text, done, at + 1 - done);
    done = at;  // so that the quote comes twice
  }
  out.append(text, done);
  out += '\'';
}

void append_literal(std::string& out, const ChainHash& hash) {
  static constexpr char digits[] = "0123456789abcdef";
  out += "'\\x";
  for (const auto byte : hash) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  out += '\'';
}

}  // namespace heed::postgres
