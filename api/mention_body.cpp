#include "api/mention_body.hpp"

#include "api/body.hpp"
#include "net/json.hpp"
#include "persistence/json_write.hpp"
#include "sources/mention_json.hpp"

#include <utility>

namespace heed::api {
namespace {

using core::FieldError;
using net::Json;

void write_json(std::string& out, const Json& value) {
  if (out.size() > rejected_body_max)
    return;
  switch (value.kind) {
    case Json::Kind::null: out += "null"; break;
    case Json::Kind::boolean: out += value.boolean ? "true" : "false"; break;
    case Json::Kind::number: out += value.text; break;
    case Json::Kind::string: append_json(out, value.text); break;
    case Json::Kind::array:
      out += '[';
      for (std::size_t i = 0; i < value.items.size(); ++i) {
        out += i == 0 ? "" : ",";
        write_json(out, value.items[i]);
      }
      out += ']';
      break;
    case Json::Kind::object:
      out += '{';
      for (std::size_t i = 0; i < value.members.size(); ++i) {
        out += i == 0 ? "" : ",";
        append_json(out, value.members[i].first);
        out += ':';
        write_json(out, value.members[i].second);
      }
      out += '}';
      break;
  }
}

/// The input as text again, capped.
std::string kept_body(const Json& item) {
  std::string out;
  write_json(out, item);
  if (out.size() > rejected_body_max)
    out.resize(rejected_body_max);
  return out;
}

void add(MentionBatch& batch, std::size_t index, const Json& item, const core::MentionIntake& intake) {
  auto answer = read_mention(item, intake);
  if (auto* mention = std::get_if<Mention>(&answer)) {
    mention->id = 0;
    batch.mentions.push_back(std::move(*mention));
    batch.indexes.push_back(index);
    return;
  }
  auto& error = std::get<FieldError>(answer);
  RejectedInputRow row;
  row.source = intake.source;
  row.position = "http";
  row.field = error.field;
  row.reason = error.reason;
  row.body = kept_body(item);
  row.at = intake.arrival;
  batch.rows.push_back(std::move(row));
  batch.rejected.push_back({index, std::move(error.field), std::move(error.reason)});
}

}  // namespace

std::variant<MentionBatch, Problem> read_mentions(std::string_view body, const core::MentionIntake& intake) {
  auto parsed = parse_body(body, false);
  if (auto* problem = std::get_if<Problem>(&parsed))
    return std::move(*problem);
  const auto& document = std::get<Json>(parsed);
  MentionBatch batch;
  if (document.is_object()) {
    add(batch, 0, document, intake);
  } else if (document.is_array()) {
    for (std::size_t i = 0; i < document.items.size(); ++i)
      add(batch, i, document.items[i], intake);
  } else {
    return Problem{
      400,
      "BODY_INVALID",
      "the body must be one mention (an object) or a list of them, not " + std::string{net::kind_name(document.kind)},
      {},
      {},
      false,
      {}};
  }
  return batch;
}

}  // namespace heed::api
