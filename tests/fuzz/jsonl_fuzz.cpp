// A file of mentions and a stored cursor: read line by line or all at once it is the same, every line is a mention or
// a refusal, and a cursor of any content is refused or stands somewhere. The input up to the first zero byte is the
// cursor.
#include "sources/jsonl_feed.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>

#include <unistd.h>

using namespace heed;
using heed::fuzz::must;

namespace {

constexpr std::size_t size_max = 64 * 1024;

/// A file in memory where the system offers it, by a short path, since it is opened at each look.
class File {
public:
  File() : number_{::mkstemp(path_.data())} { must(number_ >= 0, "a file to write to"); }
  ~File() {
    ::unlink(path_.c_str());
    ::close(number_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  const std::string& path() const { return path_; }
  void put(std::string_view text) const {
    must(::ftruncate(number_, 0) == 0, "a file to write to");
    must(::pwrite(number_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()), "a file written whole");
  }

private:
  std::string path_ = (::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp") + std::string{"/heed-fuzz-XXXXXX"};
  int number_;
};

const File& file() {
  static const File made;
  return made;
}

std::unique_ptr<MentionFeed> feed() { return make_jsonl_feed({file().path(), "file", Decimal::parse("0.7")}); }

/// What was read, in words: signals of mentions, reasons of refusals.
std::string all(std::string cursor, std::size_t at_once) {
  const auto reader = feed();
  std::string out;
  int idle = 0;
  for (int i = 0; idle < 2 && i < 5'000; ++i) {  // an unfinished line counts at the second look
    const auto page = reader->read(cursor, at_once, Instant{});
    if (!page)
      return "error";
    idle = page.value().items.empty() ? idle + 1 : 0;
    for (const auto& item : page.value().items) {
      if (const auto* mention = std::get_if<Mention>(&item.what))
        out += mention->signal.str() + "\n";
      else
        out +=
          std::get<RejectedInputRow>(item.what).field + ": " + std::get<RejectedInputRow>(item.what).reason + "\n";
      cursor = item.cursor;
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = fuzz::text_of(data, std::min(size, size_max));
  const auto zero = std::min(input.find('\0'), input.size());
  const auto text = input.substr(std::min(zero + 1, input.size()));
  if (std::count(text.begin(), text.end(), '\n') > 12)
    return 0;
  file().put(text);
  const std::string cursor{input.substr(0, zero)};
  must(all({}, 1'000) == all({}, 1), "line by line is the same as all at once");
  static_cast<void>(feed()->read(cursor, 3, Instant{}));
  return 0;
}
