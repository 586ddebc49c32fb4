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

constexpr std::size_t line_bytes_max = 1024UL * 1024;
// Most polls find a line or none; a file read from its beginning is read in large pieces soon.
constexpr std::size_t read_bytes_first = 4UL * 1024;
constexpr std::size_t read_bytes_max = 256UL * 1024;

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
    if (!bytes || !lines || *bytes < 0 || *lines < 0)
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

/// A line of a file, or what stands of it so far.
struct Line {
  std::string_view text;   // without its newline; of a line that is too long only the beginning
  std::int64_t bytes = 0;  // in the file, with the newline
  bool ended = false;      // by a newline
  bool too_long = false;
};

/// Lines of an open file, in memory that does not grow with them.
class Lines {
public:
  explicit Lines(std::ifstream& in) : in_{in} {}

  /// Empty at the end. The text lives until the next call.
  std::optional<Line> next() {
    auto searched = begin_;
    for (;;) {
      const auto end = buffer_.find('\n', searched);
      if (end != std::string::npos) {
        const auto text = std::string_view{buffer_}.substr(begin_, end - begin_);
        begin_ = end + 1;
        return Line{text, static_cast<std::int64_t>(text.size()) + 1, true, text.size() > line_bytes_max};
      }
      searched = buffer_.size();
      if (searched - begin_ > line_bytes_max)
        return skip_long();
      searched -= begin_;
      buffer_.erase(0, std::exchange(begin_, 0));
      if (!fill())
        break;
    }
    if (buffer_.empty())
      return std::nullopt;
    begin_ = buffer_.size();
    return Line{buffer_, static_cast<std::int64_t>(buffer_.size()), false, false};
  }

private:
  bool fill() {
    const auto had = buffer_.size();
    const auto wanted = std::exchange(read_bytes_, std::min(read_bytes_ * 4, read_bytes_max));
    buffer_.resize(had + wanted);
    in_.read(buffer_.data() + had, static_cast<std::streamsize>(wanted));
    buffer_.resize(had + static_cast<std::size_t>(in_.gcount()));
    return buffer_.size() > had;
  }

  /// Passes over the rest of a line without keeping it.
  Line skip_long() {
    head_ = buffer_.substr(begin_, rejected_body_max);
    auto bytes = static_cast<std::int64_t>(buffer_.size() - begin_);
    begin_ = 0;
    for (buffer_.clear(); fill(); buffer_.clear()) {
      const auto end = buffer_.find('\n');
      if (end != std::string::npos) {
        begin_ = end + 1;
        return {head_, bytes + static_cast<std::int64_t>(begin_), true, true};
      }
      bytes += static_cast<std::int64_t>(buffer_.size());
    }
    return {head_, bytes, false, true};
  }

  std::ifstream& in_;
  std::string buffer_, head_;
  std::size_t begin_ = 0;
  std::size_t read_bytes_ = read_bytes_first;
};

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
    std::error_code ignored;
    if (!fs::exists(options_.path, ignored))
      return to_cursor({});
    auto files = list();
    if (!files)
      return files.error();
    Places places;
    for (const auto& file : files.value()) {
      std::ifstream in{file, std::ios::binary};
      if (!in)
        return unreadable(file);
      auto& place = places[file.filename().string()];
      Lines lines{in};
      for (auto line = lines.next(); line; line = lines.next()) {
        place.bytes += line->bytes;
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
      if (error)
        return Error{ErrorKind::unavailable, "source", "cannot read " + options_.path + ": " + error.message()};
      std::sort(files.begin(), files.end());
    } else if (fs::is_regular_file(options_.path, error)) {
      files.emplace_back(options_.path);
    } else {
      return Error{ErrorKind::unavailable, "source", "no such file or folder: " + options_.path};
    }
    return files;
  }

  std::variant<Mention, core::FieldError> understand(const Line& line, std::string_view text, Instant now) const {
    if (line.too_long)
      return core::FieldError{"line", "is " + std::to_string(line.bytes) + " bytes long; at most " +
                                        std::to_string(line_bytes_max) + " are taken"};
    core::MentionIntake intake;
    intake.source = options_.source;
    intake.default_conviction = options_.default_conviction;
    intake.arrival = now;
    intake.future_tolerance.reset();
    return read_mention_line(text, intake);
  }

  /// `places` stand behind the line already.
  void add(const Line& line, const std::string& name, const Places& places, Instant now, FeedPage& page) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    const auto number = places.at(name).lines;
    auto text = line.text;
    if (number == 1 && text.starts_with(byte_order_mark))
      text.remove_prefix(byte_order_mark.size());
    if (!text.empty() && text.back() == '\r')
      text.remove_suffix(1);
    if (text.find_first_not_of(" \t") == std::string_view::npos)
      return;  // an empty line is no input; the next item's cursor covers it
    auto answer = understand(line, text, now);
    FeedItem item;
    if (auto* mention = std::get_if<Mention>(&answer)) {
      mention->id = 0;
      item.what = std::move(*mention);
    } else {
      auto& error = std::get<core::FieldError>(answer);
      item.what = RejectedInputRow{options_.source,
                                   name + ":" + std::to_string(number),
                                   std::move(error.field),
                                   std::move(error.reason),
                                   std::string{text.substr(0, rejected_body_max)},
                                   now};
    }
    item.cursor = to_cursor(places);
    page.items.push_back(std::move(item));
  }

  /// Whether a last line without newline has stood there since the last look.
  bool has_rested(const std::string& name, std::int64_t size) {
    const auto last = std::exchange(last_size_[name], size);
    return last == size;
  }

  /// What was read ended without a newline that has come since: it ends that line and is none of its own.
  static void pass_late_newline(std::ifstream& in, Place& place) {
    if (place.bytes == 0)
      return;
    in.seekg(place.bytes - 1);
    if (in.get() != '\n' && in.peek() == '\n') {
      in.get();
      ++place.bytes;
    }
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
    pass_late_newline(in, place);
    Lines lines{in};
    while (page.items.size() < max) {
      const auto line = lines.next();
      if (!line || (!line->ended && !has_rested(name, size)))
        break;
      place.bytes += line->bytes;
      ++place.lines;
      add(*line, name, places, now, page);
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
