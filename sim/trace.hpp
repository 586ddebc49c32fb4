// What happened, line by line: all of it in one hash, the newest lines in memory. Two runs of one seed must end with
// the same hash.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>

namespace heed::sim {

class Trace {
public:
  explicit Trace(std::size_t kept = 400) : kept_{kept} {}

  /// Enters the hash and the kept lines.
  void line(std::string text) {
    mix(std::string_view{text});
    ++count_;
    if (echo_ != nullptr)
      std::fprintf(echo_, "%s\n", text.c_str());
    lines_.push_back(std::move(text));
    if (lines_.size() > kept_)
      lines_.pop_front();
  }
  /// Is only shown, to whoever watches every line.
  void aside(const std::string& text) {
    if (echo_ != nullptr)
      std::fprintf(echo_, "%s\n", text.c_str());
  }
  /// Enters the hash only: what happens too often to be told.
  void mix(std::string_view bytes) {
    mix(bytes.size());
    for (; bytes.size() >= sizeof(std::uint64_t); bytes.remove_prefix(sizeof(std::uint64_t))) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data(), sizeof word);
      mix(word);
    }
    for (const char c : bytes)
      mix(static_cast<std::uint64_t>(static_cast<unsigned char>(c)));
  }
  void mix(std::uint64_t number) { hash_ = (hash_ ^ number) * 0x9E3779B97F4A7C15ULL ^ (hash_ >> 29); }

  std::uint64_t hash() const { return hash_; }
  std::int64_t count() const { return count_; }
  const std::deque<std::string>& newest() const { return lines_; }
  /// Every line goes there too, as it comes; null: nowhere.
  void echo(std::FILE* file) { echo_ = file; }

private:
  std::size_t kept_;
  std::uint64_t hash_ = 0xCBF29CE484222325ULL;
  std::int64_t count_ = 0;
  std::deque<std::string> lines_;
  std::FILE* echo_ = nullptr;
};

}  // namespace heed::sim
