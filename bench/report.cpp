// Makes the table of all rounds: lines of bench/measure.hpp on standard input; medians with lowest and highest, what
// they are compared with, and what was aimed at. Writes everything to the file that is named.
//
//   bench_report FILE < lines
#include "net/json.hpp"
#include "net/json_writer.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace {

struct Series {
  std::vector<double> values, loads;
  std::string unit;
};

struct Summary {
  double median = 0, lowest = 0, highest = 0;
};

Summary summary_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto middle = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {median, values.front(), values.back()};
}

enum class Good { above, below };

/// `of` a result; relative `to` another one when that is not empty. Ratios are made round by round.
struct Aim {
  const char* title;
  const char* of;
  const char* to;
  Good good;
  double value;
};

constexpr Aim aims[] = {
  {"rate at 64 connections, of the floor's", "heed, 64 connections, asked, rate", "floor, 64 connections, rate",
   Good::above, 0.5},
  {"median latency at 1 connection, of the floor's", "heed, 1 connection, streamed, p50", "floor, 1 connection, p50",
   Good::below, 1.5},
  {"p99 latency at 1 connection, of the floor's", "heed, 1 connection, streamed, p99", "floor, 1 connection, p99",
   Good::below, 2},
  {"mention decisions", "mention decisions", "", Good::above, 2e6},
  {"position steps", "position steps, life of a bracket", "", Good::above, 3e6},
  {"calls through the actors, a quarter of them trades", "calls through the actors, mix", "", Good::above, 150e3},
  {"bytes of an idle position actor", "idle position actor, flat", "", Good::below, 3072},
  {"idle processor", "idle, processor", "", Good::below, 1},
  {"idle memory", "idle, memory", "", Good::below, 40},
  {"ready with a past", "ready, 1M rows and 1,000 positions", "", Good::below, 1000},
  {"backtest of 12,047 calls, whole process", "backtest process, warm cache", "", Good::below, 60},
  {"its peak memory", "backtest process, warm cache, peak memory", "", Good::below, 95},
  {"backtest engine, calls", "backtest engine x1, calls", "", Good::above, 1e6},
  {"backtest engine, bars", "backtest engine x1, bars", "", Good::above, 50e6},
  {"sweep of 1,000 sets", "backtest sweep of 1,000 sets, 2 threads", "", Good::below, 5},
};

using Results = std::map<std::string, Series>;

Results read_lines(std::vector<std::string>& order) {
  Results results;
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto json = heed::net::parse_json(line);
    const auto* name = json ? json.value().find("name") : nullptr;
    if (name == nullptr) {
      std::fprintf(stderr, "bench_report: not a result: %s\n", line.c_str());
      continue;
    }
    const auto number = [&](const char* key) {
      const auto* member = json.value().find(key);
      return member != nullptr ? std::strtod(member->text.c_str(), nullptr) : 0.0;
    };
    if (!results.contains(name->text))
      order.push_back(name->text);
    auto& series = results[name->text];
    series.values.push_back(number("value"));
    series.loads.push_back(number("load"));
    series.unit = json.value().find("unit") != nullptr ? json.value().find("unit")->text : "";
  }
  return results;
}

/// Round by round, so that a slow quarter of an hour slows both.
std::optional<Series> of_aim(const Aim& aim, const Results& results) {
  const auto of = results.find(aim.of);
  if (of == results.end())
    return std::nullopt;
  if (*aim.to == '\0')
    return of->second;
  const auto to = results.find(aim.to);
  if (to == results.end())
    return std::nullopt;
  Series ratios;
  ratios.loads = of->second.loads;
  for (std::size_t i = 0; i < std::min(of->second.values.size(), to->second.values.size()); ++i)
    if (to->second.values[i] > 0)
      ratios.values.push_back(of->second.values[i] / to->second.values[i]);
  if (ratios.values.empty())
    return std::nullopt;
  ratios.unit = "x";
  return ratios;
}

std::string number(double value) {
  char text[32];
  if (value != 0 && value < 100)
    std::snprintf(text, sizeof text, "%.3g", value);
  else
    std::snprintf(text, sizeof text, "%.0f", value);
  return text;
}

std::string range_of(const Summary& all) { return "[" + number(all.lowest) + " .. " + number(all.highest) + "]"; }

void print_row(const std::string& name, const Series& series) {
  const auto all = summary_of(series.values);
  std::printf("%-52s %10s %-9s %-22s %6zu  %s\n", name.c_str(), number(all.median).c_str(), series.unit.c_str(),
              range_of(all).c_str(), series.values.size(), number(summary_of(series.loads).median).c_str());
}

void write_row(std::ostream& out, const std::string& name, const Series& series, bool& first) {
  const auto all = summary_of(series.values);
  out << (first ? "\n  " : ",\n  ") << "{\"name\":" << heed::net::quoted(name) << ",\"median\":" << all.median
      << ",\"lowest\":" << all.lowest << ",\"highest\":" << all.highest
      << ",\"unit\":" << heed::net::quoted(series.unit) << ",\"rounds\":" << series.values.size()
      << ",\"load\":" << summary_of(series.loads).median << "}";
  first = false;
}

void print_aim(const Aim& aim, const Series& series) {
  const auto all = summary_of(series.values);
  const bool met = aim.good == Good::above ? all.median >= aim.value : all.median <= aim.value;
  const auto wanted = std::string{aim.good == Good::above ? ">= " : "<= "} + number(aim.value) + " " + series.unit;
  std::printf("%-52s %-16s %10s %-22s %s\n", aim.title, wanted.c_str(), number(all.median).c_str(),
              range_of(all).c_str(), met ? "met" : "NOT met");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: bench_report FILE < lines\n");
    return 2;
  }
  std::vector<std::string> order;
  const auto results = read_lines(order);
  if (results.empty()) {
    std::fprintf(stderr, "bench_report: no results\n");
    return 1;
  }
  std::ofstream file{argv[1]};
  file.precision(9);
  file << "{\"results\":[";
  bool first = true;
  std::printf("%-52s %10s %-9s %-22s %6s  %s\n", "measured", "median", "", "[lowest .. highest]", "rounds", "load");
  for (const auto& name : order) {
    print_row(name, results.at(name));
    write_row(file, name, results.at(name), first);
  }
  file << "],\n\"aims\":[";
  first = true;
  std::printf("\n%-52s %-16s %10s %-22s %s\n", "target", "wanted", "figure", "[lowest .. highest]", "verdict");
  for (const auto& aim : aims)
    if (const auto series = of_aim(aim, results)) {
      print_aim(aim, *series);
      write_row(file, aim.title, *series, first);
    }
  file << "]}\n";
  return file.good() ? 0 : 1;
}
