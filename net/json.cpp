#include "net/json.hpp"

#include "net/json_writer.hpp"

#include <nlohmann/json.hpp>

#include <charconv>
#include <iterator>
#include <set>

namespace heed::net {

namespace {

// Tells how far the lexer has read, which nlohmann reports for its own errors only.
struct Cursor {
  using iterator_category = std::forward_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  const char* at = nullptr;
  const char** seen = nullptr;

  reference operator*() const { return *at; }
  Cursor& operator++() {
    *seen = ++at;
    return *this;
  }
  Cursor operator++(int) {
    Cursor before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const Cursor& a, const Cursor& b) { return a.at == b.at; }
  friend bool operator!=(const Cursor& a, const Cursor& b) { return a.at != b.at; }
};

constexpr std::size_t linear_search_max = 16;

class Builder : public nlohmann::json_sax<nlohmann::json> {
public:
  Builder(std::string_view text, std::size_t depth_max)
      : start_{text.data()}, seen_{text.data()}, depth_max_{depth_max} {}

  Cursor cursor(const char* at) { return {at, &seen_}; }
  Json& document() { return document_; }
  Error error() const { return {ErrorKind::invalid, "json", detail_}; }

  bool null() override { return place(Json{}); }
  bool boolean(bool flag) override {
    Json node;
    node.kind = Json::Kind::boolean;
    node.boolean = flag;
    return place(std::move(node));
  }
  // nlohmann comes here for tokens with a minus sign only, so a zero was "-0".
  bool number_integer(number_integer_t number) override {
    return place_text(Json::Kind::number, number == 0 ? "-0" : std::to_string(number));
  }
  bool number_unsigned(number_unsigned_t number) override {
    return place_text(Json::Kind::number, std::to_string(number));
  }
  bool number_float(number_float_t, const string_t& token) override { return place_text(Json::Kind::number, token); }
  bool string(string_t& text) override {
    if (text.find('\0') != std::string::npos)
      return refuse("a string holds the character \\u0000");
    return place_text(Json::Kind::string, std::move(text));
  }
  bool binary(binary_t&) override { return refuse("binary value"); }
  bool start_object(std::size_t) override { return open(Json::Kind::object); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(Json::Kind::array); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override;
  bool parse_error(std::size_t position, const std::string& token, const nlohmann::detail::exception& cause) override;

private:
  struct Level {
    Json node;
    std::set<std::string> names;  // filled once a linear search gets long, so that no document takes quadratic time
  };

  bool refuse(std::string why) {
    detail_ = "byte " + std::to_string(seen_ - start_) + ": " + std::move(why);
    return false;
  }
  bool place_text(Json::Kind kind, std::string text) {
    Json node;
    node.kind = kind;
    node.text = std::move(text);
    return place(std::move(node));
  }
  bool place(Json node) {
    if (levels_.empty())
      document_ = std::move(node);
    else if (Json& parent = levels_.back().node; parent.kind == Json::Kind::array)
      parent.items.push_back(std::move(node));
    else
      parent.members.back().second = std::move(node);
    return true;
  }
  bool open(Json::Kind kind) {
    if (levels_.size() >= depth_max_)
      return refuse("nested deeper than " + std::to_string(depth_max_) + " levels");
    levels_.emplace_back().node.kind = kind;
    return true;
  }
  bool close() {
    Json node = std::move(levels_.back().node);
    levels_.pop_back();
    return place(std::move(node));
  }

  const char* start_;
  const char* seen_;
  std::size_t depth_max_;
  std::vector<Level> levels_;
  Json document_;
  std::string detail_;
};

bool Builder::key(string_t& name) {
  if (name.find('\0') != std::string::npos)
    return refuse("a key holds the character \\u0000");
  Level& level = levels_.back();
  auto& members = level.node.members;
  bool repeated = false;
  if (members.size() < linear_search_max) {
    repeated = level.node.find(name) != nullptr;
  } else {
    if (level.names.empty()) {
      for (const auto& [known, value] : members)
        level.names.insert(known);
    }
    repeated = !level.names.insert(name).second;
  }
  if (repeated)
    return refuse("key " + quoted(std::string_view{name}.substr(0, 80)) + " appears twice in one object");
  members.emplace_back(std::move(name), Json{});
  return true;
}

bool Builder::parse_error(std::size_t position, const std::string& token, const nlohmann::detail::exception& cause) {
  std::string_view why = cause.what();
  // Drop nlohmann's own prefix "[json.exception.parse_error.101] "; the token can be as long as the document.
  if (const auto bracket = why.find("] "); bracket != std::string_view::npos)
    why.remove_prefix(bracket + 2);
  detail_ = "byte " + std::to_string(position) + ": " + std::string{why.substr(0, 200)};
  if (!token.empty() && token.size() <= 40)
    detail_ += " at " + quoted(token);
  return false;
}

std::optional<Error> refuse_before_parsing(std::string_view text) {
  if (text.empty())
    return Error{ErrorKind::invalid, "json", "byte 0: the document is empty"};
  if (text.substr(0, 3) == "\xEF\xBB\xBF")
    return Error{ErrorKind::invalid, "json", "byte 0: begins with a byte order mark; send UTF-8 without one"};
  // nlohmann takes a NUL for the end of the document and would not look at what follows.
  if (const auto nul = text.find('\0'); nul != std::string_view::npos)
    return Error{ErrorKind::invalid, "json", "byte " + std::to_string(nul + 1) + ": a NUL byte"};
  return std::nullopt;
}

}  // namespace

const Json* Json::find(std::string_view name) const {
  for (const auto& [key, value] : members) {
    if (key == name)
      return &value;
  }
  return nullptr;
}

std::optional<Decimal> Json::decimal() const {
  if (kind != Kind::number && kind != Kind::string)
    return std::nullopt;
  return Decimal::parse(text);
}

std::optional<std::int64_t> Json::integer() const {
  if (kind != Kind::number && kind != Kind::string)
    return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return number;
}

Result<Json> parse_json(std::string_view text, std::size_t depth_max) {
  if (auto error = refuse_before_parsing(text))
    return std::move(*error);
  Builder builder{text, depth_max};
  const auto begin = builder.cursor(text.data());
  const auto end = builder.cursor(text.data() + text.size());
  if (!nlohmann::json::sax_parse(begin, end, &builder))
    return builder.error();
  return std::move(builder.document());
}

std::string_view kind_name(Json::Kind kind) {
  switch (kind) {
    case Json::Kind::null: return "null";
    case Json::Kind::boolean: return "a boolean";
    case Json::Kind::number: return "a number";
    case Json::Kind::string: return "a string";
    case Json::Kind::array: return "a list";
    case Json::Kind::object: return "an object";
  }
  return "something else";
}

}  // namespace heed::net
