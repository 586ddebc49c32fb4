#include "sources/jsonl_feed.hpp"

#include "persistence/json_write.hpp"
#include "sources/mention_json.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <utility>

namespace heed {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t line_bytes_max = 1024 * 1024;
constexpr std::size_t read_bytes = 256 * 1024;

struct Place {
  std::int64_t bytes = 0;
  std::int64_t lines = 0;
};
using Places = std::map<std::string, Place>;

Result<Places> parse_cursor(const std::string& cursor) {
  Places places;
  if (cursor.empty())
    return places;
  const auto bad = Error{ErrorKind::invalid, "cursor", "stored cursor is damaged: " + cursor};
  const auto json = net::parse_json(cursor);
  if (!json || !json.value().is_object())
    return bad;
  for (const auto& [name, value] : json.value().members) {
    if (!value.is_array() || value.items.size() != 2)
      return bad;
    const auto bytes = value.items[0].integer();
    const auto lines = value.items[1].integer();
    if (!bytes || !lines)
      return bad;
    places[name] = {*bytes, *lines};
  }
  return places;
}

std::string to_cursor(const Places& places) {
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> out;
  for (const auto& [name, place] : places)
    out[name] = {place.bytes, place.lines};
  return to_json(out);
}

class JsonlFeed final : public MentionFeed {
public:
  explicit JsonlFeed(JsonlFeedOptions options) : options_{std::move(options)} {}

  Result<FeedPage> read(const std::string& cursor, std::size_t max, Instant now) override {
    auto places = parse_cursor(cursor);
    if (!places)
      return places.error();
    auto files = list();
    if (!files)
      return files.error();
    FeedPage page;
    for (const auto& file : files.value()) {
      if (auto error = read_file(file, places.value(), max, now, page))
        return std::move(*error);
      if (page.items.size() >= max) {
        page.more = true;
        break;
      }
    }
    return page;
  }

  Result<std::string> newest(Instant) override {
    auto files = list();
    if (!files)
      return files.error();
    Places places;
    for (const auto& file : files.value()) {
      std::ifstream in{file, std::ios::binary};
      if (!in)
        return unreadable(file);
      auto& place = places[file.filename().string()];
      for (std::string line; std::getline(in, line);) {
        place.bytes += static_cast<std::int64_t>(line.size()) + (in.eof() ? 0 : 1);
        ++place.lines;
      }
    }
    return to_cursor(places);
  }

private:
  static Error unreadable(const fs::path& file) {
    return {ErrorKind::unavailable, "source", "cannot read " + file.string()};
  }

  Result<std::vector<fs::path>> list() const {
    std::error_code error;
    std::vector<fs::path> files;
    if (fs::is_directory(options_.path, error)) {
      for (const auto& entry : fs::directory_iterator{options_.path, error})
        if (entry.path().extension() == ".jsonl")
          files.push_back(entry.path());
      std::sort(files.begin(), files.end());
    } else if (fs::is_regular_file(options_.path, error)) {
      files.emplace_back(options_.path);
    } else {
      return Error{ErrorKind::unavailable, "source", "no such file or folder: " + options_.path};
    }
    return files;
  }

  void add(std::string_view line, const fs::path& file, Places& places, Instant now, FeedPage& page) {
    const auto name = file.filename().string();
    auto& place = places[name];
    ++place.lines;
    if (!line.empty() && line.back() == '\r')
      line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos)
      return;  // an empty line is no input; the next item's cursor covers it
    core::MentionIntake intake;
    intake.source = options_.source;
    intake.default_conviction = options_.default_conviction;
    intake.arrival = now;
    intake.future_tolerance.reset();
    auto answer = read_mention_line(line, intake);
    FeedItem item;
    if (auto* mention = std::get_if<Mention>(&answer)) {
      mention->id = 0;
      item.what = std::move(*mention);
    } else {
      auto& error = std::get<core::FieldError>(answer);
      item.what = RejectedInputRow{
        options_.source,         name + ":" + std::to_string(place.lines),       std::move(error.field),
        std::move(error.reason), std::string{line.substr(0, rejected_body_max)}, now};
    }
    item.cursor = to_cursor(places);
    page.items.push_back(std::move(item));
  }

  /// Whether a last line without newline has stood there since the last look.
  bool has_rested(const std::string& name, std::int64_t size) {
    const auto last = std::exchange(last_size_[name], size);
    return last == size;
  }

  std::optional<Error> read_file(const fs::path& file, Places& places, std::size_t max, Instant now, FeedPage& page) {
    const auto name = file.filename().string();
    std::error_code failed;
    const auto size = static_cast<std::int64_t>(fs::file_size(file, failed));
    if (failed)
      return unreadable(file);
    auto& place = places[name];
    if (place.bytes > size)
      place = {};
    if (place.bytes == size)
      return std::nullopt;
    std::ifstream in{file, std::ios::binary};
    if (!in)
      return unreadable(file);
    in.seekg(place.bytes);
    std::string buffer;
    std::string chunk(read_bytes, '\0');
    while (page.items.size() < max) {
      const auto end = buffer.find('\n');
      if (end != std::string::npos) {
        place.bytes += static_cast<std::int64_t>(end) + 1;
        add(std::string_view{buffer}.substr(0, end), file, places, now, page);
        buffer.erase(0, end + 1);
        continue;
      }
      in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
      const auto got = static_cast<std::size_t>(in.gcount());
      if (got > 0 && buffer.size() <= line_bytes_max) {
        buffer.append(chunk, 0, got);
        continue;
      }
      if (!buffer.empty() && (buffer.size() > line_bytes_max || has_rested(name, size))) {
        place.bytes += static_cast<std::int64_t>(buffer.size());
        add(buffer, file, places, now, page);
      }
      break;
    }
    return std::nullopt;
  }

  JsonlFeedOptions options_;
  std::map<std::string, std::int64_t> last_size_;
};

}  // namespace

std::unique_ptr<MentionFeed> make_jsonl_feed(JsonlFeedOptions options) {
  return std::make_unique<JsonlFeed>(std::move(options));
}

}  // namespace heed
