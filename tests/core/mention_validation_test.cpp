#include "core/mention_validation.hpp"

#include "core/naming.hpp"
#include "tests/core/support.hpp"

#include <catch2/catch.hpp>
#include <functional>

using namespace heed;
using namespace heed::core;
using namespace heed::test;

namespace {

RawMention sound() {
  RawMention raw;
  raw.external_id = "video-17#3";
  raw.source = "cnbc-mad-money";
  raw.symbol = "nvda";
  raw.action = "buy";
  raw.conviction = "0.75";
  raw.time_horizon = "weeks";
  raw.rationale_quote = "I like \xe2\x80\x9cit\xe2\x80\x9d\nvery much";
  raw.title = "Mad Money";
  raw.url = "https://example.org/17";
  raw.published_at = "2026-11-20T09:00:00-05:00";
  raw.created_at = "2026-11-20T14:05:00.123456Z";
  return raw;
}

MentionIntake intake() {
  MentionIntake in;
  in.source = "main";
  in.arrival = at("2026-11-20T14:10:00Z");
  return in;
}

using Change = std::function<void(RawMention&)>;

std::variant<Mention, FieldError> after(const Change& change, const MentionIntake& in = intake()) {
  auto raw = sound();
  change(raw);
  return validate_mention(raw, in);
}

}  // namespace

TEST_CASE("a sound mention", "[mention]") {
  const auto answer = validate_mention(sound(), intake());
  REQUIRE(std::holds_alternative<Mention>(answer));
  const auto& m = std::get<Mention>(answer);
  CHECK(m.symbol == Symbol{"NVDA"});
  CHECK(m.action == MentionAction::buy);
  CHECK(m.conviction == dec("0.75"));
  CHECK(m.horizon == Horizon::weeks);
  CHECK(m.source == SourceId{"main"});
  CHECK(m.origin == "cnbc-mad-money");
  CHECK(m.external_id == "video-17#3");
  CHECK(m.signal == signal_id("main", "video-17#3"));
  CHECK(m.published_at == at("2026-11-20T14:00:00Z"));
  CHECK(m.created_at == at("2026-11-20T14:05:00.123456Z"));
  CHECK(m.title == "Mad Money");
  CHECK(m.url == "https://example.org/17");
  CHECK(m.id == 0);
}

TEST_CASE("what may be absent gets its default", "[mention]") {
  RawMention raw;
  raw.symbol = "BRK.B";
  raw.action = "HOLD";
  const auto m = std::get<Mention>(validate_mention(raw, intake()));
  CHECK(m.horizon == Horizon::unspecified);
  CHECK_FALSE(m.conviction);
  CHECK(m.created_at == intake().arrival);
  CHECK(m.published_at == intake().arrival);
  CHECK(m.external_id == mention_natural_key("main", "BRK.B", MentionAction::hold, intake().arrival, ""));
  CHECK(m.signal == signal_id("main", m.external_id));

  auto with_default = intake();
  with_default.default_conviction = dec("0.6");
  CHECK(std::get<Mention>(validate_mention(raw, with_default)).conviction == dec("0.6"));
  const auto own = after([](RawMention&) {}, with_default);
  CHECK(std::get<Mention>(own).conviction == dec("0.75"));

  const auto from_creation = after([](RawMention& r) { r.published_at.reset(); });
  CHECK(std::get<Mention>(from_creation).published_at == at("2026-11-20T14:05:00.123456Z"));
  const auto empty_id = after([](RawMention& r) { r.external_id = ""; });
  CHECK(std::get<Mention>(empty_id).external_id.size() == 64);
  const auto buy_without = after([](RawMention& r) { r.conviction.reset(); });
  CHECK_FALSE(std::get<Mention>(buy_without).conviction);
  const auto from_file = after([](RawMention& r) { r.id = "40001"; });
  CHECK(std::get<Mention>(from_file).id == 40'001);
}

TEST_CASE("a wrong field is named, with the reason", "[mention]") {
  struct Row {
    const char* why;
    Change change;
    const char* field;
    const char* reason;
  };
  const Row rows[]{
    {"no symbol", [](RawMention& r) { r.symbol.reset(); }, "symbol", "is missing"},
    {"empty symbol", [](RawMention& r) { r.symbol = ""; }, "symbol", "1 to 16 characters"},
    {"long symbol", [](RawMention& r) { r.symbol = "ABCDEFGHIJKLMNOPQ"; }, "symbol", "1 to 16 characters"},
    {"space", [](RawMention& r) { r.symbol = "BRK B"; }, "symbol", "letters, digits"},
    {"cash tag", [](RawMention& r) { r.symbol = "$NVDA"; }, "symbol", "\"$NVDA\""},
    {"formula", [](RawMention& r) { r.symbol = "=CMD()"; }, "symbol", "letters, digits"},
    {"homoglyph", [](RawMention& r) { r.symbol = "\xd0\x90\x41PL"; }, "symbol", "\"??APL\""},
    {"line break", [](RawMention& r) { r.symbol = "NVDA\n"; }, "symbol", "letters, digits"},
    {"placeholder", [](RawMention& r) { r.symbol = "{{ticker}}"; }, "symbol", "unexpanded placeholder"},
    {"no action", [](RawMention& r) { r.action.reset(); }, "action", "is missing"},
    {"unknown action", [](RawMention& r) { r.action = "accumulate"; }, "action", "one of buy, sell"},
    {"placeholder action", [](RawMention& r) { r.action = "{{strategy.order.action}}"; }, "action", "placeholder"},
    {"conviction above", [](RawMention& r) { r.conviction = "1.01"; }, "conviction", "0 to 1"},
    {"conviction just above", [](RawMention& r) { r.conviction = "1.0000000000001"; }, "conviction", "0 to 1"},
    {"conviction below", [](RawMention& r) { r.conviction = "-0.1"; }, "conviction", "0 to 1"},
    {"conviction words", [](RawMention& r) { r.conviction = "high"; }, "conviction", "\"high\""},
    {"not a number", [](RawMention& r) { r.conviction = "NaN"; }, "conviction", "0 to 1"},
    {"exponent", [](RawMention& r) { r.conviction = "5e1"; }, "conviction", "0 to 1"},
    {"decimal comma", [](RawMention& r) { r.conviction = "0,5"; }, "conviction", "0 to 1"},
    {"empty conviction", [](RawMention& r) { r.conviction = ""; }, "conviction", "0 to 1"},
    {"horizon", [](RawMention& r) { r.time_horizon = "years"; }, "time_horizon", "one of intraday"},
    {"no zone", [](RawMention& r) { r.created_at = "2026-11-20T14:05:00"; }, "created_at", "with a zone"},
    {"epoch", [](RawMention& r) { r.created_at = "1763647500"; }, "created_at", "with a zone"},
    {"no such day", [](RawMention& r) { r.published_at = "2026-02-30T14:05:00Z"; }, "published_at", "RFC"},
    {"future", [](RawMention& r) { r.created_at = "2026-11-20T14:15:01Z"; }, "created_at", "future"},
    {"far future", [](RawMention& r) { r.published_at = "2062-11-20T14:15:01Z"; }, "published_at", "future"},
    {"placeholder time", [](RawMention& r) { r.published_at = "{{timenow}}"; }, "published_at", "placeholder"},
    {"id", [](RawMention& r) { r.id = "17a"; }, "id", "whole number"},
    {"negative id", [](RawMention& r) { r.id = "-1"; }, "id", "whole number"},
    {"huge id", [](RawMention& r) { r.id = "99999999999999999999"; }, "id", "whole number"},
    {"external id placeholder", [](RawMention& r) { r.external_id = "{{id}}"; }, "external_id", "placeholder"},
    {"external id with a break", [](RawMention& r) { r.external_id = "a\nb"; }, "external_id", "control character"},
    {"external id too long", [](RawMention& r) { r.external_id = std::string(201, 'x'); }, "external_id",
     "at most 200"},
    {"escape sequence", [](RawMention& r) { r.title = "\x1b[31mred"; }, "title", "control character at byte 0"},
    {"zero byte", [](RawMention& r) { r.rationale_quote = std::string("a\0b", 3); }, "rationale_quote", "byte 1"},
    {"C1 control", [](RawMention& r) { r.title = "a\xc2\x9b"; }, "title", "control character at byte 1"},
    {"bad UTF-8", [](RawMention& r) { r.rationale_quote = "a\xff"; }, "rationale_quote", "UTF-8 at byte 1"},
    {"overlong UTF-8", [](RawMention& r) { r.rationale_quote = "\xc0\xaf"; }, "rationale_quote", "UTF-8"},
    {"overlong of three", [](RawMention& r) { r.rationale_quote = "\xe0\x80\xaf"; }, "rationale_quote", "UTF-8"},
    {"surrogate", [](RawMention& r) { r.rationale_quote = "\xed\xa0\x80"; }, "rationale_quote", "UTF-8"},
    {"beyond Unicode", [](RawMention& r) { r.rationale_quote = "\xf4\x90\x80\x80"; }, "rationale_quote", "UTF-8"},
    {"cut off", [](RawMention& r) { r.rationale_quote = "abc\xe2\x82"; }, "rationale_quote", "byte 3"},
    {"long source", [](RawMention& r) { r.source = std::string(501, 'x'); }, "source", "at most 500"},
    {"long quote", [](RawMention& r) { r.rationale_quote = std::string(10'001, 'x'); }, "rationale_quote", "10001"},
    {"long url", [](RawMention& r) { r.url = std::string(2'001, 'x'); }, "url", "at most 2000"},
  };
  for (const auto& row : rows) {
    INFO(row.why);
    const auto answer = after(row.change);
    REQUIRE(std::holds_alternative<FieldError>(answer));
    const auto& error = std::get<FieldError>(answer);
    CHECK(error.field == row.field);
    if (std::string_view{row.reason} != "RFC")
      CHECK_THAT(error.reason, Catch::Contains(row.reason));
    for (const char c : error.reason)
      CHECK((c >= ' ' && c <= '~'));  // fit for a log line whatever came in
  }
}

TEST_CASE("what a call says otherwise than the first one of its key", "[mention]") {
  struct Case {
    const char* told;
    Change change;
  };
  const auto c = GENERATE(values<Case>({
    {"", [](RawMention&) {}},
    {"", [](RawMention& raw) { raw.id = "7"; }},  // a place in somebody's file
    {"", [](RawMention& raw) { raw.symbol = "NVDA"; }},
    {"", [](RawMention& raw) { raw.conviction = "0.750"; }},
    {"", [](RawMention& raw) { raw.published_at = "2026-11-20T14:00:00Z"; }},
    {"", [](RawMention& raw) { raw.created_at.reset(); }},
    {"", [](RawMention& raw) { raw.created_at = raw.published_at = std::nullopt; }},
    {"symbol", [](RawMention& raw) { raw.symbol = "AMD"; }},
    {"action", [](RawMention& raw) { raw.action = "sell"; }},
    {"conviction", [](RawMention& raw) { raw.conviction = "0.8"; }},
    {"conviction", [](RawMention& raw) { raw.conviction.reset(); }},
    {"time_horizon", [](RawMention& raw) { raw.time_horizon = "days"; }},
    {"source", [](RawMention& raw) { raw.source.reset(); }},
    {"rationale_quote", [](RawMention& raw) { raw.rationale_quote = "I like it"; }},
    {"title", [](RawMention& raw) { raw.title = "Sad Money"; }},
    {"url", [](RawMention& raw) { raw.url = "https://example.org/18"; }},
    {"published_at", [](RawMention& raw) { raw.published_at = "2026-11-20T13:00:00Z"; }},
    {"created_at", [](RawMention& raw) { raw.created_at = "2026-11-20T14:05:01Z"; }},
    {"symbol, action, conviction",
     [](RawMention& raw) {
       raw.symbol = "AMD";
       raw.action = "watch";
       raw.conviction = "0.9";
     }},
  }));
  INFO(c.told);
  auto later = intake();
  later.arrival += std::chrono::minutes{1};
  const auto first = std::get<Mention>(validate_mention(sound(), intake()));
  const auto again = std::get<Mention>(after(c.change, later));
  CHECK(differences(first, again, later.arrival) == c.told);
}

TEST_CASE("a file of the past may lie anywhere in time", "[mention]") {
  auto in = intake();
  in.future_tolerance.reset();
  const auto answer = after([](RawMention& r) { r.created_at = "2040-01-01T00:00:00Z"; }, in);
  CHECK(std::get<Mention>(answer).created_at == at("2040-01-01T00:00:00Z"));
}

TEST_CASE("convictions as programs write them", "[mention]") {
  struct Row {
    const char *text, *value;
  };
  const Row rows[]{{"0", "0"},
                   {"1", "1"},
                   {"1.0", "1"},
                   {"1.000000000000", "1"},
                   {"0.5", "0.5"},
                   {"0.30000000000000004", "0.3"},
                   {"0.59999999999999998", "0.6"},
                   {"0.1234567885", "0.123456788"},
                   {"0.1234567895", "0.12345679"},
                   {"0.12345678850000001", "0.123456789"},
                   {"0.9999999999", "1"},
                   {"6.6e-05", "0.000066"},
                   {"5e-1", "0.5"},
                   {"1E0", "1"},
                   {"10e-1", "1"},
                   {"0.05e+1", "0.5"},
                   {"0e9", "0"},
                   {"1e-12", "0"},
                   {"5e-10", "0"},
                   {"15e-10", "0.000000002"},
                   {"5.0000001e-10", "0.000000001"}};
  for (const auto& row : rows) {
    INFO(row.text);
    CHECK(parse_conviction(row.text) == dec(row.value));
  }
  for (const auto* text : {"",
                           ".",
                           "0.",
                           ".5",
                           "01",
                           "2",
                           "1.1",
                           "+0.5",
                           " 0.5",
                           "0.5 ",
                           "0x1",
                           "0.5f",
                           "00.5",
                           "1.0000000001",
                           "1e1",
                           "11e-1",
                           "0.5e",
                           "0.5e+",
                           "0.5e-x",
                           "0.5e--1",
                           "e-1",
                           "1e999",
                           "1e99999999999",
                           "-1e-1",
                           "0.5e-1 "}) {
    INFO(text);
    CHECK_FALSE(parse_conviction(text));
  }
}

TEST_CASE("arbitrary bytes never pass as a symbol, and never throw", "[mention][property]") {
  Chance chance{31};
  for (int i = 0; i < 20'000; ++i) {
    RawMention raw = sound();
    const auto noise = [&] {
      std::string text(static_cast<std::size_t>(chance.below(24)), ' ');
      for (char& c : text)
        c = static_cast<char>(chance.below(256));
      return text;
    };
    raw.symbol = noise();
    raw.external_id = noise();
    raw.conviction = noise();
    raw.created_at = noise();
    const auto answer = validate_mention(raw, intake());
    if (const auto* m = std::get_if<Mention>(&answer))
      CHECK(m->symbol.view().find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") == std::string_view::npos);
    else
      CHECK_FALSE(std::get<FieldError>(answer).reason.empty());
  }
}
