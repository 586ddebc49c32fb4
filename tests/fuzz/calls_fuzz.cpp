// Calls as callers write them: a line of a file, the body of POST /mentions, the body of POST /intents. What is
// accepted can be traded on, is stored and read back unchanged, and is understood alike by file and API.
#include "api/intent_body.hpp"
#include "api/mention_body.hpp"
#include "core/mention_validation.hpp"
#include "persistence/json_read.hpp"
#include "persistence/json_write.hpp"
#include "sources/mention_json.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace heed;
using heed::fuzz::must;

namespace {

core::MentionIntake intake() {
  core::MentionIntake out;
  out.source = "inbox";
  out.arrival = parse_rfc3339("2026-11-20T15:00:00Z").value();
  out.default_conviction = Decimal::parse("0.7");
  return out;
}

void check_mention(const Mention& mention) {
  must(!mention.symbol.empty() && !mention.signal.empty(), "a mention has symbol and signal");
  if (mention.conviction)
    must(!mention.conviction->is_negative() && *mention.conviction <= Decimal{1}, "conviction is 0 to 1");
  const auto text = to_json(mention);
  const auto again = from_json<Mention>(text);
  must(again && to_json(again.value()) == text, "a mention is stored and read back");
}

void check_mentions(std::string_view text) {
  const auto line = read_mention_line(text, intake());
  const auto* mention = std::get_if<Mention>(&line);
  if (mention != nullptr)
    check_mention(*mention);
  const auto body = api::read_mentions(text, intake());
  const auto* batch = std::get_if<api::MentionBatch>(&body);
  if (batch == nullptr)
    return must(mention == nullptr, "what is a line is a body");
  must(batch->indexes.size() == batch->mentions.size(), "every mention has its place");
  must(batch->rejected.size() == batch->rows.size(), "every refusal is kept");
  for (const auto& each : batch->mentions)
    check_mention(each);
  for (const auto& refused : batch->rejected)
    must(!refused.field.empty() && !refused.reason.empty(), "a refusal names field and reason");
  if (mention == nullptr)
    return;
  auto same = *mention;
  same.id = 0;  // through the API the daemon counts
  must(batch->mentions.size() == 1 && to_json(batch->mentions.front()) == to_json(same),
       "file and API understand alike");
}

void check_intent(std::string_view text) {
  const auto json = net::parse_json(text);
  if (!json)
    return;
  const auto read = api::read_intent(json.value());
  const auto* intent = std::get_if<Intent>(&read);
  if (intent == nullptr)
    return must(!std::get<api::Problem>(read).detail.empty(), "a problem says what is wrong");
  must(!intent->symbol.empty() && !intent->account.empty(), "an intent has account and symbol");
  must(intent->size.kind == SizeKind::all || intent->size.kind == SizeKind::signed_target ||
         intent->size.value.is_positive() || intent->action == IntentAction::modify_protection,
       "a size is more than nothing");
  must(!intent->limit_price || intent->limit_price->is_positive(), "a price is positive");
  const auto stored = to_json(*intent);
  const auto again = from_json<Intent>(stored);
  must(again && to_json(again.value()) == stored, "an intent is stored and read back");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::text_of(data, size);
  check_mentions(text);
  check_intent(text);
  return 0;
}
