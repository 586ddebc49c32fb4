#include "persistence/postgres/postgres_journal.hpp"

#include "persistence/open_postgres.hpp"
#include "persistence/postgres/writer.hpp"
#include "persistence/sql/pool.hpp"
#include "persistence/sql/reader.hpp"

#include <unistd.h>

#include <array>
#include <optional>

namespace heed {
namespace postgres {
namespace {

/// A session that cannot write: what sql::Reader asks.
class ReadConnection {
public:
  explicit ReadConnection(const Options& options) : connection_{options.url, options.connect_patience} {
    connection_.exec("SET default_transaction_read_only = on");
  }

  /// Everything inside sees one state of the database.
  class Snapshot {
  public:
    explicit Snapshot(ReadConnection& connection) : connection_{connection} {
      connection_.connection_.exec("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    }
    ~Snapshot() {
      try {
        connection_.connection_.exec("COMMIT");
      } catch (const Failure&) {
        connection_.spoilt_ = true;
      }
    }
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;

  private:
    ReadConnection& connection_;
  };

  template <class F>
  void run(const sql::Query& query, F&& f) {
    connection_.run(query, std::forward<F>(f));
  }
  /// The server checks its own pages (data_checksums) as they are read.
  void check_whole() {}
  std::int64_t head_seq() { return read_head(connection_).seq; }
  [[noreturn]] void damaged(const std::string& words) const {
    throw Failure{std::string{state_damaged}, false, words};
  }
  bool usable() const { return !spoilt_ && connection_.usable(); }

  static constexpr std::string_view working =
    "status NOT IN ('filled', 'canceled', 'expired', 'rejected', 'replaced')";
  static constexpr std::string_view undecided = "signal IN (SELECT signal FROM undecided)";
  static constexpr std::string_view decision_of_signal = "d.signal=signals.signal";
  static constexpr std::string_view signal_of_decision = "s.signal=decisions.signal";
  static std::string use_index(const std::string&) { return {}; }  // the server knows best
  static void add_signals(sql::Query& query, std::span<const std::string> signals) {
    query.add(" AND signal IN ").add_list(signals);
  }
  static void add_signal(sql::Query& query, const std::string& signal) { query.add(" AND signal=?", signal); }

private:
  Connection connection_;
  bool spoilt_ = false;
};

class ReadStore {
public:
  using Connection = ReadConnection;

  explicit ReadStore(const Options& options)
      : name_{name_of(options.url)},
        pool_{std::make_unique<sql::Pool<ReadConnection>>(
          [options] { return std::make_unique<ReadConnection>(options); }, options.most_readers)} {}

  /// The one place where a reader's exceptions become errors. A session that was lost while nobody used it is found
  /// out by its next use; then the question is asked again on another, and at last on a new one.
  template <class Answer, class F>
  Result<Answer> ask(F&& f) {
    constexpr int most_tries = 6;  // more than sessions can be stale
    for (int attempt = 1;; ++attempt) {
      std::optional<sql::Pool<ReadConnection>::Lease> connection;
      try {
        connection.emplace(*pool_);
      } catch (const Failure& failure) {
        return to_error(failure, name_);
      }
      try {
        return Answer{f(**connection)};
      } catch (const Failure& failure) {
        if (!failure.lost || attempt == most_tries)
          return to_error(failure, name_);
      }
    }
  }

private:
  std::string name_;
  std::unique_ptr<sql::Pool<ReadConnection>> pool_;
};

std::string who_we_are() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0)
    host[0] = '?';
  return "process " + std::to_string(getpid()) + " on " + host.data();
}

}  // namespace

Result<JournalPair> open_journal(Options options) {
  if (options.holder.empty())
    options.holder = who_we_are();
  try {
    auto held = take_over(options);
    auto reader = std::make_shared<sql::Reader<ReadStore>>(ReadStore{options});
    return JournalPair{std::make_unique<Writer>(options, std::move(held)), std::move(reader)};
  } catch (const Failure& failure) {
    return to_error(failure, name_of(options.url));
  }
}

}  // namespace postgres

Result<JournalPair> open_postgres_journal(const PostgresJournal& where) {
  postgres::Options options;
  options.url = where.url;
  options.wait_for_holder = where.wait_for_holder;
  return postgres::open_journal(std::move(options));
}

Result<std::shared_ptr<JournalReader>> read_postgres_journal(const std::string& url) {
  postgres::Options options;
  options.url = url;
  try {
    postgres::Connection connection{url, options.connect_patience};
    postgres::check_schema(connection);
  } catch (const postgres::Failure& failure) {
    return postgres::to_error(failure, postgres::name_of(url));
  }
  return std::shared_ptr<JournalReader>{
    std::make_shared<sql::Reader<postgres::ReadStore>>(postgres::ReadStore{options})};
}

}  // namespace heed
