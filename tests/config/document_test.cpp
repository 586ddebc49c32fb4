#include "tests/config/support.hpp"

#include "config/document.hpp"

namespace heed::config {
namespace {

TEST_CASE("numbers keep the text they were written as") {
  const Document document = read_document("a = 0.10\nb = [ 1_0.5e-3, 0x1F ]\nc = {d = -inf}\n\"é\" = +7 # seven\n");
  REQUIRE(document.root);
  const Node& root = *document.root;
  CHECK(root.find("a")->value.text == "0.10");
  CHECK(root.find("b")->value.items[0].text == "1_0.5e-3");
  CHECK(root.find("b")->value.items[1].integer == 31);
  CHECK(root.find("c")->value.find("d")->value.text == "-inf");
  CHECK(root.find("é")->value.text == "+7");
  CHECK(root.find("é")->place.line == 4);
  CHECK(root.find("é")->value.place.column == 7);
  CHECK(root.find("nothing") == nullptr);
}

TEST_CASE("entries stand in the order of the file") {
  const Document document = read_document("z = 1\na = 2\n[m]\nk = 3\n");
  REQUIRE(document.root);
  REQUIRE(document.root->entries.size() == 3);
  CHECK(document.root->entries[0].key == "z");
  CHECK(document.root->entries[1].key == "a");
  CHECK(document.root->entries[2].key == "m");
}

TEST_CASE("quoting keeps terminals and logs safe, and reads back") {
  for (const std::string& text :
       std::vector<std::string>{"", "plain", "a\"b\\c", "line\nbreak\ttab", "\x1b[31mred", "é漢", "\x7f"}) {
    const std::string shown = config::quoted(text);
    CHECK(std::none_of(shown.begin(), shown.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }));
    const auto node = read_value(shown);
    REQUIRE(node);
    CHECK(node->text == text);
  }
}

TEST_CASE("a value is one value") {
  CHECK(read_value("3")->integer == 3);
  CHECK(read_value("[1, 2]")->items.size() == 2);
  CHECK_FALSE(read_value("plain"));
  CHECK_FALSE(read_value("1\nb = 2"));
  CHECK_FALSE(read_value(""));
}

TEST_CASE("long values are cut between characters") {
  std::string text;
  for (int i = 0; i < 100; ++i)
    text += "é";
  const std::string shown = as_written(Node::of_text(text));
  CHECK(shown.size() < 70);
  CHECK(shown.ends_with("...\""));
  CHECK(read_value(shown));
}

}  // namespace
}  // namespace heed::config
