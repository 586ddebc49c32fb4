#include "backtest/calls.hpp"

#include "sources/mention_json.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>

namespace heed::backtest {
namespace {

constexpr std::array<char, 8> magic{'H', 'E', 'E', 'D', 'C', 'A', 'L', '1'};
constexpr std::size_t issues_max = 1'000;

/// Numbers texts in alphabetical order, whatever the order of adding.
template <class Text>
class Names {
public:
  void add(const Text& text) { places_.try_emplace(text, 0); }
  std::vector<Text> finish() {
    std::vector<Text> out;
    for (auto& [text, place] : places_) {
      place = static_cast<std::uint32_t>(out.size());
      out.push_back(text);
    }
    return out;
  }
  std::uint32_t place(const Text& text) const { return places_.at(text); }

private:
  std::map<Text, std::uint32_t> places_;
};

struct Numbered {
  Mention mention;
  std::uint32_t line = 0;
};

core::Digest digest_of(std::span<const Call> calls, const std::vector<Symbol>& symbols,
                       const std::vector<std::string>& origins) {
  core::Sha256 hash;
  for (const auto& symbol : symbols)
    hash.field(symbol);
  for (const auto& origin : origins)
    hash.field(origin);
  for (Call call : calls) {
    call.line = 0;  // where it stood says nothing
    hash.update({reinterpret_cast<const char*>(&call), sizeof call});
  }
  return hash.finish();
}

struct Packed {
  std::vector<Call> calls;
  std::vector<Symbol> symbols;
  std::vector<std::string> origins;
};

Packed pack(const std::vector<Numbered>& mentions) {
  Names<Symbol> symbols;
  Names<std::string> origins;
  for (const auto& [mention, line] : mentions) {
    symbols.add(mention.symbol);
    origins.add(mention.origin);
  }
  Packed out{{}, symbols.finish(), origins.finish()};
  out.calls.reserve(mentions.size());
  for (const auto& [mention, line] : mentions) {
    Call call;
    call.id = mention.id;
    call.created_us = mention.created_at.time_since_epoch().count();
    call.conviction = mention.conviction ? mention.conviction->units() : Call::none;
    call.symbol = symbols.place(mention.symbol);
    call.origin = origins.place(mention.origin);
    call.line = line;
    call.action = mention.action;
    call.horizon = mention.horizon;
    out.calls.push_back(call);
  }
  std::sort(out.calls.begin(), out.calls.end(), [](const Call& a, const Call& b) {
    return std::pair{a.created_us, a.id} < std::pair{b.created_us, b.id};
  });
  return out;
}

std::shared_ptr<const std::vector<char>> block_of(const Packed& packed, const FileIdentity& identity,
                                                  const LoadedCalls& loaded) {
  BlobWriter out{magic};
  const auto place = out.add(packed.calls);
  FieldWriter directory;
  directory.put(identity).put(place).put(static_cast<std::uint64_t>(packed.calls.size()));
  directory.put(fingerprint(out.bytes().substr(place))).put(digest_of(packed.calls, packed.symbols, packed.origins));
  directory.put(static_cast<std::uint64_t>(packed.symbols.size()));
  for (const auto& symbol : packed.symbols)
    directory.text(symbol);
  directory.put(static_cast<std::uint64_t>(packed.origins.size()));
  for (const auto& origin : packed.origins)
    directory.text(origin);
  directory.put(static_cast<std::uint64_t>(loaded.lines)).put(static_cast<std::uint64_t>(loaded.rejected));
  directory.put(static_cast<std::uint64_t>(loaded.issues.size()));
  for (const auto& issue : loaded.issues)
    directory.put(issue.level).put(issue.line).text(issue.field).text(issue.reason);
  return out.finish(directory.str());
}

struct Viewed {
  FileIdentity identity;
  LoadedCalls loaded;
};

/// What a block holds; nothing when it is damaged.
std::optional<Viewed> view(const Blob& blob, const std::string& path) {
  FieldReader in{blob.directory()};
  Viewed out;
  auto& calls = out.loaded.calls;
  out.identity = in.get<FileIdentity>();
  const auto place = in.get<std::uint64_t>();
  const auto count = in.get<std::uint64_t>();
  calls.calls = blob.at<Call>(place, count);
  const auto check = in.get<Fingerprint>();
  calls.digest = in.get<core::Digest>();
  for (auto left = in.get<std::uint64_t>(); left > 0 && in.good(); --left)
    calls.symbols.emplace_back(in.text().substr(0, Symbol::capacity));
  for (auto left = in.get<std::uint64_t>(); left > 0 && in.good(); --left)
    calls.origins.emplace_back(in.text());
  out.loaded.lines = in.get<std::uint64_t>();
  out.loaded.rejected = in.get<std::uint64_t>();
  for (auto left = in.get<std::uint64_t>(); left > 0 && in.good(); --left) {
    Issue issue;
    issue.level = in.get<IssueLevel>();
    issue.file = path;
    issue.line = in.get<std::uint32_t>();
    issue.field = in.text();
    issue.reason = in.text();
    out.loaded.issues.push_back(std::move(issue));
  }
  if (!in.good() || calls.calls.size() != count ||
      fingerprint({reinterpret_cast<const char*>(calls.calls.data()), calls.calls.size_bytes()}) != check)
    return std::nullopt;
  calls.owner = blob;
  return out;
}

/// Reads the lines of one file.
class LineReader {
public:
  LineReader(const std::string& path, LoadedCalls& out) : path_{path}, out_{out} {
    // The past: no arrival, no future. A mention without created_at keeps the epoch, which is looked at below.
    intake_.source = SourceId{"backtest"};
    intake_.arrival = Instant{};
    intake_.future_tolerance.reset();
  }

  std::vector<Numbered> read(std::string_view text, const CallOptions& options);

private:
  void take(std::string_view line);
  void reject(std::string field, std::string reason);
  bool is_repeat(const Mention& mention, bool has_id);
  void number_the_rest();

  const std::string& path_;
  LoadedCalls& out_;
  core::MentionIntake intake_;
  std::uint32_t line_ = 0;
  std::vector<Numbered> mentions_;
  std::vector<std::size_t> without_id_;
  std::unordered_map<std::int64_t, std::uint32_t> ids_;          // line of each
  std::unordered_map<std::string, std::uint32_t> external_ids_;  // those given
};

void LineReader::reject(std::string field, std::string reason) {
  ++out_.rejected;
  if (out_.issues.size() < issues_max)
    out_.issues.push_back(
      {IssueLevel::error, path_, line_, field == "line" ? "" : std::move(field), std::move(reason) + "; left out"});
}

bool LineReader::is_repeat(const Mention& mention, bool has_id) {
  if (has_id)
    if (const auto [it, is_new] = ids_.try_emplace(mention.id, line_); !is_new) {
      reject("id", "is " + std::to_string(mention.id) + " as on line " + std::to_string(it->second));
      return true;
    }
  const auto [it, is_new] = external_ids_.try_emplace(mention.external_id, line_);
  // A key made of the content is no claim: two calls that say the same on one day are two calls.
  if (is_new || mention.external_id == core::mention_natural_key(mention.source, mention.symbol, mention.action,
                                                                 mention.published_at, mention.rationale_quote))
    return false;
  reject("external_id", "is that of line " + std::to_string(it->second));
  return true;
}

void LineReader::take(std::string_view line) {
  auto parsed = read_mention_line(line, intake_);
  if (auto* wrong = std::get_if<core::FieldError>(&parsed)) {
    reject(std::move(wrong->field), std::move(wrong->reason));
    return;
  }
  auto& mention = std::get<Mention>(parsed);
  if (mention.created_at == Instant{})
    mention.created_at = mention.published_at;
  if (mention.created_at == Instant{}) {
    reject("created_at", "is missing, and published_at too");
    return;
  }
  const bool has_id = mention.id > 0;
  if (is_repeat(mention, has_id))
    return;
  if (!has_id)
    without_id_.push_back(mentions_.size());
  mentions_.push_back({std::move(mention), line_});
}

void LineReader::number_the_rest() {
  std::int64_t next = 0;
  for (const auto& [mention, line] : mentions_)
    next = std::max(next, mention.id);
  for (const auto i : without_id_)
    mentions_[i].mention.id = ++next;
}

std::vector<Numbered> LineReader::read(std::string_view text, const CallOptions& options) {
  const auto whole = text.size();
  while (!text.empty()) {
    ++line_;
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty() && line.back() == '\r')
      line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos)
      continue;
    ++out_.lines;
    take(line);
    if (options.progress && line_ % 1'000 == 0)
      options.progress(whole - text.size(), whole);
  }
  number_the_rest();
  return std::move(mentions_);
}

std::vector<std::string> places_of(const std::string& path) {
  const std::filesystem::path file{path};
  return cache_places(file.parent_path().string(), "." + file.filename().string() + ".heed-calls.cache");
}

std::optional<LoadedCalls> from_cache(const std::string& path, const FileIdentity& now) {
  for (const auto& place : places_of(path)) {
    const auto blob = Blob::map(place, magic);
    if (!blob)
      continue;
    auto viewed = view(blob, path);
    if (!viewed || !is_unchanged(path, now, viewed->identity, blob.made_ns()))
      continue;
    viewed->loaded.from_cache = true;
    viewed->loaded.cache = place;
    return std::move(viewed->loaded);
  }
  return std::nullopt;
}

}  // namespace

std::string_view source_name(std::string_view origin) {
  origin = origin.substr(0, origin.find(';'));
  while (!origin.empty() && origin.back() == ' ')
    origin.remove_suffix(1);
  return origin;
}

Calls make_calls(std::span<const Mention> mentions) {
  std::vector<Numbered> numbered;
  numbered.reserve(mentions.size());
  for (const auto& mention : mentions)
    numbered.push_back({mention, 0});
  return view(Blob::of(block_of(pack(numbered), {}, {})), "")->loaded.calls;
}

Result<LoadedCalls> load_calls(const std::string& path, const CallOptions& options) {
  auto identity = look_at(path);
  if (!identity)
    return identity.error();
  if (options.use_cache)
    if (auto cached = from_cache(path, identity.value()))
      return std::move(*cached);
  const auto raw = read_whole(path);
  if (!raw)
    return raw.error();
  const bool gzip = raw.value().starts_with("\x1f\x8b");
  const auto unpacked = gzip ? read_unpacked(path) : Result<std::string>{std::string{}};
  if (!unpacked)
    return Error{ErrorKind::invalid, "mentions", path + ": " + unpacked.error().detail};
  LoadedCalls read;
  const auto mentions = LineReader{path, read}.read(gzip ? unpacked.value() : raw.value(), options);
  if (mentions.empty())
    return Error{
      ErrorKind::invalid, "mentions",
      "no mention in " + path +
        (read.issues.empty() ? ": the file is empty" : "; the first problem: " + read.issues.front().str())};
  identity.value().content = fingerprint(raw.value());
  const auto block = block_of(pack(mentions), identity.value(), read);
  std::string cache;
  if (options.use_cache)
    for (const auto& place : places_of(path))
      if (save(*block, place)) {
        cache = place;
        break;
      }
  auto out = std::move(view(Blob::of(block), path)->loaded);
  out.cache = std::move(cache);
  return out;
}

}  // namespace heed::backtest
