#include "net/dial.hpp"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <deque>
#include <list>

namespace heed::net {

namespace http = boost::beast::http;

namespace {

constexpr std::size_t response_head_bytes_max = 64UL * 1024;
constexpr std::size_t response_body_bytes_max = 16UL * 1024 * 1024;
constexpr std::chrono::milliseconds dial_deadline{5'000};

struct Job {
  std::string wire;
  std::string what;  // "POST /v2/orders", for messages
  bool head_only = false;
  Clock::time_point deadline;
  HttpClient::Done done;
};

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
  });
}

// What would let one request be read as two, or not at all.
std::optional<Error> refuse_request(const HttpRequest& request) {
  const auto bad = [](const std::string& detail) { return Error{ErrorKind::invalid, "invalid_request", detail}; };
  if (!is_token(request.method))
    return bad("the method is not a word");
  const bool printable =
    std::all_of(request.target.begin(), request.target.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (request.target.empty() || request.target.front() != '/' || !printable)
    return bad("the target must begin with '/' and have everything but printable ASCII percent-encoded");
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name))
      return bad("a header's name is not a word");
    if (value.find_first_of(std::string_view{"\r\n\0", 3}) != std::string::npos)
      return bad("the value of header " + name + " holds a line break or NUL");
    if (same_name(name, "Content-Length") || same_name(name, "Transfer-Encoding"))
      return bad("header " + name + " is set by the client itself");
  }
  return std::nullopt;
}

// Head and body in one buffer, so that they leave in one write.
std::string to_wire(const HttpRequest& request, const std::string& host) {
  std::string wire;
  wire.reserve(256 + request.target.size() + request.body.size());
  wire.append(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\n");
  if (header(request.headers, "Host").empty())
    wire.append("Host: ").append(host).append("\r\n");
  if (header(request.headers, "User-Agent").empty())
    wire.append("User-Agent: heed\r\n");
  for (const auto& [name, value] : request.headers)
    wire.append(name).append(": ").append(value).append("\r\n");
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH")
    wire.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  wire.append("\r\n").append(request.body);
  return wire;
}

class Pool;

// One connection of the pool. It reads all the time, so that a peer's close is noticed while idle.
class Line final : public std::enable_shared_from_this<Line> {
public:
  Line(std::shared_ptr<Pool> pool, Stream stream)
      : pool_{std::move(pool)}, stream_{std::move(stream)}, in_(16UL * 1024) {}

  void start() { read(); }
  /// Takes over `job` and sends it. Leaves it with the caller, for another connection, when this one was used before
  /// and turns out to be dead before any byte has left.
  void begin(std::unique_ptr<Job>& job);
  bool busy() const { return job_ != nullptr; }
  Clock::time_point deadline() const { return job_ ? job_->deadline : Clock::time_point::max(); }
  /// Ends the connection; a job under way fails as `unknown`, since it has been written at least in part.
  void fail(std::string code, const std::string& detail);
  void close();

private:
  using Parser = http::response_parser<http::string_body>;

  bool is_stale();
  void write_rest(std::size_t from);
  void read();
  void on_read(ErrorCode error, std::size_t bytes);
  bool feed();
  void on_end(ErrorCode error);
  void new_parser();
  void complete();

  std::shared_ptr<Pool> pool_;
  Stream stream_;
  std::vector<char> in_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::optional<Parser> parser_;
  std::unique_ptr<Job> job_;
  std::string out_;  // outlives the job when its deadline passes during the write
  bool used_ = false;
  bool writing_ = false;
  bool closed_ = false;
};

class Pool final : public Closable, public std::enable_shared_from_this<Pool> {
public:
  Pool(Loop& loop_in, Destination destination, std::size_t connections_max)
      : loop{loop_in}, destination_{std::move(destination)}, connections_max_{connections_max}, timer_{loop.io} {}

  void send(const HttpRequest& request, std::chrono::milliseconds deadline, HttpClient::Done done);
  void release();
  void shut_down() override;

  void line_free(const std::shared_ptr<Line>& line);
  void line_closed(const std::shared_ptr<Line>& line);
  /// Never called inside `send`: the caller may hold what its callback needs.
  void answer_later(std::unique_ptr<Job> job, Error error);

  Loop& loop;

private:
  struct Dialing {
    std::shared_ptr<Dial> dial;
    Clock::time_point deadline;
  };

  void take(std::unique_ptr<Job> job);
  void assign();
  void dial();
  void dialed(std::list<Dialing>::iterator which, Result<Stream> stream);
  void watch(Clock::time_point deadline);
  void sweep();

  Destination destination_;
  const std::size_t connections_max_;
  std::deque<std::unique_ptr<Job>> waiting_;
  std::vector<std::shared_ptr<Line>> lines_;
  std::vector<std::shared_ptr<Line>> idle_;  // the most recently used last
  std::list<Dialing> dialing_;
  Timer timer_;
  Clock::time_point timer_at_ = Clock::time_point::max();
  bool known_ = false;     // to the loop
  bool released_ = false;  // no more requests come
};

bool Line::is_stale() {
  char byte = 0;
  // A quiet connection has nothing to read; a close, or bytes nobody asked for, make it unusable.
  const auto n = ::recv(stream_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

void Line::begin(std::unique_ptr<Job>& job) {
  if (closed_ || (used_ && is_stale()))
    return close();
  std::size_t sent = 0;
  if (stream_.tls() == nullptr) {
    ErrorCode error;
    sent = stream_.socket().write_some(asio::buffer(job->wire), error);
    if (error && error != asio::error::would_block && error != asio::error::try_again) {
      close();
      if (!used_) {
        std::string what = job->what + ": " + error.message();
        pool_->answer_later(std::move(job), Error{ErrorKind::not_sent, "write", std::move(what)});
      }
      return;
    }
  }
  job_ = std::move(job);
  out_ = std::move(job_->wire);
  new_parser();
  if (sent < out_.size())
    write_rest(sent);
}

void Line::write_rest(std::size_t from) {
  writing_ = true;
  const auto rest = asio::buffer(out_.data() + from, out_.size() - from);
  const auto written = [self = shared_from_this()](ErrorCode error, std::size_t) {
    self->writing_ = false;
    if (self->closed_ || !error)
      return;
    self->fail("write", error.message());
  };
  asio::async_write(stream_, rest, written);
}

void Line::read() {
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (end_ == in_.size()) {
    std::copy(in_.begin() + static_cast<std::ptrdiff_t>(begin_), in_.end(), in_.begin());
    end_ -= begin_;
    begin_ = 0;
    if (end_ == in_.size())
      in_.resize(in_.size() * 2);
  }
  stream_.async_read_some(
    asio::buffer(in_.data() + end_, in_.size() - end_),
    [self = shared_from_this()](ErrorCode error, std::size_t bytes) { self->on_read(error, bytes); });
}

void Line::on_read(ErrorCode error, std::size_t bytes) {
  if (closed_)
    return;
  end_ += bytes;
  if (bytes > 0 && !feed())
    return;
  if (error)
    return on_end(error);
  read();
}

// False when the connection is over.
bool Line::feed() {
  while (begin_ < end_) {
    if (!job_) {
      fail("malformed", "bytes arrived without a request");
      return false;
    }
    ErrorCode error;
    const auto consumed = parser_->put(asio::const_buffer{in_.data() + begin_, end_ - begin_}, error);
    begin_ += consumed;
    if (error && error != http::error::need_more) {
      fail(error == http::error::body_limit ? "too_large" : "malformed", "unreadable answer: " + error.message());
      return false;
    }
    if (parser_->is_done()) {
      if (parser_->get().result_int() / 100 == 1 && parser_->get().result_int() != 101)
        new_parser();  // an interim answer; the real one follows
      else
        complete();
      if (closed_)
        return false;
    } else if (error || consumed == 0) {
      return true;
    }
  }
  return true;
}

void Line::on_end(ErrorCode error) {
  if (job_ && error == asio::error::eof && parser_->got_some() && parser_->is_header_done()) {
    ErrorCode incomplete;
    parser_->put_eof(incomplete);
    if (!incomplete && parser_->is_done())
      return complete();
  }
  const bool answered = job_ && parser_->got_some();
  fail("closed", answered ? "the connection ended within the answer" : "the connection ended before the answer");
}

void Line::new_parser() {
  parser_.emplace();
  parser_->header_limit(response_head_bytes_max);
  parser_->body_limit(response_body_bytes_max);
  parser_->eager(true);
  parser_->skip(job_->head_only);
}

void Line::complete() {
  const bool keep = parser_->keep_alive() && !parser_->need_eof() && !writing_ && begin_ == end_ &&
                    parser_->get().result_int() != 101;
  HttpResponse response;
  auto message = parser_->release();
  response.status = static_cast<int>(message.result_int());
  response.body = std::move(message.body());
  for (const auto& field : message)
    response.headers.emplace_back(std::string{field.name_string()}, std::string{field.value()});
  const auto job = std::move(job_);
  used_ = true;
  if (keep)
    pool_->line_free(shared_from_this());
  else
    close();
  job->done(std::move(response));
}

void Line::fail(std::string code, const std::string& detail) {
  auto job = std::move(job_);
  close();
  if (job) {
    std::string what = job->what + ": " + detail;
    pool_->answer_later(std::move(job), Error{ErrorKind::unknown, std::move(code), std::move(what)});
  }
}

void Line::close() {
  if (std::exchange(closed_, true))
    return;
  stream_.close();
  pool_->line_closed(shared_from_this());
}

void Pool::send(const HttpRequest& request, std::chrono::milliseconds deadline, HttpClient::Done done) {
  auto job = std::make_unique<Job>();
  job->what = request.method + " " + destination_.name() + request.target.substr(0, request.target.find('?'));
  job->deadline = Clock::now() + deadline;
  job->done = std::move(done);
  job->head_only = request.method == "HEAD";
  auto error = refuse_request(request);
  if (!error)
    error = destination_.refusal();
  if (error)
    return answer_later(std::move(job), std::move(*error));
  job->wire = to_wire(request, destination_.host_header());
  asio::dispatch(loop.io,
                 [self = shared_from_this(), job = std::move(job)]() mutable { self->take(std::move(job)); });
}

void Pool::take(std::unique_ptr<Job> job) {
  if (!std::exchange(known_, true))
    loop.remember(shared_from_this());
  watch(job->deadline);
  waiting_.push_back(std::move(job));
  assign();
}

void Pool::assign() {
  while (!waiting_.empty() && !idle_.empty()) {
    const auto line = idle_.back();
    idle_.pop_back();
    auto job = std::move(waiting_.front());
    waiting_.pop_front();
    line->begin(job);
    if (job)
      waiting_.push_front(std::move(job));
  }
  while (dialing_.size() < waiting_.size() && lines_.size() + dialing_.size() < connections_max_)
    dial();
}

void Pool::dial() {
  const auto deadline = Clock::now() + dial_deadline;
  const auto which = dialing_.insert(dialing_.end(), Dialing{nullptr, deadline});
  which->dial = std::make_shared<Dial>(loop, destination_, [self = shared_from_this(), which](Result<Stream> stream) {
    self->dialed(which, std::move(stream));
  });
  watch(deadline);
  // Posted, since a failure inside would come back while the list is being filled.
  asio::post(loop.io, [dial = which->dial] { dial->start(); });
}

void Pool::dialed(std::list<Dialing>::iterator which, Result<Stream> stream) {
  dialing_.erase(which);
  if (!stream) {
    if (!waiting_.empty()) {
      auto job = std::move(waiting_.front());
      waiting_.pop_front();
      Error error = stream.error();
      error.detail = job->what + ": " + error.detail;
      answer_later(std::move(job), std::move(error));
    }
    return assign();
  }
  const auto line = std::make_shared<Line>(shared_from_this(), std::move(stream).value());
  lines_.push_back(line);
  line->start();
  line_free(line);
}

void Pool::line_free(const std::shared_ptr<Line>& line) {
  if (released_ && waiting_.empty())
    return line->close();
  idle_.push_back(line);
  assign();
}

void Pool::line_closed(const std::shared_ptr<Line>& line) {
  std::erase(lines_, line);
  std::erase(idle_, line);
  if (!waiting_.empty())
    asio::post(loop.io, [self = shared_from_this()] { self->assign(); });
}

void Pool::answer_later(std::unique_ptr<Job> job, Error error) {
  asio::post(loop.io, [job = std::move(job), error = std::move(error)] { job->done(error); });
}

// One timer for all deadlines, moved only when it must fire earlier than set.
void Pool::watch(Clock::time_point deadline) {
  if (timer_at_ <= deadline)
    return;
  timer_at_ = deadline;
  timer_.expires_at(deadline);
  timer_.async_wait([self = shared_from_this()](ErrorCode error) {
    if (!error)
      self->sweep();
  });
}

void Pool::sweep() {
  timer_at_ = Clock::time_point::max();
  const auto now = Clock::now();
  auto next = Clock::time_point::max();
  for (auto& job : waiting_) {
    if (job->deadline > now) {
      next = std::min(next, job->deadline);
      continue;
    }
    std::string what = job->what + ": no connection within the deadline; nothing was sent";
    answer_later(std::exchange(job, nullptr), Error{ErrorKind::not_sent, "timeout", std::move(what)});
  }
  std::erase(waiting_, nullptr);
  const auto lines = lines_;
  for (const auto& line : lines) {
    if (line->deadline() <= now)
      line->fail("timeout", "no answer within the deadline");
    else
      next = std::min(next, line->deadline());
  }
  for (auto it = dialing_.begin(); it != dialing_.end();) {
    if (it->deadline <= now) {
      it->dial->cancel();
      it = dialing_.erase(it);
    } else {
      next = std::min(next, it->deadline);
      ++it;
    }
  }
  if (next != Clock::time_point::max())
    watch(next);
  assign();
}

void Pool::release() {
  released_ = true;
  const auto idle = std::exchange(idle_, {});
  for (const auto& line : idle)
    line->close();
}

void Pool::shut_down() {
  released_ = true;
  timer_.cancel();
  for (auto& dialing : dialing_)
    dialing.dial->cancel();
  dialing_.clear();
  const auto waiting = std::exchange(waiting_, {});
  for (const auto& job : waiting)
    job->done(Error{ErrorKind::not_sent, "shutdown", job->what + ": the network is shutting down"});
  const auto lines = lines_;
  for (const auto& line : lines)
    line->fail("shutdown", "the network is shutting down");
}

class Client final : public HttpClient {
public:
  Client(Loop& loop, Destination destination, std::size_t connections_max)
      : pool_{std::make_shared<Pool>(loop, std::move(destination), std::max<std::size_t>(1, connections_max))} {}
  // Requests under way still get their answers.
  ~Client() override {
    asio::post(pool_->loop.io, [pool = pool_] { pool->release(); });
  }

  void send(HttpRequest request, std::chrono::milliseconds deadline, Done done) override {
    pool_->send(request, deadline, std::move(done));
  }

private:
  std::shared_ptr<Pool> pool_;
};

}  // namespace

std::shared_ptr<HttpClient> make_http_client(Loop& loop, Endpoint endpoint, std::size_t connections_max) {
  return std::make_shared<Client>(loop, Destination{std::move(endpoint), {}}, connections_max);
}

std::shared_ptr<HttpClient> make_unix_http_client(Loop& loop, std::string path, std::size_t connections_max) {
  return std::make_shared<Client>(loop, Destination{{}, std::move(path)}, connections_max);
}

}  // namespace heed::net
