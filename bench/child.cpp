#include "bench/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <utility>

namespace heed::bench {

Child::Child(std::vector<std::string> command, const std::string& log) {
  int in[2];
  int out[2];
  if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0)
    throw std::runtime_error{"pipe failed"};
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (auto& word : command)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ < 0)
    throw std::runtime_error{"fork failed"};
  if (pid_ == 0) {
    const int errors = ::open(log.c_str(), O_CREAT | O_APPEND | O_WRONLY, 0600);
    ::dup2(in[0], STDIN_FILENO);
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(errors, STDERR_FILENO);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(in[0]);
  ::close(out[1]);
  in_ = in[1];
  out_ = out[0];
}

Child::~Child() { end(); }

void Child::end() {
  if (pid_ < 0)
    return;
  ::close(in_);
  ::kill(pid_, SIGTERM);
  for (int i = 0; i < 500 && running(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  if (pid_ >= 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  ::close(out_);
}

bool Child::running() {
  if (pid_ >= 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_)
    pid_ = -1;
  return pid_ >= 0;
}

std::string Child::line(std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  for (;;) {
    if (const auto end = pending_.find('\n'); end != std::string::npos) {
      auto text = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      return text;
    }
    const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    pollfd ready{out_, POLLIN, 0};
    if (left < 0 || ::poll(&ready, 1, static_cast<int>(left)) <= 0)
      return {};
    char bytes[512];
    const auto count = ::read(out_, bytes, sizeof bytes);
    if (count <= 0)
      return std::exchange(pending_, {});
    pending_.append(bytes, static_cast<std::size_t>(count));
  }
}

std::size_t Child::resident_bytes() const {
  std::ifstream statm{"/proc/" + std::to_string(pid_) + "/statm"};
  std::size_t pages = 0;
  statm >> pages >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

double Child::cpu_seconds() const {
  std::ifstream stat{"/proc/" + std::to_string(pid_) + "/stat"};
  std::string text((std::istreambuf_iterator<char>(stat)), {});
  text.erase(0, text.rfind(')') + 2);  // the name may hold spaces
  double user = 0;
  double system = 0;
  std::size_t field = 3;
  for (std::size_t at = 0; at < text.size(); ++field) {
    const auto end = std::min(text.find(' ', at), text.size());
    if (field == 14)
      user = std::stod(text.substr(at, end - at));
    if (field == 15)
      system = std::stod(text.substr(at, end - at));
    at = end + 1;
  }
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace heed::bench
