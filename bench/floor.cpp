// How fast can this machine at all make a call durable and pass it on? HTTP in, one fdatasync of a 4 KiB record into
// a preallocated file for all that wait together, HTTP out, answer; nothing is parsed, decided or kept. Spawned and
// loaded by durable_calls, which compares Heed with it.
//
//   bench_floor EXCHANGE_PORT FILE inline|thread     prints "port N"; ends with its standard input
//
// `inline` commits in the I/O thread (best for one caller), `thread` in a thread of its own (best for many).
#include "net/boost_asio.hpp"

#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;
using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

constexpr std::size_t record_bytes = 4096;
constexpr std::size_t records = 4096;

/// A file of zeros, written round and round.
class Log {
public:
  explicit Log(const char* path) : file_{::open(path, O_CREAT | O_TRUNC | O_RDWR, 0600)} {
    if (file_ < 0)
      throw std::runtime_error{std::string{"cannot open "} + path};
    for (std::size_t i = 0; i < records; ++i)
      write(i);
    ::fsync(file_);
  }
  ~Log() { ::close(file_); }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void commit() {
    write(next_++ % records);
    if (::fdatasync(file_) != 0)
      throw std::runtime_error{"fdatasync failed"};
  }

private:
  void write(std::size_t number) {
    const auto at = static_cast<off_t>(number * record_bytes);
    if (::pwrite(file_, record_.data(), record_bytes, at) != static_cast<ssize_t>(record_bytes))
      throw std::runtime_error{"write failed"};
  }

  int file_;
  std::vector<char> record_ = std::vector<char>(record_bytes);
  std::size_t next_ = 0;
};

struct Session;

class Gateway {
public:
  Gateway(std::uint16_t exchange, Log& log, bool threaded)
      : exchange_{asio::ip::address_v4::loopback(), exchange}, log_{log}, threaded_{threaded} {
    if (threaded_)
      committer_ = std::thread{[this] { commit_for_ever(); }};
    accept();
  }
  ~Gateway() {
    if (!threaded_)
      return;
    {
      const std::scoped_lock lock{mutex_};
      stopped_ = true;
    }
    wake_.notify_one();
    committer_.join();
  }
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  asio::io_context& io() { return io_; }
  void make_durable(std::shared_ptr<Session> session);
  /// A connection to the exchange, from the pool.
  std::unique_ptr<tcp::socket> connection() {
    if (pool_.empty()) {
      auto socket = std::make_unique<tcp::socket>(io_);
      socket->connect(exchange_);
      socket->set_option(tcp::no_delay{true});
      return socket;
    }
    auto socket = std::move(pool_.back());
    pool_.pop_back();
    return socket;
  }
  void give_back(std::unique_ptr<tcp::socket> socket) { pool_.push_back(std::move(socket)); }

private:
  void accept();
  void commit_for_ever();
  void commit_inline();

  asio::io_context io_{1};
  tcp::acceptor acceptor_{io_, {asio::ip::address_v4::loopback(), 0}};
  tcp::endpoint exchange_;
  Log& log_;
  bool threaded_;
  std::vector<std::unique_ptr<tcp::socket>> pool_;
  std::vector<std::shared_ptr<Session>> waiting_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopped_ = false;
  std::thread committer_;
};

struct Session : std::enable_shared_from_this<Session> {
  Session(Gateway& owner, tcp::socket client) : gateway{owner}, socket{std::move(client)} {}

  void read() {
    request = {};
    http::async_read(socket, buffer, request, [self = shared_from_this()](ErrorCode error, std::size_t) {
      if (!error)
        self->gateway.make_durable(self);
    });
  }
  void durable() {
    upstream = gateway.connection();
    order = Request{http::verb::post, "/v2/orders", 11};
    order.set(http::field::host, "127.0.0.1");
    order.set(http::field::content_type, "application/json");
    order.body() = std::move(request.body());
    order.prepare_payload();
    http::async_write(*upstream, order, [self = shared_from_this()](ErrorCode error, std::size_t) {
      if (error)
        return;
      self->answer = {};
      http::async_read(*self->upstream, self->upstream_buffer, self->answer, [self](ErrorCode failed, std::size_t) {
        if (!failed)
          self->respond();
      });
    });
  }
  void respond() {
    gateway.give_back(std::move(upstream));
    response = Response{http::status::accepted, 11};
    response.set(http::field::content_type, "application/json");
    response.body() = "{\"accepted\":true}";
    response.prepare_payload();
    http::async_write(socket, response, [self = shared_from_this()](ErrorCode error, std::size_t) {
      if (!error)
        self->read();
    });
  }

  Gateway& gateway;
  tcp::socket socket;
  std::unique_ptr<tcp::socket> upstream;
  beast::flat_buffer buffer, upstream_buffer;
  Request request, order;
  Response answer, response;
};

void Gateway::accept() {
  acceptor_.async_accept([this](ErrorCode error, tcp::socket socket) {
    if (error)
      return;
    socket.set_option(tcp::no_delay{true});
    std::make_shared<Session>(*this, std::move(socket))->read();
    accept();
  });
}

void Gateway::make_durable(std::shared_ptr<Session> session) {
  if (threaded_) {
    {
      const std::scoped_lock lock{mutex_};
      waiting_.push_back(std::move(session));
    }
    wake_.notify_one();
    return;
  }
  waiting_.push_back(std::move(session));
  if (waiting_.size() == 1)
    asio::post(io_, [this] { commit_inline(); });
}

void Gateway::commit_inline() {
  const auto group = std::exchange(waiting_, {});
  log_.commit();
  for (const auto& session : group)
    session->durable();
}

void Gateway::commit_for_ever() {
  for (;;) {
    std::vector<std::shared_ptr<Session>> group;
    {
      std::unique_lock lock{mutex_};
      wake_.wait(lock, [this] { return stopped_ || !waiting_.empty(); });
      if (stopped_)
        return;
      group.swap(waiting_);
    }
    log_.commit();
    asio::post(io_, [group = std::move(group)] {
      for (const auto& session : group)
        session->durable();
    });
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: bench_floor EXCHANGE_PORT FILE inline|thread\n");
    return 2;
  }
  Log log{argv[2]};
  Gateway gateway{static_cast<std::uint16_t>(std::atoi(argv[1])), log, std::strcmp(argv[3], "thread") == 0};
  std::printf("port %u\n", static_cast<unsigned>(gateway.port()));
  std::fflush(stdout);
  std::thread parent{[&] {
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) > 0) {
    }
    gateway.io().stop();
  }};
  gateway.io().run();
  parent.join();
  return 0;
}
