#include "sources/jsonl_feed.hpp"

#include "support.hpp"

#include <numeric>

using namespace heed;
using namespace heed::test;

namespace {

std::string line(std::string_view symbol) {
  return "{\"symbol\":\"" + std::string{symbol} + "\",\"action\":\"buy\"}";
}

Reader reader_of(const std::string& path) { return {make_jsonl_feed({path, "calls", Decimal::parse("0.7")}), {}}; }

}  // namespace

TEST_CASE("jsonl: a file that grows gives each line once", "[sources][jsonl]") {
  const TempFolder folder;
  folder.write("calls.jsonl", line("AAPL") + "\n");
  auto reader = reader_of(folder.file("calls.jsonl"));
  CHECK(reader.look() == Words{"AAPL"});
  CHECK(reader.look().empty());
  folder.append("calls.jsonl", line("MSFT") + "\n" + line("NVDA") + "\n");
  CHECK(reader.look() == Words{"MSFT", "NVDA"});
  CHECK(reader.look().empty());

  SECTION("another feed goes on where the cursor stands") {
    auto other = reader_of(folder.file("calls.jsonl"));
    other.cursor = reader.cursor;
    CHECK(other.look().empty());
    folder.append("calls.jsonl", line("TSLA") + "\n");
    CHECK(other.look() == Words{"TSLA"});
  }
  SECTION("each item's cursor stands behind that item") {
    auto other = reader_of(folder.file("calls.jsonl"));
    const auto all = other.page();
    REQUIRE(all.items.size() == 3);
    other.cursor = all.items[0].cursor;
    CHECK(other.look() == Words{"MSFT", "NVDA"});
    other.cursor = all.items[1].cursor;
    CHECK(other.look() == Words{"NVDA"});
  }
}

TEST_CASE("jsonl: a mention carries the source, its default conviction, and no id of the file", "[sources][jsonl]") {
  const TempFolder folder;
  folder.write("calls.jsonl",
               R"({"id":77,"symbol":"nvda","action":"BUY","source":"somebody","created_at":"2020-01-02T15:00:00Z"})"
               "\n");
  auto reader = reader_of(folder.file("calls.jsonl"));
  const auto page = reader.page();
  REQUIRE(page.items.size() == 1);
  const auto& got = mention(page.items[0]);
  CHECK(got.id == 0);
  CHECK(got.symbol == Symbol{"NVDA"});
  CHECK(got.source == SourceId{"calls"});
  CHECK(got.origin == "somebody");
  CHECK(got.conviction == Decimal::parse("0.7"));
  CHECK(got.created_at == *parse_rfc3339("2020-01-02T15:00:00Z"));
  CHECK_FALSE(got.signal.empty());
  CHECK(page.items[0].arrival == noon);
}

TEST_CASE("jsonl: a page holds what was asked for and says that there is more", "[sources][jsonl]") {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 1000; ++i)
    text += line("S" + std::to_string(i)) + "\n";
  folder.write("calls.jsonl", text);
  auto reader = reader_of(folder.file("calls.jsonl"));
  Words all;
  std::size_t looks = 0;
  for (bool more = true; more; ++looks) {
    const auto page = reader.page(64);
    REQUIRE(page.items.size() <= 64);
    more = page.more;
    for (const auto& word : words(page))
      all.push_back(word);
  }
  REQUIRE(all.size() == 1000);
  CHECK(looks == 16);
  CHECK(all.front() == "S0");
  CHECK(all.back() == "S999");
}

TEST_CASE("jsonl: a last line without newline counts once it is a call and has rested", "[sources][jsonl]") {
  const TempFolder folder;
  const auto whole = line("AAPL");
  folder.write("calls.jsonl", whole.substr(0, 12));
  auto reader = reader_of(folder.file("calls.jsonl"));
  CHECK(reader.look().empty());
  SECTION("still being written: nothing, then the whole line") {
    folder.append("calls.jsonl", whole.substr(12));
    CHECK(reader.look().empty());
    folder.append("calls.jsonl", "\n");
    CHECK(reader.look() == Words{"AAPL"});
  }
  SECTION("its writer pauses for as long as it likes: what is no call yet is not torn") {
    CHECK(reader.look().empty());
    CHECK(reader.look().empty());
    folder.append("calls.jsonl", whole.substr(12) + "\n");
    CHECK(reader.look() == Words{"AAPL"});
  }
  SECTION("it stays: taken as it is, and lines are counted on from there") {
    folder.append("calls.jsonl", whole.substr(12));
    CHECK(reader.look().empty());
    CHECK(reader.look() == Words{"AAPL"});
    CHECK(reader.look().empty());
    folder.append("calls.jsonl", "\n" + line("MSFT") + "\nnonsense\n");
    CHECK(reader.look() == Words{"MSFT", "!calls.jsonl:3"});
  }
}

TEST_CASE("jsonl: a last line that waits for its end is told once", "[sources][jsonl]") {
  const TempFolder folder;
  folder.write("calls.jsonl", line("AAPL") + "\n" + R"({"symbol":"MS)");
  auto reader = reader_of(folder.file("calls.jsonl"));
  CHECK(reader.page().notes.empty());
  CHECK(reader.page().notes == Words{"calls.jsonl:2 is no call and has no newline: its end is waited for"});
  CHECK(reader.page().notes.empty());
}

/// Puts another file in the place of the one that is followed, as a program that rotates files does.
struct Replaced {
  const char* name;
  std::string text;
  Words taken;
};

TEST_CASE("jsonl: another file in the place of the one that was read is read from its beginning",
          "[sources][jsonl]") {
  const auto first = line("AAPL") + "\n" + line("MSFT") + "\n";
  const auto c = GENERATE_COPY(values<Replaced>({
    {"shorter", line("NVDA") + "\n", {"NVDA"}},
    {"as long", line("NVDA") + "\n" + line("TSLA") + "\n", {"NVDA", "TSLA"}},
    {"longer", line("NVDA") + "\n" + line("TSLA") + "\n" + line("AMD") + "\n", {"NVDA", "TSLA", "AMD"}},
    {"its first line longer than what was read",
     R"({"symbol":"NVDA","action":"buy","title":")" + std::string(200, 'x') + "\"}\n" + line("TSLA") + "\n",
     {"NVDA", "TSLA"}},
    {"the same calls behind a new one", line("NVDA") + "\n" + first, {"NVDA", "AAPL", "MSFT"}},
  }));
  INFO(c.name);
  const TempFolder folder;
  folder.write("calls.jsonl", first);
  auto reader = reader_of(folder.file("calls.jsonl"));
  REQUIRE(reader.look() == Words{"AAPL", "MSFT"});
  const bool restarted = GENERATE(false, true);
  if (restarted)
    reader.feed = make_jsonl_feed({folder.file("calls.jsonl"), "calls", {}});
  folder.write("next.tmp", c.text);
  std::filesystem::rename(folder.file("next.tmp"), folder.file("calls.jsonl"));
  const auto page = reader.page();
  CHECK(words(page) == c.taken);
  CHECK(page.notes == Words{"calls.jsonl is another file than the one that was read: it is read from its beginning"});
  const auto then = reader.page();
  CHECK(then.items.empty());
  CHECK(then.notes.empty());
  folder.append("calls.jsonl", line("LATE") + "\n");
  CHECK(reader.look() == Words{"LATE"});
}

TEST_CASE("jsonl: an emptied file is told once, and what comes into it is read", "[sources][jsonl]") {
  const TempFolder folder;
  folder.write("calls.jsonl", line("AAPL") + "\n" + line("MSFT") + "\n");
  auto reader = reader_of(folder.file("calls.jsonl"));
  REQUIRE(reader.look().size() == 2);
  folder.write("calls.jsonl", "");
  CHECK(reader.page().notes.size() == 1);
  CHECK(reader.page().notes.empty());
  folder.append("calls.jsonl", line("NVDA") + "\n");
  CHECK(reader.look() == Words{"NVDA"});
}

TEST_CASE("jsonl: a copy with the same content is the same file", "[sources][jsonl]") {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 200; ++i)
    text += line("S" + std::to_string(i)) + "\n";
  folder.write("calls.jsonl", text);
  auto reader = reader_of(folder.file("calls.jsonl"));
  REQUIRE(reader.look().size() == 200);
  folder.write("next.tmp", text + line("NVDA") + "\n");
  std::filesystem::rename(folder.file("next.tmp"), folder.file("calls.jsonl"));
  const auto page = reader.page();
  CHECK(words(page) == Words{"NVDA"});
  CHECK(page.notes.empty());
}

TEST_CASE("jsonl: a cursor of before files were told apart goes on where it stands", "[sources][jsonl]") {
  const TempFolder folder;
  const auto first = line("AAPL") + "\n";
  folder.write("calls.jsonl", first + line("MSFT") + "\n");
  auto reader = reader_of(folder.file("calls.jsonl"));
  reader.cursor = "{\"calls.jsonl\":[" + std::to_string(first.size()) + ",1]}";
  CHECK(reader.look() == Words{"MSFT"});
  folder.write("calls.jsonl", line("NVDA") + "\n" + line("TSLA") + "\n");
  CHECK(reader.look() == Words{"NVDA", "TSLA"});
}

TEST_CASE("jsonl: a file that got shorter is read from its beginning", "[sources][jsonl]") {
  const TempFolder folder;
  folder.write("calls.jsonl", line("AAPL") + "\n" + line("MSFT") + "\n");
  auto reader = reader_of(folder.file("calls.jsonl"));
  CHECK(reader.look().size() == 2);
  folder.write("calls.jsonl", line("NVDA") + "\n");
  CHECK(reader.look() == Words{"NVDA"});
  folder.append("calls.jsonl", line("AMD") + "\n");
  CHECK(reader.look() == Words{"AMD"});
}

TEST_CASE("jsonl: bad lines are named by file and line and kept, and the rest goes on", "[sources][jsonl]") {
  struct Case {
    const char* name;
    std::string text;
    const char* field;
  };
  const auto c = GENERATE(values<Case>({
    {"no JSON", "buy NVDA now!", "line"},
    {"cut JSON", R"({"symbol":"NVDA")", "line"},
    {"two documents", R"({"symbol":"A","action":"buy"}{"symbol":"B","action":"buy"})", "line"},
    {"a key twice", R"({"symbol":"A","symbol":"B","action":"buy"})", "line"},
    {"invalid UTF-8", "{\"symbol\":\"A\",\"action\":\"buy\",\"title\":\"\xff\xfe\"}", "line"},
    {"cut UTF-8", "{\"symbol\":\"A\",\"action\":\"buy\",\"title\":\"\xe2\x82\"}", "line"},
    {"no object", "[1,2]", "mention"},
    {"no symbol", R"({"action":"buy"})", "symbol"},
    {"no such action", R"({"symbol":"A","action":"short"})", "action"},
    {"conviction above one", R"({"symbol":"A","action":"buy","conviction":1.5})", "conviction"},
    {"an unknown field", R"({"symbol":"A","action":"buy","size":3})", "size"},
    {"a placeholder left in", R"({"symbol":"{{ticker}}","action":"buy"})", "symbol"},
  }));
  INFO(c.name);
  const TempFolder folder;
  folder.write("calls.jsonl", line("AAPL") + "\n\n" + c.text + "\n" + line("MSFT") + "\n");
  auto reader = reader_of(folder.file("calls.jsonl"));
  const auto page = reader.page();
  REQUIRE(words(page) == Words{"AAPL", "!calls.jsonl:3", "MSFT"});
  const auto& row = rejected(page.items[1]);
  CHECK(row.field == c.field);
  CHECK_FALSE(row.reason.empty());
  CHECK(row.body == c.text);
  CHECK(row.source == SourceId{"calls"});
  CHECK(row.at == noon);
}

TEST_CASE("jsonl: line ends of Windows and a byte order mark are no part of a line", "[sources][jsonl]") {
  const TempFolder folder;
  folder.write("calls.jsonl", "\xEF\xBB\xBF" + line("AAPL") + "\r\n\r\n  \t\n" + line("MSFT") + "\r\n");
  auto reader = reader_of(folder.file("calls.jsonl"));
  CHECK(reader.look() == Words{"AAPL", "MSFT"});
  folder.append("calls.jsonl", "\xEF\xBB\xBF" + line("NVDA") + "\n");
  CHECK(reader.look() == Words{"!calls.jsonl:5"});  // a mark belongs at the beginning only
}

TEST_CASE("jsonl: a huge line is one rejected input, whatever stands inside it", "[sources][jsonl]") {
  const TempFolder folder;
  const auto size =
    GENERATE(std::size_t{1024 * 1024 + 1}, std::size_t{1024 * 1024 + 256 * 1024}, std::size_t{3 * 1024 * 1024 + 5});
  INFO(size);
  // What follows the bound looks like a call of its own, and is none.
  auto huge = std::string(size, 'x');
  for (std::size_t at = 1024 * 1024; at + 64 < size; at += 64)
    huge.replace(at, line("EVIL").size(), line("EVIL"));
  folder.write("calls.jsonl", line("AAPL") + "\n" + huge + "\n" + line("MSFT") + "\nbad\n");
  auto reader = reader_of(folder.file("calls.jsonl"));
  const auto page = reader.page();
  CHECK(words(page) == Words{"AAPL", "!calls.jsonl:2", "MSFT", "!calls.jsonl:4"});
  const auto& row = rejected(page.items[1]);
  CHECK(row.field == "line");
  CHECK(row.reason == "is " + std::to_string(size + 1) + " bytes long; at most 1048576 are taken");
  CHECK(row.body.size() == 2048);
  CHECK_FALSE(page.more);
}

TEST_CASE("jsonl: a huge line that is still being written waits for its end", "[sources][jsonl]") {
  const TempFolder folder;
  folder.write("calls.jsonl", std::string(2 * 1024 * 1024, 'x'));
  auto reader = reader_of(folder.file("calls.jsonl"));
  CHECK(reader.look().empty());
  folder.append("calls.jsonl", line("EVIL"));
  CHECK(reader.look().empty());
  folder.append("calls.jsonl", "\n" + line("AAPL") + "\n");
  CHECK(reader.look() == Words{"!calls.jsonl:1", "AAPL"});
}

TEST_CASE("jsonl: behind a huge line the file is known again", "[sources][jsonl]") {
  const TempFolder folder;
  const auto huge = std::string(std::size_t{2} * 1024 * 1024, 'x') + "\n";
  folder.write("calls.jsonl", huge);
  auto reader = reader_of(folder.file("calls.jsonl"));
  REQUIRE(reader.look() == Words{"!calls.jsonl:1"});
  folder.append("calls.jsonl", line("AAPL") + "\n");
  CHECK(reader.look() == Words{"AAPL"});
  folder.append("calls.jsonl", line("MSFT") + "\n");
  const auto page = reader.page();
  CHECK(words(page) == Words{"MSFT"});
  CHECK(page.notes.empty());
}

TEST_CASE("jsonl: a folder is read in the order of its names, each file on its own", "[sources][jsonl]") {
  const TempFolder folder;
  folder.write("2026-02.jsonl", line("FEB") + "\n");
  folder.write("2026-01.jsonl", line("JAN") + "\nbad\n");
  folder.write("notes.txt", line("NOT") + "\n");
  auto reader = reader_of(folder.path());
  CHECK(reader.look() == Words{"JAN", "!2026-01.jsonl:2", "FEB"});
  folder.append("2026-01.jsonl", line("LATE") + "\n");
  folder.write("2026-03.jsonl", line("MAR") + "\n");
  CHECK(reader.look() == Words{"LATE", "MAR"});
  CHECK(reader.look().empty());
  std::filesystem::remove(folder.file("2026-01.jsonl"));
  folder.append("2026-03.jsonl", line("MAR2") + "\n");
  CHECK(reader.look() == Words{"MAR2"});
}

TEST_CASE("jsonl: a damaged cursor is an error that shows it", "[sources][jsonl]") {
  const TempFolder folder;
  folder.write("calls.jsonl", line("AAPL") + "\n");
  const auto* cursor =
    GENERATE("nonsense", "[1,2]", R"({"calls.jsonl":7})", R"({"calls.jsonl":[7]})", R"({"calls.jsonl":["a","b"]})",
             R"({"calls.jsonl":[-1,0]})", R"({"calls.jsonl":[1.5,0]})", R"({"calls.jsonl":[1,0,7]})",
             R"({"calls.jsonl":[1,0,"x","y"]})");
  INFO(cursor);
  auto feed = make_jsonl_feed({folder.file("calls.jsonl"), "calls", {}});
  const auto page = feed->read(cursor, 10, noon);
  REQUIRE_FALSE(page.ok());
  CHECK(page.error().kind == ErrorKind::invalid);
  CHECK(page.error().detail.find(cursor) != std::string::npos);
}

TEST_CASE("jsonl: what cannot be read is unavailable, and named", "[sources][jsonl]") {
  const TempFolder folder;
  auto feed = make_jsonl_feed({folder.file("none.jsonl"), "calls", {}});
  const auto page = feed->read("", 10, noon);
  REQUIRE_FALSE(page.ok());
  CHECK(page.error().kind == ErrorKind::unavailable);
  CHECK(page.error().detail == "no such file or folder: " + folder.file("none.jsonl"));
  folder.write("none.jsonl", line("AAPL") + "\n");
  CHECK(feed->read("", 10, noon).ok());
}

TEST_CASE("jsonl: a start at the newest takes only what comes after", "[sources][jsonl]") {
  const TempFolder folder;
  auto reader = reader_of(folder.file("calls.jsonl"));
  SECTION("lines are there") {
    folder.write("calls.jsonl", line("OLD1") + "\n" + line("OLD2") + "\n");
    reader.skip_what_is_there();
    CHECK(reader.look().empty());
    folder.append("calls.jsonl", line("NEW") + "\nbad\n");
    CHECK(reader.look() == Words{"NEW", "!calls.jsonl:4"});
  }
  SECTION("the last line has no newline") {
    folder.write("calls.jsonl", line("OLD1") + "\n" + line("OLD2"));
    reader.skip_what_is_there();
    CHECK(reader.look().empty());
    CHECK(reader.look().empty());
    folder.append("calls.jsonl", "\n" + line("NEW") + "\n");
    CHECK(reader.look() == Words{"NEW"});
  }
  SECTION("no file yet: all that will be in it is new") {
    reader.skip_what_is_there();
    folder.write("calls.jsonl", line("NEW") + "\n");
    CHECK(reader.look() == Words{"NEW"});
  }
}
