#include "tests/persistence/postgres_server.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <pqxx/pqxx>

#include <chrono>
#include <filesystem>
#include <optional>
#include <thread>
#include <vector>

namespace heed::test {
namespace {

constexpr const char* user = "heed_test";

/// Debian keeps the server's programs out of the path, one folder per version.
std::string program(const std::string& name) {
  const std::filesystem::path root{"/usr/lib/postgresql"};
  std::filesystem::path found;
  std::error_code ignored;
  for (const auto& version : std::filesystem::directory_iterator{root, ignored})
    if (std::filesystem::exists(version.path() / "bin" / name))
      found = std::max(found, version.path() / "bin" / name);
  if (found.empty())
    FAIL("no PostgreSQL server is installed; scripts/install-deps.sh installs one");
  return found.string();
}

// The server refuses to run as root: then it runs as the user that its package made.
const passwd* someone_else() {
  if (geteuid() != 0)
    return nullptr;
  const auto* other = getpwnam("postgres");
  if (other == nullptr)
    FAIL(
      "running as root, and there is no user postgres; scripts/install-deps.sh installs the server that brings it");
  return other;
}

/// A process of ours, which ends when we do.
pid_t start(const std::vector<std::string>& command, const std::string& log) {
  const auto* other = someone_else();
  const pid_t id = fork();
  REQUIRE(id >= 0);
  if (id > 0)
    return id;
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  if (other != nullptr && (setgroups(0, nullptr) != 0 || setgid(other->pw_gid) != 0 || setuid(other->pw_uid) != 0))
    _exit(126);
  prctl(PR_SET_PDEATHSIG, SIGQUIT);
  std::vector<char*> words;
  for (const auto& word : command)
    words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  setenv("LC_ALL", "C.UTF-8", 1);
  execv(words[0], words.data());
  _exit(127);
}

/// How the process ended; killed, and empty, when it does not end within the limit.
std::optional<int> ended(pid_t id, std::chrono::seconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  int status = 0;
  while (waitpid(id, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > until) {
      kill(id, SIGKILL);
      waitpid(id, &status, 0);
      return std::nullopt;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  return status;
}

constexpr std::chrono::seconds patience{120};

}  // namespace

PostgresServer& PostgresServer::get() {
  static PostgresServer server;
  return server;
}

PostgresServer::PostgresServer() {
  // In memory where the system offers it: what these tests end is processes, not the machine's power.
  const std::filesystem::path shared{"/dev/shm"};
  const auto root = std::filesystem::is_directory(shared) ? shared : std::filesystem::temp_directory_path();
  auto pattern = (root / "heed-postgres-XXXXXX").string();
  REQUIRE(mkdtemp(pattern.data()) != nullptr);
  folder_ = pattern;
  if (const auto* other = someone_else())
    REQUIRE(chown(folder_.c_str(), other->pw_uid, other->pw_gid) == 0);
  const auto log = folder_ + ".log";
  const auto data = folder_ + "/data";
  INFO("see " << log);
  const auto made = start(
    {program("initdb"), "-D", data, "-U", user, "-A", "trust", "-E", "UTF8", "--no-sync", "--no-instructions"}, log);
  REQUIRE(ended(made, patience) == 0);
  process_ = start(
    {program("postgres"), "-D", data, "-k", folder_, "-c", "listen_addresses=", "-c", "fsync=off", "-c",
     "shared_buffers=16MB", "-c", "max_connections=60", "-c", "autovacuum=off", "-c", "client_min_messages=error"},
    log);
  const auto until = std::chrono::steady_clock::now() + patience;
  for (;;) {
    try {
      const pqxx::connection ready{"host=" + folder_ + " user=" + user + " dbname=postgres"};
      return;
    } catch (const pqxx::failure& failure) {
      INFO(failure.what());
      REQUIRE(std::chrono::steady_clock::now() < until);
      REQUIRE(waitpid(process_, nullptr, WNOHANG) == 0);
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
  }
}

PostgresServer::~PostgresServer() {
  kill(process_, SIGQUIT);
  ended(process_, patience);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
  std::filesystem::remove(folder_ + ".log", ignored);
}

std::string PostgresServer::socket() const { return folder_ + "/.s.PGSQL.5432"; }

std::string PostgresServer::new_schema() {
  const auto base = "postgresql:///postgres?host=" + folder_ + "&user=" + user;
  const auto name = "s" + std::to_string(++schemas_);
  meddle(base, "CREATE SCHEMA " + name);
  return base + "&options=-csearch_path%3D" + name;
}

std::string PostgresServer::through(const std::string& url, const std::string& folder) const {
  auto out = url;
  out.replace(out.find(folder_), folder_.size(), folder);
  return out;
}

void PostgresServer::meddle(const std::string& url, const std::string& sql) {
  pqxx::connection connection{url};
  pqxx::nontransaction work{connection};
  work.exec(sql);
}

std::string PostgresServer::value(const std::string& url, const std::string& sql) {
  pqxx::connection connection{url};
  pqxx::nontransaction work{connection};
  const auto answer = work.exec(sql);
  return answer.empty() ? std::string{} : std::string{answer[0][0].c_str()};
}

}  // namespace heed::test
