#include "persistence/postgres/connection.hpp"

#include "persistence/postgres/literal.hpp"

#include <pqxx/pqxx>

#include <charconv>
#include <optional>

namespace heed::postgres {
namespace {

const pqxx::result& result_of(const void* result) { return *static_cast<const pqxx::result*>(result); }

/// Adds a connection parameter unless the address has it.
void add_parameter(std::string& url, const std::string& name, const std::string& value) {
  if (url.find(name + '=') != std::string::npos)
    return;
  url += url.find('?') == std::string::npos ? '?' : '&';
  url += name + '=' + value;
}

/// A server that is gone without a word is noticed within some ten seconds.
std::string patient_address(std::string url, std::chrono::seconds patience) {
  add_parameter(url, "connect_timeout", std::to_string(patience.count()));
  add_parameter(url, "application_name", "heed");
  add_parameter(url, "keepalives_idle", "4");
  add_parameter(url, "keepalives_interval", "2");
  add_parameter(url, "keepalives_count", "3");
  add_parameter(url, "tcp_user_timeout", "10000");
  return url;
}

/// One line, without the server's hints about SQL.
std::string one_line(std::string words) {
  for (auto& c : words)
    c = c == '\n' || c == '\r' ? ' ' : c;
  while (!words.empty() && words.back() == ' ')
    words.pop_back();
  return words;
}

std::string with_values(const sql::Query& query) {
  std::string out;
  auto value = query.values().begin();
  for (const char c : query.text()) {
    if (c != '?') {
      out += c;
      continue;
    }
    if (const auto* text = std::get_if<std::string>(&*value))
      append_literal(out, *text);
    else
      out += std::to_string(std::get<std::int64_t>(*value));
    ++value;
  }
  return out;
}

}  // namespace

Error to_error(const Failure& failure, const std::string& name) {
  const auto& state = failure.state;
  const auto error = [&](const char* code, const char* advice) {
    return Error{ErrorKind::unavailable, code, "database " + name + ": " + failure.what() + advice};
  };
  if (state == state_taken_over)
    return error("STORE_FENCED", "; this process may not write any more");
  if (state == state_out_of_step)
    return error("STORE_FENCED", "; somebody else wrote to it");
  if (state == state_held)
    return error("STORE_IN_USE", "; stop it first");
  if (state == state_foreign)
    return error("STORE_FOREIGN", "");
  if (state == state_newer)
    return error("STORE_NEWER", "");
  if (state == state_damaged)
    return error("STORE_DAMAGED", "; restore a backup");
  if (failure.lost)
    return error("STORE_UNREACHABLE", "; check journal.url and that the server runs");
  if (state.starts_with("53"))
    return error("STORE_FULL", "; free space or memory of the server");
  if (state == "25006" || state == "42501")
    return error("STORE_READONLY", "; the user must be allowed to create and change tables there");
  if (state.starts_with("40") || state.starts_with("55"))
    return error("STORE_BUSY", "; another program holds it");
  return error("STORE", "");
}

std::string name_of(const std::string& url) {
  auto from = url.find("://");
  from = from == std::string::npos ? 0 : from + 3;
  const auto end = url.find('?', from);
  auto name = url.substr(from, end == std::string::npos ? end : end - from);
  if (const auto at = name.rfind('@'); at != std::string::npos)
    name.erase(0, at + 1);
  return "postgresql://" + name;
}

std::string_view AnswerRow::raw(int column) const {
  const auto& result = result_of(result_);
  const auto field = result[static_cast<pqxx::result::size_type>(row_)][static_cast<pqxx::row::size_type>(column)];
  return {field.c_str(), field.size()};
}

bool AnswerRow::is_null(int column) const {
  return result_of(result_)[static_cast<pqxx::result::size_type>(row_)][static_cast<pqxx::row::size_type>(column)]
    .is_null();
}

std::int64_t AnswerRow::number(int column) const {
  const auto text = raw(column);
  std::int64_t out = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), out).ec != std::errc{})
    damaged("a column holds \"" + std::string{text.substr(0, 60)} + "\" where a number belongs");
  return out;
}

std::string_view AnswerRow::text(int column) const {
  const auto text = raw(column);
  if (text.find('\xF4') == std::string_view::npos)
    return text;
  decoded_ = from_storable(text);
  return decoded_;
}

const std::vector<std::uint8_t>& AnswerRow::blob(int column) const {
  const auto text = raw(column);
  bytes_.clear();
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (std::size_t i = 2; i + 1 < text.size(); i += 2)
    bytes_.push_back(static_cast<std::uint8_t>(digit(text[i]) << 4 | digit(text[i + 1])));
  return bytes_;
}

void AnswerRow::damaged(const std::string& words) const { throw Failure{std::string{state_damaged}, false, words}; }

struct Connection::Session {
  explicit Session(const std::string& address) : connection{address} {}
  pqxx::connection connection;

  /// The one place where libpqxx's exceptions become ours.
  pqxx::result exec(const std::string& statements) {
    try {
      pqxx::nontransaction work{connection};
      return work.exec(statements);
    } catch (const pqxx::broken_connection& broken) {
      throw Failure{"", true, one_line(broken.what())};
    } catch (const pqxx::sql_error& error) {
      const auto& state = error.sqlstate();
      // 57P0x: the server ends the session, whether the connection has noticed or not.
      const bool lost = state.empty() || state.starts_with("57P") || state.starts_with("08") || !connection.is_open();
      throw Failure{state, lost, one_line(error.what())};
    } catch (const pqxx::failure& failure) {
      throw Failure{"", !connection.is_open(), one_line(failure.what())};
    }
  }
};

Connection::Connection(const std::string& url, std::chrono::seconds patience) {
  try {
    session_ = std::make_unique<Session>(patient_address(url, patience));
  } catch (const pqxx::failure& failure) {
    throw Failure{"", true, one_line(failure.what())};
  }
  // A new session behind our back would not hold what this one holds.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  session_->connection.inhibit_reactivation(true);
#pragma GCC diagnostic pop
  exec(
    "SET client_encoding = 'UTF8'; SET standard_conforming_strings = on; SET bytea_output = 'hex';"
    " SET client_min_messages = error; SET synchronous_commit = on; SET lock_timeout = '10s'");
  std::string encoding;
  run(sql::Query{}.add("SHOW server_encoding"), [&](const AnswerRow& row) {
    encoding = row.text(0);
    return false;
  });
  if (encoding != "UTF8")
    throw Failure{std::string{state_foreign}, false,
                  "its encoding is " + encoding + "; create the database with ENCODING 'UTF8'"};
}

Connection::~Connection() = default;

void Connection::exec(const std::string& statements) { session_->exec(statements); }

Connection::Answer Connection::ask(const sql::Query& query) {
  auto result = std::make_shared<const pqxx::result>(session_->exec(with_values(query)));
  const auto rows = static_cast<int>(result->size());
  return {std::move(result), rows};
}

std::int64_t Connection::number(const sql::Query& query) {
  std::int64_t out = 0;
  run(query, [&](const AnswerRow& row) {
    out = row.is_null(0) ? 0 : row.number(0);
    return false;
  });
  return out;
}

bool Connection::usable() const { return session_->connection.is_open(); }

int Connection::process() const { return session_->connection.backendpid(); }

}  // namespace heed::postgres
