#include "sim/profile.hpp"

#include <algorithm>
#include <charconv>

namespace heed::sim {
namespace {

struct Range {
  Fault fault;
  std::int64_t low, high;  // per million, with heavy faults
  int since = 1;           // edition
};

constexpr std::array<Range, fault_count> heavy{{
  {Fault::request_lost, 2'000, 150'000},
  {Fault::answer_lost, 2'000, 150'000},
  {Fault::refused, 2'000, 150'000},
  {Fault::request_twice, 2'000, 200'000},
  {Fault::slow, 2'000, 100'000},
  {Fault::too_many, 2'000, 150'000},
  {Fault::server_error, 2'000, 150'000},
  {Fault::garbage, 2'000, 100'000},
  {Fault::hidden, 50'000, 700'000},
  {Fault::stream_lost, 5'000, 400'000},
  {Fault::stream_twice, 5'000, 400'000},
  {Fault::stream_late, 5'000, 400'000},
  {Fault::stream_garbage, 1'000, 30'000},
  {Fault::stream_cut, 1'000, 50'000},
  {Fault::outage, 1'000, 60'000},
  {Fault::crash, 20, 1'000},
  {Fault::power, 100'000, 1'000'000},
  {Fault::crash_in_recovery, 50'000, 500'000},
  {Fault::crash_in_commit, 5'000, 60'000},
  {Fault::actor, 2'000, 20'000},
  {Fault::disk_full, 1'000, 20'000},
  {Fault::disk_error, 1'000, 20'000},
  {Fault::sync_error, 1'000, 20'000},
  {Fault::clock_jump, 1'000, 20'000},
  {Fault::stall, 1'000, 100'000},
  {Fault::halt, 1'000, 20'000},
  {Fault::gap, 5'000, 100'000},
  {Fault::external, 1'000, 15'000},
  {Fault::asset, 500, 10'000},
  {Fault::venue_slow, 300'000, 1'000'000},
  {Fault::venue_cancels, 10'000, 400'000, 2},
  {Fault::liquidation, 500, 10'000, 2},
  {Fault::journal_gone, 5'000, 60'000, 3},
}};

}  // namespace

bool Profile::any() const {
  return std::any_of(rates.begin(), rates.end(), [](std::uint32_t rate) { return rate > 0; });
}

Profile Profile::draw(std::uint64_t seed, Level level, int edition) {
  Profile out;
  if (level == Level::none)
    return out;
  Chance chance{seed, "profile"};
  // From one class alone to most of them.
  const auto share = static_cast<std::uint32_t>(chance.between(100'000, level == Level::heavy ? 900'000 : 500'000));
  for (const auto& range : heavy) {
    if (range.since > edition)
      continue;
    const bool on = chance.hits(share);
    const auto rate = chance.spread(range.low, range.high);
    if (on)
      out.set(range.fault,
              static_cast<std::uint32_t>(level == Level::heavy ? rate : std::max<std::int64_t>(rate / 8, 1)));
  }
  return out;
}

Result<Profile> Profile::parse(std::string_view text) {
  Profile out;
  const auto wrong = [](std::size_t number, const std::string& what) {
    return Error{ErrorKind::invalid, "faults", "line " + std::to_string(number) + ": " + what};
  };
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    std::string line{text.substr(at, end - at)};
    at = end + 1;
    ++number;
    line.erase(std::min(line.find('#'), line.size()));
    std::erase_if(line, [](char c) { return c == ' ' || c == '\t' || c == '\r'; });
    if (line.empty())
      continue;
    const auto equals = line.find('=');
    if (equals == std::string::npos)
      return wrong(number, "expected name = per_million");
    const auto name = line.substr(0, equals);
    const auto fault = enum_from<Fault>(name);
    if (!fault) {
      std::string known;
      for (const auto each : EnumNames<Fault>::names)
        known += (known.empty() ? "" : ", ") + std::string{each};
      return wrong(number, "unknown fault " + name + "; one of " + known);
    }
    std::uint32_t rate = 0;
    const auto* first = line.data() + equals + 1;
    const auto* last = line.data() + line.size();
    const auto read = std::from_chars(first, last, rate);
    if (read.ec != std::errc{} || read.ptr != last || rate > 1'000'000)
      return wrong(number, name + " must be a whole number from 0 to 1000000");
    out.set(*fault, rate);
  }
  return out;
}

std::string Profile::str() const {
  std::string out;
  for (std::size_t i = 0; i < fault_count; ++i)
    if (rates[i] > 0)
      out +=
        (out.empty() ? "" : " ") + std::string{to_string(static_cast<Fault>(i))} + "=" + std::to_string(rates[i]);
  return out.empty() ? "none" : out;
}

}  // namespace heed::sim
