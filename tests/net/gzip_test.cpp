// Bodies made small and back, also those that somebody broke or blew up.
#include "net/gzip.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace heed::net;

TEST_CASE("gzip and back", "[net][gzip]") {
  std::string text;
  for (int i = 0; i < 50'000; ++i)
    text += std::to_string(i) + ",";
  for (const auto& each : {std::string{}, std::string{"a"}, std::string(200'000, 'x'), text}) {
    const auto packed = gzip(each);
    const auto back = gunzip(packed, each.size());
    REQUIRE(back);
    CHECK(back.value() == each);
  }
  CHECK(gzip(text).size() * 2 < text.size());
}

TEST_CASE("gunzip takes one whole stream, and no more than it may", "[net][gzip]") {
  const auto packed = gzip(std::string(1'000'000, 'x'));
  CHECK(gunzip(packed, 1'000'000).ok());
  CHECK(gunzip(packed, 999'999).error().code == "gzip_size");
  for (std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{10}, packed.size() - 1}) {
    INFO(size);
    CHECK(gunzip(packed.substr(0, size), 1'000'000).error().code == "gzip");
  }
  auto broken = packed;
  broken[packed.size() / 2] = static_cast<char>(broken[packed.size() / 2] ^ 0x55);
  CHECK_FALSE(gunzip(broken, 1'000'000).ok());
  CHECK(gunzip(packed + "more", 1'000'000).error().code == "gzip");
  CHECK(gunzip("{\"plain\":1}", 100).error().code == "gzip");
}
