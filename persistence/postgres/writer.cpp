#include "persistence/postgres/writer.hpp"

#include "persistence/json_write.hpp"
#include "persistence/postgres/literal.hpp"
#include "persistence/sql/columns.hpp"

#include <array>
#include <thread>
#include <variant>

namespace heed::postgres {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds between_connects{1};
constexpr std::string_view final_kinds =
  "('filled','closed','no_op','risk_denied','dry_run','broker_rejected','expired','cancelled','superseded',"
  "'duplicate_of','invalid','failed')";

template <class Field>
void append_value(std::string& out, const Field& field) {
  if constexpr (json_detail::is_optional<Field>) {
    if (field)
      append_value(out, *field);
    else
      out += "NULL";
  } else if constexpr (std::convertible_to<const Field&, std::string_view>) {
    append_literal(out, std::string_view{field});
  } else if constexpr (NamedEnum<Field>) {
    append_literal(out, to_string(field));
  } else if constexpr (std::integral<Field>) {
    out += std::to_string(static_cast<std::int64_t>(field));
  } else if constexpr (json_detail::FieldStruct<Field>) {
    append_literal(out, to_json(field));
  } else {
    append_literal(out, short_text(field).view());
  }
}

template <class T>
void append_values(std::string& out, const T& row) {
  char before = '(';
  for_each_column(row, [&](std::string_view, const auto& field) {
    out += before;
    before = ',';
    append_value(out, field);
  });
}

/// The rows of one table in one statement.
template <class T>
void append_upsert(std::string& out, std::span<Row* const> rows) {
  static const auto begin = "INSERT INTO " + std::string{Table<T>::name} + '(' + sql::column_list<T>() + ")VALUES";
  static const auto end = sql::on_conflict<T>() + ';';
  bool any = false;
  for (const auto* row : rows) {
    const auto* of_table = std::get_if<T>(row);
    if (of_table == nullptr)
      continue;
    out += any ? "," : begin;
    any = true;
    append_values(out, *of_table);
    out += ')';
  }
  if (any)
    out += end;
}

template <std::size_t... I>
void append_upserts(std::string& out, std::span<Row* const> rows, std::index_sequence<I...>) {
  (append_upsert<std::variant_alternative_t<I, Row>>(out, rows), ...);
}

}  // namespace

Writer::Writer(Options options, Held held)
    : options_{std::move(options)},
      name_{name_of(options_.url)},
      connection_{std::move(held.connection)},
      process_{connection_->process()},
      head_{held.head},
      last_broker_call_{connection_->number(sql::Query{}.add("SELECT max(id) FROM broker_calls"))} {}

Status Writer::append(std::span<Batch* const> batches) {
  if (over_)
    return *over_;
  try {
    if (!is_connected())
      return Error{ErrorKind::unavailable, "STORE_UNREACHABLE",
                   "database " + name_ + ": no connection; trying again in a moment"};
    if (!batches.empty())
      return commit(batches);
    check_epoch(*connection_, head_.epoch);
    return Ok{};
  } catch (const Failure& failure) {
    return fail(failure);
  }
}

Status Writer::commit(std::span<Batch* const> batches) {
  compose(batches);
  for (int attempt = 1;; ++attempt) {
    try {
      connection_->exec(text_);
      break;
    } catch (const Failure& failure) {
      if (!failure.lost) {
        take_back(batches);
        auto status = fail(failure);
        if (!over_)
          connection_->exec("ROLLBACK");
        return status;
      }
      const auto fate = look_for_commit();
      if (fate == Fate::committed)
        break;
      if (fate == Fate::undone && attempt == 1)
        continue;
      take_back(batches);
      auto error = over_ ? *over_ : to_error(failure, name_);
      if (fate == Fate::unknown) {
        error.kind = ErrorKind::unknown;
        if (!over_)
          over_ = Error{ErrorKind::unavailable, "STORE_REOPEN",
                        "database " + name_ + ": the fate of an earlier write is unknown; open it again"};
      }
      return error;
    }
  }
  head_ = next_;
  last_broker_call_ = next_broker_call_;
  return Ok{};
}

// Nothing of the transaction is there. One who was fenced off stays so.
Status Writer::fail(const Failure& failure) {
  auto error = to_error(failure, name_);
  if (error.code == "STORE_FENCED")
    over_ = error;
  if (failure.lost)
    connection_.reset();
  return error;
}

bool Writer::is_connected() {
  if (connection_ && connection_->usable())
    return true;
  connection_.reset();
  const auto now = steady_clock::now();  // tidy:allow-clock: how often a server is bothered
  if (now < not_before_)
    return false;
  not_before_ = now + between_connects;
  auto held = come_back(options_, head_.epoch, process_);
  if (held.head.commits != head_.commits)
    throw Failure{std::string{state_out_of_step}, false, "the journal has commits that its holder did not make"};
  connection_ = std::move(held.connection);
  process_ = connection_->process();
  return true;
}

// With the old session ended and its lock ours again, what the journal says is final.
Writer::Fate Writer::look_for_commit() {
  connection_.reset();
  const auto until = steady_clock::now() + options_.resolve_patience;  // tidy:allow-clock: a server is waited for
  do {
    try {
      auto held = come_back(options_, head_.epoch, process_);
      connection_ = std::move(held.connection);
      process_ = connection_->process();
      if (held.head.commits == head_.commits)
        return Fate::undone;
      return held.head.commits == next_.commits && held.head.hash == next_.hash ? Fate::committed : Fate::unknown;
    } catch (const Failure& failure) {
      if (to_error(failure, name_).code == "STORE_FENCED") {
        over_ = to_error(failure, name_);
        return Fate::unknown;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{200});
    }
  } while (steady_clock::now() < until);  // tidy:allow-clock: a server is waited for
  return Fate::unknown;
}

void Writer::compose(std::span<Batch* const> batches) {
  next_ = head_;
  ++next_.commits;
  next_broker_call_ = last_broker_call_;
  plan_.plan(batches);
  text_ = "BEGIN;SELECT heed_guard(" + std::to_string(head_.epoch) + ',' + std::to_string(head_.commits) + ");";
  compose_rows();
  compose_marks();
  compose_events(batches);
  text_ += "UPDATE journal_head SET commits=" + std::to_string(next_.commits) + ",seq=" + std::to_string(next_.seq) +
           ",hash=";
  append_literal(text_, next_.hash);
  text_ += ";COMMIT";
}

void Writer::compose_rows() {
  for (auto* row : plan_.rows())
    if (auto* call = std::get_if<BrokerCallRow>(row))
      call->id = ++next_broker_call_;
  append_upserts(text_, plan_.rows(), std::make_index_sequence<std::variant_size_v<Row>>{});
}

// A start looks only at the signals in `undecided`; a signal leaves it when its last decision is final.
void Writer::compose_marks() {
  std::string signals;
  const auto add = [&signals](const SignalId& signal) {
    signals += signals.empty() ? "" : ",";
    append_literal(signals, signal);
  };
  for (const auto* row : plan_.rows())
    if (const auto* signal = std::get_if<SignalRow>(row))
      add(signal->signal);
    else if (const auto* decision = std::get_if<Decision>(row))
      add(decision->signal);
  if (signals.empty())
    return;
  text_ += "DELETE FROM undecided WHERE signal IN (" + signals +
           ");INSERT INTO undecided SELECT signal FROM signals s WHERE signal IN (" + signals +
           ") AND (SELECT count(*) FILTER (WHERE disposition IN " + std::string{final_kinds} +
           ")<greatest(s.followers,count(*)) FROM decisions d WHERE d.signal=s.signal);";
}

void Writer::compose_events(std::span<Batch* const> batches) {
  static const auto begin = "INSERT INTO journal(" + sql::column_list<JournalEvent>() + ",hash)VALUES";
  bool any = false;
  for (auto* batch : batches)
    for (auto& event : batch->events) {
      event.seq = ++next_.seq;
      next_.hash = hasher_.link(next_.hash, event);
      text_ += any ? "," : begin;
      any = true;
      append_values(text_, event);
      text_ += ',';
      append_literal(text_, next_.hash);
      text_ += ')';
    }
  if (any)
    text_ += ';';
}

void Writer::take_back(std::span<Batch* const> batches) {
  for (auto* batch : batches) {
    for (auto& event : batch->events)
      event.seq = 0;
    for (auto& row : batch->rows)
      if (auto* call = std::get_if<BrokerCallRow>(&row))
        call->id = 0;
  }
}

}  // namespace heed::postgres
