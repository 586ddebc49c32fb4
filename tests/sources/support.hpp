// What the tests of sources share: a folder of their own, and short words for what a feed gave.
#pragma once

#include "sources/mention_feed.hpp"

#include <catch2/catch.hpp>

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace heed::test {

inline const Instant noon = *parse_rfc3339("2026-11-20T17:00:00Z");

/// A folder that goes with its owner.
class TempFolder {
public:
  TempFolder() {
    auto pattern = (std::filesystem::temp_directory_path() / "heed-sources-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  std::string path() const { return path_.string(); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  void write(const std::string& name, std::string_view text) const { put(name, text, std::ios::trunc); }
  void append(const std::string& name, std::string_view text) const { put(name, text, std::ios::app); }

private:
  void put(const std::string& name, std::string_view text, std::ios::openmode mode) const {
    std::ofstream out{path_ / name, std::ios::binary | mode};
    out << text;
    REQUIRE(out.good());
  }
  std::filesystem::path path_;
};

/// What one look brought, as one word per item: "NVDA" for a mention, "!calls.jsonl:3" for a rejected input.
inline std::vector<std::string> words(const FeedPage& page) {
  std::vector<std::string> out;
  for (const auto& item : page.items)
    if (const auto* mention = std::get_if<Mention>(&item.what))
      out.push_back(mention->symbol.str());
    else
      out.push_back("!" + std::get<RejectedInputRow>(item.what).position);
  return out;
}

/// Follows a feed as a watcher does: each look begins where the last one ended.
struct Reader {
  std::unique_ptr<MentionFeed> feed;
  std::string cursor;

  FeedPage page(std::size_t max = 500) {
    auto answer = feed->read(cursor, max, noon);
    if (!answer)
      FAIL(answer.error().detail);
    auto got = std::move(answer).value();
    if (!got.items.empty())
      cursor = got.items.back().cursor;
    return got;
  }
  std::vector<std::string> look(std::size_t max = 500) { return words(page(max)); }
  void skip_what_is_there() {
    auto newest = feed->newest(noon);
    REQUIRE(newest.ok());
    cursor = newest.value();
  }
};

inline const RejectedInputRow& rejected(const FeedItem& item) {
  REQUIRE(std::holds_alternative<RejectedInputRow>(item.what));
  return std::get<RejectedInputRow>(item.what);
}
inline const Mention& mention(const FeedItem& item) {
  REQUIRE(std::holds_alternative<Mention>(item.what));
  return std::get<Mention>(item.what);
}

using Words = std::vector<std::string>;

}  // namespace heed::test
