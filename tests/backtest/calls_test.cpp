#include "backtest/calls.hpp"
#include "files.hpp"
#include "past.hpp"

#include <catch2/catch.hpp>

namespace heed::backtest::test {
namespace {

std::string line(int id, const std::string& created, const std::string& rest = "") {
  return "{\"id\": " + std::to_string(id) + ", \"symbol\": \"aa\", \"action\": \"buy\", \"created_at\": \"" +
         created + "\"" + rest + "}\n";
}

TEST_CASE("calls come by created_at and id, whatever their order in the file", "[calls]") {
  const Folder folder;
  folder.write("c.jsonl", line(3, "2020-01-02T10:00:00Z") + "\r\n" + line(2, "2020-01-02T10:00:00Z") +
                            line(1, "2020-01-03T10:00:00Z", ", \"conviction\": 0.75, \"source\": \"tv; x=1\"") +
                            line(9, "2020-01-01T23:30:00-05:00", ", \"time_horizon\": \"weeks\""));
  const auto loaded = load_calls(folder / "c.jsonl").value();
  std::vector<std::int64_t> ids;
  for (const auto& call : loaded.calls.calls)
    ids.push_back(call.id);
  CHECK(ids == std::vector<std::int64_t>{9, 2, 3, 1});
  CHECK(loaded.lines == 4);
  CHECK(loaded.rejected == 0);
  const auto& last = loaded.calls.calls[3];
  CHECK(loaded.calls.symbols[last.symbol].view() == "AA");
  CHECK(last.conviction == 750'000'000);
  CHECK(last.line == 4);
  CHECK(source_name(loaded.calls.origins[last.origin]) == "tv");
  CHECK(loaded.calls.calls[0].horizon == Horizon::weeks);
  CHECK(loaded.calls.calls[0].conviction == Call::none);
}

TEST_CASE("what is no mention is told with line and field, and left out", "[calls]") {
  struct Row {
    std::string text, field, reason;
  };
  const auto row = GENERATE(values<Row>({
    {"not json", "", "byte"},
    {"[]", "mention", "must be an object"},
    {R"({"symbol":"A B","action":"buy","created_at":"2020-01-02T10:00:00Z"})", "symbol", "it consists of"},
    {R"({"action":"buy","created_at":"2020-01-02T10:00:00Z"})", "symbol", "is missing"},
    {R"({"symbol":"A","action":"short","created_at":"2020-01-02T10:00:00Z"})", "action", "it is one of"},
    {R"({"symbol":"A","action":"buy","conviction":1.5,"created_at":"2020-01-02T10:00:00Z"})", "conviction", "0 to 1"},
    {R"({"symbol":"A","action":"buy","created_at":"2020-01-02"})", "created_at", "it is an instant with a zone"},
    {R"({"symbol":"A","action":"buy"})", "created_at", "is missing, and published_at too"},
    {R"({"symbol":"A","action":"buy","created_at":"2020-01-02T10:00:00Z","stop":3})", "stop", "is no field"},
    {R"({"id":1,"symbol":"A","action":"buy","created_at":"2020-01-02T10:00:00Z"})", "id", "is 1 as on line 1"},
    {R"({"symbol":"A","action":"buy","external_id":"x","created_at":"2020-01-02T10:00:00Z"})", "external_id",
     "is that of line 1"},
  }));
  CAPTURE(row.text);
  const Folder folder;
  folder.write("c.jsonl", line(1, "2020-01-02T10:00:00Z", R"(, "external_id": "x")") + row.text + "\n");
  const auto loaded = load_calls(folder / "c.jsonl").value();
  CHECK(loaded.calls.calls.size() == 1);
  CHECK(loaded.rejected == 1);
  REQUIRE(loaded.issues.size() == 1);
  CHECK(loaded.issues[0].line == 2);
  CHECK(loaded.issues[0].field == row.field);
  CHECK(loaded.issues[0].reason.find(row.reason) != std::string::npos);
  CHECK(loaded.issues[0].reason.find("left out") != std::string::npos);
}

TEST_CASE("two calls that say the same are two calls", "[calls]") {
  const Folder folder;
  folder.write("c.jsonl", line(1, "2020-01-02T10:00:00Z") + line(2, "2020-01-02T10:00:00Z"));
  CHECK(load_calls(folder / "c.jsonl").value().calls.calls.size() == 2);
}

TEST_CASE("calls without id get the next ones; without created_at they count from published_at", "[calls]") {
  const Folder folder;
  folder.write("c.jsonl", R"({"symbol":"A","action":"buy","published_at":"2020-01-03T10:00:00Z"})"
                          "\n" +
                            line(7, "2020-01-02T10:00:00Z") +
                            R"({"symbol":"B","action":"sell","published_at":"2020-01-01T10:00:00Z"})");
  const auto loaded = load_calls(folder / "c.jsonl").value();
  REQUIRE(loaded.calls.calls.size() == 3);
  CHECK(loaded.calls.calls[0].id == 9);
  CHECK(loaded.calls.calls[0].created_at() == at("2020-01-01T10:00:00Z"));
  CHECK(loaded.calls.calls[2].id == 8);
}

TEST_CASE("files without a mention are errors", "[calls]") {
  const Folder folder;
  CHECK(load_calls(folder / "none.jsonl").error().kind == ErrorKind::unavailable);
  folder.write("c.jsonl", "\n\n");
  CHECK(load_calls(folder / "c.jsonl").error().detail.find("the file is empty") != std::string::npos);
  folder.write("c.jsonl", "{}\n");
  CHECK(load_calls(folder / "c.jsonl").error().detail.find("the first problem") != std::string::npos);
}

TEST_CASE("calls from the cache are those from the file", "[calls][cache]") {
  const Folder folder;
  const auto text =
    line(3, "2020-01-02T10:00:00Z") + "broken\n" + line(2, "2020-01-02T10:00:00Z", R"(, "source": "b")");
  folder.write("c.jsonl", text);
  const auto first = load_calls(folder / "c.jsonl").value();
  CHECK_FALSE(first.from_cache);
  const auto second = load_calls(folder / "c.jsonl").value();
  CHECK(second.from_cache);
  CHECK(second.calls.digest == first.calls.digest);
  CHECK(second.calls.symbols == first.calls.symbols);
  CHECK(second.calls.origins == first.calls.origins);
  CHECK(second.issues == first.issues);
  CHECK(second.rejected == 1);
  CHECK(second.lines == 3);

  folder.write_gz("c.jsonl.gz", text);
  const auto packed = load_calls(folder / "c.jsonl.gz").value();
  CHECK(packed.calls.digest == first.calls.digest);

  const auto name = ".c.jsonl.heed-calls.cache";
  const auto good = folder.read(name);
  for (std::size_t i = 0; i < good.size(); i += 3) {
    auto bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 4);
    folder.write(name, bad);
    CHECK(load_calls(folder / "c.jsonl").value().calls.digest == first.calls.digest);
  }
  folder.write("c.jsonl", line(4, "2020-01-02T10:00:00Z"));
  CHECK(load_calls(folder / "c.jsonl").value().calls.calls[0].id == 4);
}

TEST_CASE("the digest does not know where a call stood, and knows everything else", "[calls]") {
  const Folder folder;
  const auto a = line(1, "2020-01-02T10:00:00Z");
  const auto b = line(2, "2020-01-03T10:00:00Z");
  const auto digest = [&](const std::string& text) {
    folder.write("d.jsonl", text);
    return load_calls(folder / "d.jsonl", {false, {}}).value().calls.digest;
  };
  CHECK(digest(a + b) == digest("\n" + b + a));
  CHECK(digest(a + b) != digest(a));
  CHECK(digest(a) != digest(line(1, "2020-01-02T10:00:01Z")));
  CHECK(digest(a) != digest(line(1, "2020-01-02T10:00:00Z", R"(, "conviction": 0)")));
}

}  // namespace
}  // namespace heed::backtest::test
