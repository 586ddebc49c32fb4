// The power goes in the middle of something: of what was not synced yet, some is there, some is not, some is there in
// part, in any order.
#include "tests/persistence/fault_vfs.hpp"
#include "tests/persistence/support.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

using namespace heed;
using namespace heed::test;

namespace {

using Change = FaultDisk::Change;
constexpr std::size_t sector = 512;

void make(std::string& file, const Change& change, std::size_t bytes) {
  if (change.kind == Change::Kind::truncate) {
    file.resize(static_cast<std::size_t>(change.at));
    return;
  }
  const auto at = static_cast<std::size_t>(change.at);
  if (file.size() < at + bytes)
    file.resize(at + bytes);
  file.replace(at, bytes, change.bytes, 0, bytes);
}

/// A file as the disk has it for certain, and what it was told since.
struct Kept {
  std::string synced;
  std::vector<Change> since;
};

/// What a disk may hold at one moment.
struct Disk {
  std::map<std::string, Kept> files;
  int acknowledged = 0;

  void take(const Change& change) {
    if (change.kind == Change::Kind::remove) {  // SQLite syncs the folder with it
      files.erase(change.file);
      return;
    }
    auto& file = files[change.file];
    file.since.push_back(change);
    if (change.kind != Change::Kind::sync)
      return;
    file.since.pop_back();
    for (const auto& made : file.since)
      make(file.synced, made, made.bytes.size());
    file.since.clear();
  }

  /// One of the many states that a power cut can leave.
  void put(const std::string& folder, std::mt19937_64& random) const {
    for (const auto& [name, kept] : files) {
      auto content = kept.synced;
      auto changes = kept.since;
      std::shuffle(changes.begin(), changes.end(), random);
      for (const auto& change : changes) {
        const auto fate = random() % 3;
        if (fate == 0)
          continue;  // never arrived
        const auto sectors = change.bytes.size() / sector;
        const bool torn = fate == 1 && sectors > 1;
        make(content, change, torn ? sector * (1 + random() % (sectors - 1)) : change.bytes.size());
      }
      std::ofstream{folder + "/" + std::filesystem::path{name}.filename().string(), std::ios::binary} << content;
    }
  }
};

Batch numbered(int n) {
  const auto id = "o-" + std::to_string(n);
  return {{an_event("planned", "main", "NVDA", "s-1", id.c_str(), n)},
          {a_signal("s-" + std::to_string(n), n), an_order(id, OrderStatus::submitted, n),
           an_order("o-1", n % 2 == 0 ? OrderStatus::filled : OrderStatus::accepted, 1),
           a_position("main", "NVDA", "Open", true, n)}};
}

/// The disk before each of its changes, while a journal is made and written to, checkpoints included.
std::vector<Disk> watch_a_life(FaultDisk& layer, const std::string& path) {
  std::vector<Disk> moments;
  Disk now;
  layer.watch([&](const Change& change) {
    moments.push_back(now);
    now.take(change);
  });
  sqlite::Options options;
  options.vfs = FaultDisk::name();
  options.checkpoint_pages = 40;
  auto pair = must(sqlite::open_journal(path, options));
  for (int n = 2; n <= 40; ++n) {
    auto batch = numbered(n);
    append(*pair.writer, batch);
    now.acknowledged = n - 1;
  }
  moments.push_back(now);
  layer.watch({});
  return moments;
}

}  // namespace

TEST_CASE("sqlite: a power cut at any moment keeps what was acknowledged, and halves nothing",
          "[persistence][fault]") {
  FaultDisk layer;
  TempFolder folder;
  const auto moments = watch_a_life(layer, folder.file());
  REQUIRE(moments.size() > 150);
  std::mt19937_64 random{7};
  int lost_tails = 0;
  for (std::size_t i = 0; i < moments.size(); ++i)
    for (int damage = 0; damage < 3; ++damage) {
      INFO("before change " << i << ", damage " << damage);
      TempFolder after;
      moments[i].put(after.path(), random);
      auto opened = open_sqlite_journal(after.file());
      if (!opened) {
        // Only while the file is being made may it be left as nobody can use it; then nothing was promised.
        REQUIRE(moments[i].acknowledged == 0);
        CHECK((opened.error().code == "STORE_DAMAGED" || opened.error().code == "STORE_FOREIGN"));
        continue;
      }
      auto& reader = *opened.value().reader;
      const auto last = must(reader.verify());
      REQUIRE(last >= moments[i].acknowledged);
      REQUIRE(last <= moments[i].acknowledged + 1);
      lost_tails += last == moments[i].acknowledged ? 1 : 0;
      for (std::int64_t n = 2; n <= last + 1; ++n) {
        REQUIRE(must(reader.order("o-" + std::to_string(n))).has_value());
        REQUIRE(must(reader.has_signal("s-" + std::to_string(n))));
      }
      CHECK_FALSE(must(reader.order("o-" + std::to_string(last + 2))).has_value());
      auto next = numbered(static_cast<int>(last) + 2);
      append(*opened.value().writer, next);
      CHECK(must(reader.verify()) == last + 1);
    }
  CHECK(lost_tails > 100);
}
