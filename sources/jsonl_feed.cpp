#include "sources/jsonl_feed.hpp"

#include "core/naming.hpp"
#include "net/json_writer.hpp"
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

// What is remembered of the bytes before the cursor. Some lines are enough: another file hardly has the same ones at
// the same place, and what was changed far above without moving anything was read already.
constexpr std::size_t mark_window = 1024;
constexpr std::size_t mark_size = 16;

struct Place {
  std::int64_t bytes = 0;
  std::int64_t lines = 0;
  std::string mark;  // of the bytes before it; empty: at the beginning, or stored by a version that kept none
};
using Places = std::map<std::string, Place>;

std::string mark_of(std::string_view window) {
  return window.empty() ? std::string{} : core::sha256_hex(window).substr(0, mark_size);
}

std::optional<Place> parse_place(const net::Json& value) {
  if (!value.is_array() || value.items.size() < 2 || value.items.size() > 3)
    return std::nullopt;
  const auto bytes = value.items[0].integer();
  const auto lines = value.items[1].integer();
  if (!bytes || !lines || *bytes < 0 || *lines < 0)
    return std::nullopt;
  Place place{*bytes, *lines, {}};
  if (value.items.size() == 3) {
    if (!value.items[2].is_string())
      return std::nullopt;
    place.mark = value.items[2].text;
  }
  return place;
}

Result<Places> parse_cursor(const std::string& cursor) {
  Places places;
  if (cursor.empty())
    return places;
  const auto bad = Error{ErrorKind::invalid, "cursor", "stored cursor is damaged: " + cursor};
  const auto json = net::parse_json(cursor);
  if (!json || !json.value().is_object())
    return bad;
  for (const auto& [name, value] : json.value().members) {
    auto place = parse_place(value);
    if (!place)
      return bad;
    places[name] = std::move(*place);
  }
  return places;
}

std::string to_cursor(const Places& places) {
  net::JsonWriter w;
  w.begin_object();
  for (const auto& [name, place] : places) {
    w.key(name).begin_array().value(place.bytes).value(place.lines);
    if (!place.mark.empty())
      w.value(place.mark);
    w.end_array();
  }
  w.end_object();
  return std::move(w).str();
}

/// A line of a file, or what stands of it so far.
struct Line {
  std::string_view text;   // without its newline; of a line that is too long only the beginning
  std::int64_t bytes = 0;  // in the file, with the newline
  bool ended = false;      // by a newline
  bool too_long = false;
};

/// Lines of an open file from a place on, in memory that does not grow with them.
class Lines {
public:
  Lines(std::ifstream& in, std::int64_t from) : in_{in} {
    const auto before = std::min(from, static_cast<std::int64_t>(mark_window));
    in_.clear();
    in_.seekg(from - before);
    read(static_cast<std::size_t>(before));
    begin_ = buffer_.size();
  }

  /// The bytes before the next line, as many as a mark is made of. Fewer when the file has no such place.
  std::string_view before() const {
    const auto size = std::min(begin_, mark_window);
    return std::string_view{buffer_}.substr(begin_ - size, size);
  }

  /// What was read ended without a newline that has come since: it ends that line and is none of its own.
  bool pass_late_newline() {
    if (begin_ == 0 || buffer_[begin_ - 1] == '\n' || !fill() || buffer_[begin_] != '\n')
      return false;
    ++begin_;
    return true;
  }

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
      if (buffer_.size() - begin_ > line_bytes_max)
        return skip_long();
      forget();
      searched = buffer_.size();
      if (!fill())
        break;
    }
    if (begin_ == buffer_.size())
      return std::nullopt;
    const auto text = std::string_view{buffer_}.substr(std::exchange(begin_, buffer_.size()));
    return Line{text, static_cast<std::int64_t>(text.size()), false, false};
  }

private:
  bool fill() { return read(std::exchange(read_bytes_, std::min(read_bytes_ * 4, read_bytes_max))); }

  bool read(std::size_t wanted) {
    const auto had = buffer_.size();
    buffer_.resize(had + wanted);
    in_.read(buffer_.data() + had, static_cast<std::streamsize>(wanted));
    buffer_.resize(had + static_cast<std::size_t>(in_.gcount()));
    return buffer_.size() > had;
  }

  /// Of what was passed only the mark's window is needed.
  void forget() {
    if (begin_ > mark_window) {
      buffer_.erase(0, begin_ - mark_window);
      begin_ = mark_window;
    }
  }

  /// Passes over the rest of a line without keeping it.
  Line skip_long() {
    head_ = buffer_.substr(begin_, rejected_body_max);
    auto bytes = static_cast<std::int64_t>(buffer_.size() - begin_);
    for (;;) {
      begin_ = buffer_.size();
      forget();
      if (!fill())
        return {head_, bytes, false, true};
      const auto end = buffer_.find('\n', begin_);
      const auto next = end == std::string::npos ? buffer_.size() : end + 1;
      bytes += static_cast<std::int64_t>(next - begin_);
      begin_ = next;
      if (end != std::string::npos)
        return {head_, bytes, true, true};
    }
  }

  std::ifstream& in_;
  std::string buffer_, head_;
  std::size_t begin_ = 0;
  std::size_t read_bytes_ = read_bytes_first;
};

/// What stands on the line of this number.
std::string_view text_of(const Line& line, std::int64_t number) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  auto text = line.text;
  if (number == 1 && text.starts_with(byte_order_mark))
    text.remove_prefix(byte_order_mark.size());
  if (!text.empty() && text.back() == '\r')
    text.remove_suffix(1);
  return text;
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t") == std::string_view::npos; }

/// Nothing can follow on a line that is an object, but its end.
bool is_object(const Line& line, std::int64_t number) {
  if (line.too_long)
    return false;
  const auto json = net::parse_json(text_of(line, number));
  return json && json.value().is_object();
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
      Lines lines{in, 0};
      for (auto line = lines.next(); line && (line->ended || is_object(*line, place.lines + 1));
           line = lines.next()) {
        place.bytes += line->bytes;
        ++place.lines;
        place.mark = mark_of(lines.before());
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
    const auto number = places.at(name).lines;
    const auto text = text_of(line, number);
    if (is_blank(text))
      return;  // an empty line is no input; the next item's cursor covers it
    auto answer = understand(line, text, now);
    FeedItem item;
    item.arrival = now;
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

  /// Whether a last line without newline is a call that nobody writes on: it has stood there since the last look.
  /// What is no object yet waits for its end, since its writer may pause anywhere.
  bool is_over(const Line& line, const std::string& name, const Place& before, FeedPage& page) {
    const auto number = before.lines + 1;
    if (is_blank(text_of(line, number)))
      return false;
    auto& last = unended_[name];
    const auto end = before.bytes + line.bytes;
    if (last.end != end) {
      last = {end, false};
      return false;
    }
    if (is_object(line, number))
      return true;
    if (!std::exchange(last.told, true))
      page.notes.push_back(name + ":" + std::to_string(number) +
                           " is no call and has no newline: its end is waited for");
    return false;
  }

  /// Whether what stands before the place is what was read there.
  static bool is_same(std::ifstream& in, const Place& place) {
    const Lines lines{in, place.bytes};
    const auto before = lines.before();
    const auto wanted = std::min(place.bytes, static_cast<std::int64_t>(mark_window));
    return std::ssize(before) == wanted && (place.mark.empty() || place.mark == mark_of(before));
  }

  /// Told once, though the cursor moves only with the first thing that is found in the other file.
  void tell_another(const std::string& name, const Place& place, FeedPage& page) {
    auto which = std::to_string(place.bytes) + place.mark;
    auto& told = replaced_[name];
    if (told == which)
      return;
    told = std::move(which);
    page.notes.push_back(name + " is another file than the one that was read: it is read from its beginning");
  }

  std::optional<Error> read_file(const fs::path& file, Places& places, std::size_t max, Instant now, FeedPage& page) {
    const auto name = file.filename().string();
    std::ifstream in{file, std::ios::binary};
    if (!in)
      return unreadable(file);
    auto& place = places[name];
    const bool same = is_same(in, place);
    if (in.bad())
      return unreadable(file);
    if (!same) {
      tell_another(name, place, page);
      place = {};
    }
    Lines lines{in, place.bytes};
    if (lines.pass_late_newline())
      ++place.bytes;
    place.mark = mark_of(lines.before());
    while (page.items.size() < max) {
      const auto line = lines.next();
      if (!line || (!line->ended && !is_over(*line, name, place, page)))
        break;
      place.bytes += line->bytes;
      ++place.lines;
      place.mark = mark_of(lines.before());
      add(*line, name, places, now, page);
    }
    return std::nullopt;
  }

  struct Unended {
    std::int64_t end = -1;  // of the file when it was last seen
    bool told = false;
  };

  JsonlFeedOptions options_;
  std::map<std::string, Unended> unended_;       // last lines without newline, by file
  std::map<std::string, std::string> replaced_;  // the place in the file that is there no more, by name
};

}  // namespace

std::unique_ptr<MentionFeed> make_jsonl_feed(JsonlFeedOptions options) {
  return std::make_unique<JsonlFeed>(std::move(options));
}

}  // namespace heed
