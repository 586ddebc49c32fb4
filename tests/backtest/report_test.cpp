#include "backtest/report.hpp"
#include "backtest/chart.hpp"
#include "past.hpp"

#include <catch2/catch.hpp>

#include <regex>

namespace heed::backtest::test {
namespace {

std::string report_of(const Past& past, const std::string& note = "") {
  Report report;
  report.params = plain_prices();
  const auto ground =
    Ground::make(past.calls(), past.bar_set(), report.params.benchmark, report.params.entry).value();
  const auto convictions = weigh(ground.calls(), report.params.aggregator, {});
  report.ground = &ground;
  report.convictions = &convictions;
  report.run = run(ground, convictions, report.params).value();
  report.metrics = measure(report.run, report.params);
  report.digest = "d1gest";
  report.notes = {note};
  return to_html(report);
}

/// Whether every element that is opened is closed, in order.
std::string unbalanced(const std::string& html) {
  const std::regex tag{"<(/?)([a-z0-9]+)[^>]*?(/?)>"};
  std::vector<std::string> open;
  for (auto it = std::sregex_iterator{html.begin(), html.end(), tag}; it != std::sregex_iterator{}; ++it) {
    const auto name = (*it)[2].str();
    if (name == "meta" || name == "br" || !(*it)[3].str().empty())
      continue;
    if ((*it)[1].str().empty())
      open.push_back(name);
    else if (open.empty() || open.back() != name)
      return name + " at " + std::to_string(it->position());
    else
      open.pop_back();
  }
  return open.empty() ? "" : open.back();
}

TEST_CASE("the report holds everything and asks for nothing", "[report]") {
  Past past{60};
  past.flat("AA", 0, 3, "50").flat("AA", 4, 59, "60").flat("BB", 0, 8, "50").flat("BB", 9, 59, "40");
  past.call(0, "AA", MentionAction::buy, "0.8", Horizon::weeks);
  past.call(5, "BB", MentionAction::buy).call(6, "ZZ", MentionAction::buy);
  const auto html = report_of(past);
  CHECK(unbalanced(html) == "");
  for (const auto* part : {"<h2>Equity and drawdown</h2>", "Under the highest equity so far",
                           "<h2>Months, in percent</h2>", "no_op:no_data", "<td class=\"t\">AA</td>", "TP_HIT",
                           "d1gest", "<svg role=\"img\"", "prefers-color-scheme:dark", "2024-01-09"}) {
    CAPTURE(part);
    CHECK(html.find(part) != std::string::npos);
  }
  for (const auto* request : {"http://", "https://", "src=", "<script", "@import", "url(", "nan", "inf "}) {
    CAPTURE(request);
    CHECK(html.find(request) == std::string::npos);
  }
}

TEST_CASE("what others wrote stays text", "[report]") {
  Past past;
  past.flat("AA", 0, 19, "50").call(0, "AA", MentionAction::buy);
  const auto html = report_of(past, "<script>alert(1)</script> \"quoted\" & 'so'");
  CHECK(html.find("<script") == std::string::npos);
  CHECK(html.find("&lt;script&gt;alert(1)&lt;/script&gt; &quot;quoted&quot; &amp; &#39;so&#39;") !=
        std::string::npos);
}

TEST_CASE("a run without trades, and one of a single session", "[report]") {
  Past past{1};
  past.flat("AA", 0, 0, "50").call(0, "AA", MentionAction::hold);
  const auto html = report_of(past);
  CHECK(unbalanced(html) == "");
  CHECK(html.find("0 trades") != std::string::npos);
  CHECK(html.find("Never under it.") != std::string::npos);
}

TEST_CASE("axes have round numbers", "[report]") {
  CHECK(ticks(0.0, 10.0, 5) == std::vector<double>{0, 2, 4, 6, 8, 10});
  CHECK(ticks(-7.0, 3.0, 5) == std::vector<double>{-6, -4, -2, 0, 2});
  CHECK(ticks(97'000.0, 131'000.0, 5).front() == 100'000.0);
  CHECK(ticks(5.0, 5.0, 5) == std::vector<double>{5.0});
}

TEST_CASE("long charts keep their peaks", "[report]") {
  Chart chart;
  chart.title = "t";
  ChartLine line{"x", "one", std::vector<double>(20'000, 1.0)};
  line.values[12'345] = 99.0;
  for (int i = 0; i < 20'000; ++i)
    chart.days.push_back(i);
  chart.lines = {line};
  const auto svg = to_svg(chart);
  CHECK(svg.size() < 70'000);
  // The top of the paper, of the wide one and of the one for phones.
  const auto second = svg.find("class=\"near\"");
  REQUIRE(second != std::string::npos);
  CHECK(svg.find(",10.0 ") < second);
  CHECK(svg.find(",10.0 ", second) != std::string::npos);
}

TEST_CASE("thousands", "[report]") {
  CHECK(grouped(1234567.891, 2) == "1,234,567.89");
  CHECK(grouped(-1234.0, 0) == "-1,234");
  CHECK(grouped(999.0, 0) == "999");
}

}  // namespace
}  // namespace heed::backtest::test
