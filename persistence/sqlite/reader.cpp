#include "persistence/sqlite/reader.hpp"

#include "persistence/sql/pool.hpp"
#include "persistence/sql/reader.hpp"
#include "persistence/sqlite/connections.hpp"

namespace heed::sqlite {
namespace {

class ReadStore {
public:
  using Connection = ReadConnection;

  ReadStore(const std::string& path, const Options& options, std::shared_ptr<const SignalSketch> sketch)
      : path_{path},
        sketch_{std::move(sketch)},
        pool_{std::make_unique<sql::Pool<ReadConnection>>(
          [path, options] { return std::make_unique<ReadConnection>(path, options); }, options.most_readers)} {}

  /// False: the store need not be asked.
  bool may_have(const SignalId& signal) const { return sketch_->may_have(signal); }

  /// The one place where a reader's exceptions become errors.
  template <class Answer, class F>
  Result<Answer> ask(F&& f) {
    try {
      const sql::Pool<ReadConnection>::Lease connection{*pool_};
      return Answer{f(*connection)};
    } catch (const Failure& failure) {
      return to_error(failure, path_);
    }
  }

private:
  std::string path_;
  std::shared_ptr<const SignalSketch> sketch_;
  std::unique_ptr<sql::Pool<ReadConnection>> pool_;
};

}  // namespace

std::shared_ptr<JournalReader> make_reader(const std::string& path, const Options& options,
                                           std::shared_ptr<const SignalSketch> sketch) {
  return std::make_shared<sql::Reader<ReadStore>>(ReadStore{path, options, std::move(sketch)});
}

}  // namespace heed::sqlite
