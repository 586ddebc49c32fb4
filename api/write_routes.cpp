// What changes something: mentions, intents, closing, pausing, the kill switch.
#include "api/body.hpp"
#include "api/checks.hpp"
#include "api/intent_body.hpp"
#include "api/mention_body.hpp"
#include "api/render.hpp"
#include "api/route.hpp"
#include "core/naming.hpp"

#include <algorithm>
#include <utility>

namespace heed::api {
namespace {

constexpr std::size_t key_size_max = 200;
constexpr std::size_t reason_size_max = 500;

Problem fault(std::string detail) { return {500, "INTERNAL", std::move(detail), {}, {}, false, {}}; }

template <class T>
void answer_error(const CallPtr& call, const Result<T>& result) {
  call->problem(to_problem(result.error()));
}

// --- mentions ------------------------------------------------------------------------------------------------------

struct Refused {
  std::vector<std::size_t> indexes;  // of the accepted and the duplicates
  std::vector<RejectedMention> rejected;
};

void append_receipts(std::string& out, const std::vector<MentionReceipt>& receipts,
                     const std::vector<std::size_t>& indexes, bool duplicates) {
  bool first = true;
  for (std::size_t i = 0; i < receipts.size(); ++i) {
    if (receipts[i].duplicate != duplicates || !receipts[i].refused.empty())
      continue;
    out += first ? "{\"mention_id\":" : ",{\"mention_id\":";
    first = false;
    append_json(out, receipts[i].mention_id);
    out += ",\"signal_id\":";
    append_json(out, receipts[i].signal);
    out += ",\"index\":";
    append_json(out, indexes[i]);
    out += '}';
  }
}

/// By their places in the body, whoever refused them: the reading of the body, or the watcher.
std::vector<RejectedMention> all_rejected(const std::vector<MentionReceipt>& receipts, const Refused& batch) {
  auto all = batch.rejected;
  for (std::size_t i = 0; i < receipts.size(); ++i)
    if (!receipts[i].refused.empty())
      all.push_back({batch.indexes[i], "external_id", receipts[i].refused});
  std::ranges::sort(all, {}, &RejectedMention::index);
  return all;
}

std::string receipt_body(const std::vector<MentionReceipt>& receipts, const Refused& batch) {
  std::string out = "{\"accepted\":[";
  append_receipts(out, receipts, batch.indexes, false);
  out += "],\"duplicates\":[";
  append_receipts(out, receipts, batch.indexes, true);
  out += "],\"rejected\":[";
  bool first = true;
  for (const auto& r : all_rejected(receipts, batch)) {
    out += std::exchange(first, false) ? "{\"index\":" : ",{\"index\":";
    append_json(out, r.index);
    out += ",\"field\":";
    append_json(out, r.field);
    out += ",\"reason\":";
    append_json(out, r.reason);
    out += '}';
  }
  return out + "]}";
}

void answer_mentions(const CallPtr& call, const Refused& batch, const Result<std::vector<MentionReceipt>>& result) {
  if (!result)
    return answer_error(call, result);
  if (result.value().size() != batch.indexes.size())
    return call->problem(fault("the daemon gave " + std::to_string(result.value().size()) + " receipts for " +
                               std::to_string(batch.indexes.size()) + " mentions"));
  call->json(202, receipt_body(result.value(), batch));
}

std::variant<SourceId, Problem> read_inbox(const Context& context, const Call& call) {
  const auto inboxes = context.port.inboxes();
  if (inboxes.empty())
    return Problem{409,  "NO_INBOX", "no source of kind \"inbox\" is configured; add one and a route from it", {}, {},
                   true, {}};
  if (!call.has_query("source"))
    return inboxes.front();
  std::vector<std::string> known;
  for (const auto& inbox : inboxes) {
    if (inbox.view() == call.query("source"))
      return inbox;
    known.push_back(inbox.str());
  }
  auto problem = unknown_name("inbox", "SOURCE_UNKNOWN", call.query("source"), known);
  problem.field = "source";
  return problem;
}

void post_mentions(Context& context, const CallPtr& call) {
  const auto inbox = read_inbox(context, *call);
  if (const auto* problem = std::get_if<Problem>(&inbox))
    return call->problem(*problem);
  core::MentionIntake intake;
  intake.source = std::get<SourceId>(inbox);
  intake.arrival = context.now();
  const auto conviction = context.options.default_convictions.find(intake.source.str());
  if (conviction != context.options.default_convictions.end())
    intake.default_conviction = conviction->second;
  auto read = read_mentions(call->request.body, intake);
  if (const auto* problem = std::get_if<Problem>(&read))
    return call->problem(*problem);
  auto& batch = std::get<MentionBatch>(read);
  Refused refused{std::move(batch.indexes), std::move(batch.rejected)};
  if (refused.indexes.empty() && refused.rejected.empty())
    return call->json(202, receipt_body({}, refused));
  context.port.submit_mentions(
    intake.source, std::move(batch.mentions), std::move(batch.rows), intake.arrival,
    [call, refused = std::move(refused)](const Result<std::vector<MentionReceipt>>& result) {
      answer_mentions(call, refused, result);
    });
}

// --- intents -------------------------------------------------------------------------------------------------------

/// The key of the header, or of the body where it may stand too.
std::variant<std::string, Problem> read_key(const Call& call, const std::string& in_body, bool required) {
  const std::string in_header{net::header(call.request.headers, "Idempotency-Key")};
  const auto problem = [](std::string code, std::string detail) {
    return Problem{400, std::move(code), std::move(detail), "Idempotency-Key", {}, false, {}};
  };
  if (!in_header.empty() && !in_body.empty() && in_header != in_body)
    return problem("IDEMPOTENCY_KEY_INVALID", "the Idempotency-Key header and the field idempotency_key differ");
  const auto& key = in_header.empty() ? in_body : in_header;
  if (key.empty() && required)
    return problem("IDEMPOTENCY_KEY_MISSING",
                   "the Idempotency-Key header is missing: a text of your own that is the same when you try again");
  if (key.size() > key_size_max || !is_plain_text(key))
    return problem("IDEMPOTENCY_KEY_INVALID", "the Idempotency-Key must be plain text of at most 200 characters");
  return key;
}

std::variant<Intent, Problem> read_whole_intent(const Context& context, const Call& call) {
  auto body = parse_body(call.request.body, false);
  if (auto* problem = std::get_if<Problem>(&body))
    return std::move(*problem);
  auto read = read_intent(std::get<net::Json>(body));
  if (std::holds_alternative<Problem>(read))
    return read;
  auto& intent = std::get<Intent>(read);
  auto key = read_key(call, intent.idempotency_key, true);
  if (auto* problem = std::get_if<Problem>(&key))
    return std::move(*problem);
  if (auto problem = check_account(context, intent.account.str()))
    return std::move(*problem);
  intent.idempotency_key = std::get<std::string>(key);
  intent.source = "api";
  intent.created_at = context.now();
  intent.signal = core::signal_id(intent.source, intent.account.str() + "\n" + intent.idempotency_key);
  intent.intent_id = core::intent_id(intent.signal, intent.account, 0);
  return read;
}

void post_intent(Context& context, const CallPtr& call) {
  auto intent = read_whole_intent(context, *call);
  if (const auto* problem = std::get_if<Problem>(&intent))
    return call->problem(*problem);
  context.port.submit_intent(std::move(std::get<Intent>(intent)), [call](Result<IntentReceipt> result) {
    if (!result)
      return answer_error(call, result);
    std::string out = "{\"signal_id\":";
    append_json(out, result.value().signal);
    out += std::string{",\"duplicate\":"} + (result.value().duplicate ? "true}" : "false}");
    call->json(result.value().duplicate ? 200 : 202, std::move(out));
  });
}

// --- controls ------------------------------------------------------------------------------------------------------

std::string default_by(const Call& call) { return call.local ? "local" : "api"; }

void answer_decision(const CallPtr& call, const Result<Decision>& result) {
  if (!result)
    return answer_error(call, result);
  std::string out = "{\"signal_id\":";
  append_json(out, result.value().signal);
  std::string decision;
  append_decision(decision, result.value(), {});
  out += ",\"decision\":" + decision + "}";
  call->json(202, std::move(out));
}

void post_close(Context& context, const CallPtr& call) {
  if (const auto problem = check_account(context, call->captures[0]))
    return call->problem(*problem);
  const auto symbol = read_symbol(call->captures[1]);
  if (const auto* problem = std::get_if<Problem>(&symbol))
    return call->problem(*problem);
  auto body = parse_body(call->request.body, true);
  if (const auto* bad = std::get_if<Problem>(&body))
    return call->problem(*bad);
  std::optional<Problem> problem;
  ObjectReader reader{std::get<net::Json>(body), "", problem};
  CloseRequest request;
  request.account = call->captures[0];
  request.symbol = std::get<Symbol>(symbol);
  request.quantity = reader.decimal("quantity");
  if (request.quantity && !request.quantity->is_positive())
    reader.fail("quantity", "FIELD_INVALID", "must be more than 0; leave it away to close all");
  request.by = reader.text("by", 64).value_or(default_by(*call));
  reader.finish();
  auto key = read_key(*call, "", false);
  if (auto* bad = std::get_if<Problem>(&key); bad != nullptr && !problem)
    problem = std::move(*bad);
  if (problem)
    return call->problem(*problem);
  request.idempotency_key = std::get<std::string>(key);
  context.port.close_position(std::move(request),
                              [call](const Result<Decision>& result) { answer_decision(call, result); });
}

void post_adopt(Context& context, const CallPtr& call) {
  if (const auto problem = check_account(context, call->captures[0]))
    return call->problem(*problem);
  const auto symbol = read_symbol(call->captures[1]);
  if (const auto* problem = std::get_if<Problem>(&symbol))
    return call->problem(*problem);
  auto body = parse_body(call->request.body, false);
  if (const auto* problem = std::get_if<Problem>(&body))
    return call->problem(*problem);
  auto read = read_adoption(std::get<net::Json>(body));
  if (const auto* problem = std::get_if<Problem>(&read))
    return call->problem(*problem);
  auto key = read_key(*call, "", false);
  if (const auto* problem = std::get_if<Problem>(&key))
    return call->problem(*problem);
  auto& intent = std::get<Intent>(read);
  intent.account = call->captures[0];
  intent.symbol = std::get<Symbol>(symbol);
  intent.idempotency_key = std::get<std::string>(key);
  if (intent.subreason.empty())
    intent.subreason = default_by(*call);
  context.port.adopt_position(std::move(intent),
                              [call](const Result<Decision>& result) { answer_decision(call, result); });
}

std::variant<PauseRequest, Problem> read_pause(const Context& context, const Call& call) {
  if (auto problem = check_account(context, call.captures[0]))
    return std::move(*problem);
  auto body = parse_body(call.request.body, true);
  if (auto* bad = std::get_if<Problem>(&body))
    return std::move(*bad);
  std::optional<Problem> problem;
  ObjectReader reader{std::get<net::Json>(body), "", problem};
  PauseRequest request;
  request.account = call.captures[0];
  request.strategy = reader.text("strategy", StrategyId::capacity).value_or("");
  if (const auto symbol = reader.text("symbol", 64)) {
    auto checked = read_symbol(*symbol);
    if (auto* bad = std::get_if<Problem>(&checked))
      return std::move(*bad);
    request.symbol = std::get<Symbol>(checked);
  }
  request.reason = reader.text("reason", reason_size_max).value_or("");
  request.by = reader.text("by", 64).value_or(default_by(call));
  reader.finish();
  if (problem)
    return std::move(*problem);
  return request;
}

void post_pause(Context& context, const CallPtr& call) {
  auto request = read_pause(context, *call);
  if (const auto* problem = std::get_if<Problem>(&request))
    return call->problem(*problem);
  context.port.pause(std::move(std::get<PauseRequest>(request)), [call](Result<Pause> result) {
    if (!result)
      return answer_error(call, result);
    call->json(200, shown(result.value()));
  });
}

void post_resume(Context& context, const CallPtr& call) {
  auto request = read_pause(context, *call);
  if (const auto* problem = std::get_if<Problem>(&request))
    return call->problem(*problem);
  context.port.resume(std::move(std::get<PauseRequest>(request)), [call](Result<std::int32_t> result) {
    if (!result)
      return answer_error(call, result);
    call->json(200, "{\"resumed\":" + std::to_string(result.value()) + "}");
  });
}

void post_kill(Context& context, const CallPtr& call) {
  auto body = parse_body(call->request.body, false);
  if (const auto* bad = std::get_if<Problem>(&body))
    return call->problem(*bad);
  std::optional<Problem> problem;
  ObjectReader reader{std::get<net::Json>(body), "", problem};
  KillRequest request;
  const auto level = reader.choice<KillLevel>("level");
  if (!level)
    reader.missing("level", "stop_opening, cancel_open_orders, flatten, or none to lift it");
  request.level = level.value_or(request.level);
  if (const auto account = reader.text("account", 64)) {
    if (auto unknown = check_account(context, *account))
      return call->problem(*unknown);
    request.account = AccountId{*account};
  }
  request.by = reader.text("by", 64).value_or(default_by(*call));
  reader.finish();
  if (problem)
    return call->problem(*problem);
  const auto name = std::string{to_string(request.level)};
  context.port.kill(std::move(request), [call, name](Result<std::vector<AccountId>> result) {
    if (!result)
      return answer_error(call, result);
    std::string out = "{\"level\":\"" + name + "\",\"accounts\":";
    append_json(out, result.value());
    call->json(200, out + "}");
  });
}

Route write_route(std::string path, std::string operation, std::string summary, std::string request_schema,
                  std::string response_schema, std::vector<int> statuses, Handler handler) {
  return {.method = "POST",
          .pattern = "/api/v1/" + std::move(path),
          .operation = std::move(operation),
          .summary = std::move(summary),
          .request_schema = std::move(request_schema),
          .response_schema = std::move(response_schema),
          .statuses = std::move(statuses),
          .handler = std::move(handler)};
}

}  // namespace

void add_write_routes(std::vector<Route>& to) {
  auto mentions =
    write_route("mentions", "postMentions", "Hands in one mention or a list of them. Answered when they are durable.",
                "MentionInput", "MentionReceipts", {202, 409, 503}, post_mentions);
  mentions.parameters = {{"source", ParamKind::name, "The inbox; by default the first one configured."}};
  mentions.body_required = true;
  to.push_back(mentions);
  auto intents =
    write_route("intents", "postIntent",
                "Hands in an intent. Needs an Idempotency-Key: the same key with the same body gives the "
                "first answer again (200), with another body 409.",
                "IntentInput", "IntentReceipt", {202, 200, 404, 409, 503}, post_intent);
  intents.body_required = true;
  to.push_back(intents);
  to.push_back(write_route("positions/{account}/{symbol}/close", "closePosition",
                           "Closes a position, or a quantity of it. Passes every pause.", "CloseInput",
                           "CloseReceipt", {202, 404, 409, 503}, post_close));
  auto adopt = write_route("positions/{account}/{symbol}/adopt", "adoptPosition",
                           "Takes over what the broker holds here besides Heed's own, or a quantity of it, for a "
                           "strategy: from then on it is protected, counted and closed as that strategy's.",
                           "AdoptInput", "AdoptReceipt", {202, 404, 409, 503}, post_adopt);
  adopt.body_required = true;
  to.push_back(adopt);
  to.push_back(write_route("accounts/{account}/pause", "pauseAccount",
                           "Stops new risk on an account, or on a strategy or symbol of it.", "PauseInput", "Pause",
                           {200, 404, 409, 503}, post_pause));
  to.push_back(write_route("accounts/{account}/resume", "resumeAccount", "Ends pauses; with the same scope.",
                           "PauseInput", "Resumed", {200, 404, 409, 503}, post_resume));
  auto kill = write_route("kill", "kill", "The kill switch, for one account or all.", "KillInput", "Killed",
                          {200, 404, 409, 503}, post_kill);
  kill.body_required = true;
  to.push_back(kill);
}

}  // namespace heed::api
