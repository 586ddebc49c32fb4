#include "broker/exchange/frames.hpp"

#include <catch2/catch.hpp>

using namespace heed::exchange;

namespace {
std::string bytes(std::initializer_list<int> values) {
  std::string out;
  for (const int value : values)
    out += static_cast<char>(value);
  return out;
}
}  // namespace

TEST_CASE("frames: the handshake says which form") {
  CHECK(wants_msgpack("application/msgpack"));
  CHECK(wants_msgpack("application/msgpack; charset=x"));
  CHECK_FALSE(wants_msgpack("application/json"));
  CHECK_FALSE(wants_msgpack(""));
}

TEST_CASE("frames: a control message, byte for byte") {
  // [{"T":"success"}]: array of one, map of one, two short strings
  CHECK(to_msgpack(R"([{"T":"success"}])") ==
        bytes({0x91, 0x81, 0xA1, 'T', 0xA7, 's', 'u', 'c', 'c', 'e', 's', 's'}));
}

TEST_CASE("frames: instants become timestamps, other texts stay") {
  // 2025-06-02T16:00:00.000001Z: 1748880000 s, 1000 ns
  const auto packed = to_msgpack(R"({"t":"2025-06-02T16:00:00.000001Z","S":"A","x":{"t":"no instant"}})");
  const auto stamp = bytes({0x83, 0xA1, 't', 0xD7, 0xFF, 0x00, 0x00, 0x0F, 0xA0, 0x68, 0x3D, 0xCA, 0x80});
  CHECK(packed.substr(0, stamp.size()) == stamp);
  CHECK(packed.find("no instant") != std::string::npos);
}

TEST_CASE("frames: what a client says is read, and what is none is not") {
  CHECK(from_msgpack(to_msgpack(R"({"action":"auth","key":"k","secret":"s"})")) ==
        R"({"action":"auth","key":"k","secret":"s"})");
  CHECK(from_msgpack(to_msgpack(R"({"action":"subscribe","quotes":["AAPL"]})")) ==
        R"({"action":"subscribe","quotes":["AAPL"]})");
  CHECK_FALSE(from_msgpack(""));
  CHECK_FALSE(from_msgpack(bytes({0xC1})));        // never used by the format
  CHECK_FALSE(from_msgpack(bytes({0x81, 0xA1})));  // cut
  CHECK_FALSE(from_msgpack(bytes({0x01, 0x02})));  // two documents
  CHECK_FALSE(from_msgpack(std::string(70'000, '\x01')));
}
