#include "net/connection.hpp"

#include <atomic>
#include <charconv>

namespace heed::net {

namespace {

constexpr std::size_t buffer_bytes_first = 4UL * 1024;
constexpr std::size_t buffer_bytes_kept = 64UL * 1024;
constexpr std::size_t discard_bytes_max = 4UL * 1024 * 1024;
constexpr std::chrono::milliseconds discard_deadline{2'000};

bool is_header_value(std::string_view value) {
  return value.find_first_of(std::string_view{"\r\n\0", 3}) == std::string_view::npos;
}

// Framing belongs to the connection; a handler's own idea of it would desynchronise the reader.
bool is_framing(std::string_view name) {
  return same_name(name, "Content-Length") || same_name(name, "Transfer-Encoding") || same_name(name, "Connection");
}

bool is_sound(const HttpResponse& response) {
  if (response.status < 200 || response.status > 599)
    return false;
  for (const auto& [name, value] : response.headers) {
    if (name.empty() || name.find_first_of(" :\t") != std::string::npos || !is_header_value(name) ||
        !is_header_value(value))
      return false;
  }
  return true;
}

void append_number(std::string& out, std::size_t number) {
  char text[24];
  out.append(text, std::to_chars(text, text + sizeof text, number).ptr);
}

}  // namespace

// A stream's queue: writers on any thread fill `pending`, the network thread takes it.
struct Connection::Outgoing {
  std::mutex mutex;
  std::string pending;
  std::size_t queued_bytes = 0;  // pending and being written
  bool flush_posted = false;
  bool gone = false;
  bool ending = false;
};

namespace {

class StreamWriter final : public Responder::Stream {
public:
  StreamWriter(Loop& loop, std::weak_ptr<Connection> connection, std::shared_ptr<Connection::Outgoing> outgoing,
               std::size_t bytes_max)
      : loop_{loop}, connection_{std::move(connection)}, outgoing_{std::move(outgoing)}, bytes_max_{bytes_max} {}
  ~StreamWriter() override { close(); }

  bool write(std::string chunk) override {
    bool fits = false;
    {
      const std::lock_guard lock{outgoing_->mutex};
      if (outgoing_->gone || outgoing_->ending)
        return false;
      fits = outgoing_->queued_bytes + chunk.size() <= bytes_max_;
      if (fits) {
        outgoing_->queued_bytes += chunk.size();
        outgoing_->pending += chunk;
        if (std::exchange(outgoing_->flush_posted, true))
          return true;
      } else {
        outgoing_->gone = true;
      }
    }
    tell([fits](Connection& connection) { fits ? connection.flush_stream() : connection.close(); });
    return fits;
  }

  void close() override {
    {
      const std::lock_guard lock{outgoing_->mutex};
      if (outgoing_->gone || std::exchange(outgoing_->ending, true))
        return;
    }
    tell([](Connection& connection) { connection.flush_stream(); });
  }

private:
  template <class Task>
  void tell(Task task) {
    if (auto connection = connection_.lock())
      asio::post(loop_.io, [connection = std::move(connection), task] { task(*connection); });
  }

  Loop& loop_;
  std::weak_ptr<Connection> connection_;
  std::shared_ptr<Connection::Outgoing> outgoing_;
  std::size_t bytes_max_;
};

// A stream that could not be opened: the client left first.
class DeadWriter final : public Responder::Stream {
public:
  bool write(std::string) override { return false; }
  void close() override {}
};

class ConnectionResponder final : public Responder {
public:
  ConnectionResponder(Loop& loop, std::weak_ptr<Connection> connection, std::uint64_t serial)
      : loop_{loop}, connection_{std::move(connection)}, serial_{serial} {}

  ~ConnectionResponder() override {
    if (!answered_.exchange(true))
      deliver(problem(500, "the request was dropped without an answer"));
  }

  void respond(HttpResponse response) override {
    if (!answered_.exchange(true))
      deliver(std::move(response));
  }

  void abort(std::string raw_bytes) override {
    if (answered_.exchange(true))
      return;
    if (auto connection = connection_.lock())
      asio::dispatch(loop_.io, [connection, serial = serial_, raw_bytes = std::move(raw_bytes)] {
        connection->abort(serial, raw_bytes);
      });
  }

  std::shared_ptr<Stream> stream(HttpResponse head) override;

private:
  void deliver(HttpResponse response) {
    auto connection = connection_.lock();
    if (!connection)
      return;
    if (loop_.on_its_thread())
      return connection->answer(serial_, std::move(response));
    asio::post(loop_.io,
               [connection = std::move(connection), serial = serial_, response = std::move(response)]() mutable {
                 connection->answer(serial, std::move(response));
               });
  }

  Loop& loop_;
  std::weak_ptr<Connection> connection_;  // empty: the server is gone, and perhaps the loop
  std::uint64_t serial_;
  std::atomic<bool> answered_{false};
};

std::shared_ptr<Responder::Stream> ConnectionResponder::stream(HttpResponse head) {
  auto connection = connection_.lock();
  if (answered_.exchange(true) || !connection)
    return std::make_shared<DeadWriter>();
  auto outgoing = std::make_shared<Connection::Outgoing>();
  auto writer =
    std::make_shared<StreamWriter>(loop_, connection, outgoing, connection->core().limits.outgoing_bytes_max);
  asio::dispatch(loop_.io, [connection, serial = serial_, outgoing, head = std::move(head)]() mutable {
    connection->open_stream(serial, std::move(head), outgoing);
  });
  return writer;
}

}  // namespace

bool ServerCore::close_idle(bool tcp) {
  std::shared_ptr<Connection> longest;
  for (const auto& [raw, connection] : connections) {
    const auto since = connection->is_tcp() == tcp ? connection->idle_since() : std::nullopt;
    if (since && (!longest || *since < *longest->idle_since()))
      longest = connection;
  }
  if (longest)
    longest->close();
  return longest != nullptr;
}

void ServerCore::tell_if_empty() {
  if (open_count() != 0)
    return;
  const auto tasks = std::exchange(when_empty, {});
  for (const auto& task : tasks)
    task();
}

Connection::Connection(std::shared_ptr<ServerCore> core, Socket socket, std::string peer, bool tcp)
    : core_{std::move(core)}, socket_{std::move(socket)}, timer_{core_->loop.io}, peer_{std::move(peer)}, tcp_{tcp} {}

void Connection::start() {
  core_->connections.emplace(this, shared_from_this());
  ++core_->open(tcp_);
  ErrorCode ignored;
  socket_.non_blocking(true, ignored);
  if (tcp_)
    socket_.set_option(asio::ip::tcp::no_delay{true}, ignored);
  in_.resize(buffer_bytes_first);
  await_request();
}

// Takes requests until one waits for bytes or for its answer. Not re-entered when a handler answers at once, so that
// a buffer full of pipelined requests does not become a deep stack.
void Connection::pump() {
  if (std::exchange(pumping_, true))
    return;
  while (phase_ == Phase::reading && take_request()) {
  }
  pumping_ = false;
  if (phase_ == Phase::reading)
    read_more();
}

bool Connection::take_request() {
  if (unread().empty() && !head_)
    return false;
  if (!std::exchange(started_, true))
    set_deadline(core_->limits.read_deadline);
  if (!head_ && !take_head())
    return false;
  if (phase_ != Phase::reading)
    return true;
  const auto length = static_cast<std::size_t>(head_->content_length);
  if (unread().size() < length)
    return false;
  head_->request.body.assign(unread().substr(0, length));
  begin_ += length;
  dispatch();
  return true;
}

// False: more bytes are needed. True: there is a head, or the request was refused.
bool Connection::take_head() {
  auto scanned = scanner_->scan(unread());
  if (auto* refusal = std::get_if<Refusal>(&scanned)) {
    refuse(refusal->status, refusal->detail);
    return true;
  }
  const auto* complete = std::get_if<HeadScanner::Complete>(&scanned);
  if (complete == nullptr)
    return false;
  auto parsed = parse_request_head(unread().substr(0, complete->bytes), core_->limits);
  begin_ += complete->bytes;
  if (auto* refusal = std::get_if<Refusal>(&parsed)) {
    refuse(refusal->status, refusal->detail);
    return true;
  }
  head_ = std::move(std::get<RequestHead>(parsed));
  check_expectation();
  return true;
}

void Connection::check_expectation() {
  if (!head_->expects_continue || unread().size() >= head_->content_length)
    return;
  constexpr std::string_view interim = "HTTP/1.1 100 Continue\r\n\r\n";
  ErrorCode error;
  // 25 bytes into an empty send buffer; a client that left them no room reads nothing anyway.
  if (socket_.write_some(asio::buffer(interim.data(), interim.size()), error) != interim.size())
    close();
}

void Connection::dispatch() {
  ++serial_;
  phase_ = Phase::handling;
  clear_deadline();
  RequestHead head = std::move(*head_);
  head_.reset();
  keep_ = head.keep_alive && !core_->stopping;
  head_only_ = head.request.method == "HEAD";
  head.request.peer = peer_;
  if (head.websocket && core_->on_upgrade) {
    head_ = std::move(head);
    return upgrade();
  }
  auto responder = std::make_shared<ConnectionResponder>(core_->loop, weak_from_this(), serial_);
  try {
    core_->on_request(std::move(head.request), responder);
  } catch (const std::exception&) {
    responder->respond(problem(500, "the handler of this request failed"));
  }
}

void Connection::upgrade() {
  const HttpRequest request = std::move(head_->request);
  head_.reset();
  if (!unread().empty())
    return refuse(400, "bytes followed the upgrade request before its answer");
  UpgradeDecision decision = core_->on_upgrade(request);
  if (!decision.handlers) {
    const bool error = decision.refuse_status >= 400 && decision.refuse_status <= 599;
    return refuse(error ? decision.refuse_status : 500, "the WebSocket upgrade is refused");
  }
  const ServerLimits& limits = core_->limits;
  WebSocketOptions options;
  options.message_bytes_max = limits.websocket_message_bytes_max;
  options.outgoing_bytes_max = limits.outgoing_bytes_max;
  options.open_deadline = limits.write_deadline;
  options.ping_every = limits.websocket_ping_every;
  options.pong_deadline = limits.websocket_pong_deadline;
  const auto id = core_->next_websocket++;
  ++core_->open(tcp_);
  decision.handlers->on_close = [core = core_, id, tcp = tcp_,
                                 on_close = std::move(decision.handlers->on_close)](std::string reason) {
    core->websockets.erase(id);
    --core->open(tcp);
    if (on_close)
      on_close(std::move(reason));
    core->tell_if_empty();
  };
  core_->websockets[id] =
    accept_websocket(core_->loop, Stream{std::move(socket_)}, request, std::move(*decision.handlers), options);
  close();
}

void Connection::read_more() {
  make_room();
  socket_.async_read_some(asio::buffer(in_.data() + end_, in_.size() - end_),
                          [self = shared_from_this()](ErrorCode error, std::size_t bytes) {
                            if (self->phase_ != Phase::reading)
                              return;
                            if (error)
                              return self->close();
                            self->end_ += bytes;
                            self->pump();
                          });
}

// Memory follows what has arrived, not what a Content-Length promises.
void Connection::make_room() {
  if (begin_ == end_) {
    begin_ = end_ = 0;
    if (in_.size() > buffer_bytes_kept) {
      in_.resize(buffer_bytes_first);
      in_.shrink_to_fit();
    }
  } else if (begin_ > 0) {
    std::copy(in_.begin() + static_cast<std::ptrdiff_t>(begin_), in_.begin() + static_cast<std::ptrdiff_t>(end_),
              in_.begin());
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == in_.size())
    in_.resize(in_.size() * 2);
}

void Connection::refuse(int status, const std::string& detail) {
  keep_ = false;
  ++serial_;
  phase_ = Phase::handling;
  answer(serial_, problem(status, detail));
}

void Connection::answer(std::uint64_t serial, HttpResponse response) {
  if (phase_ != Phase::handling || serial != serial_)
    return;
  if (!is_sound(response))
    response = problem(500, "the answer could not be written: its status or a header is not valid");
  compose(response, false);
  phase_ = Phase::writing;
  write_out();
}

void Connection::compose(const HttpResponse& response, bool stream) {
  out_.clear();
  out_ += "HTTP/1.1 ";
  append_number(out_, static_cast<std::size_t>(response.status));
  out_ += ' ';
  out_ += reason_phrase(response.status);
  out_ += "\r\n";
  for (const auto& [name, value] : response.headers) {
    if (is_framing(name))
      continue;
    out_.append(name).append(": ").append(value).append("\r\n");
  }
  const bool bodiless = response.status == 204 || response.status == 304;
  if (!bodiless && !stream) {
    out_ += "Content-Length: ";
    append_number(out_, response.body.size());
    out_ += "\r\n";
  }
  if (!keep_ || stream)
    out_ += "Connection: close\r\n";
  out_ += "\r\n";
  if (!bodiless && !head_only_)
    out_ += response.body;
}

// Most answers fit into the socket at once; only what does not waits for the reactor.
void Connection::write_out() {
  ErrorCode error;
  const std::size_t bytes = socket_.write_some(asio::buffer(out_), error);
  if (error && error != asio::error::would_block && error != asio::error::try_again)
    return close();
  if (bytes == out_.size())
    return written();
  write_rest(bytes);
}

void Connection::write_rest(std::size_t from) {
  set_deadline(core_->limits.write_deadline);
  asio::async_write(socket_, asio::buffer(out_.data() + from, out_.size() - from),
                    [self = shared_from_this()](ErrorCode error, std::size_t) {
                      if (self->phase_ == Phase::closed)
                        return;
                      if (error)
                        return self->close();
                      self->written();
                    });
}

void Connection::written() {
  if (out_.capacity() > buffer_bytes_kept)
    out_ = {};
  if (phase_ == Phase::streaming)
    return end_stream_write();
  if (!keep_ || core_->stopping)
    return drain();
  phase_ = Phase::reading;
  started_ = false;
  await_request();
}

void Connection::await_request() {
  scanner_.emplace(core_->limits);
  idle_since_ = Clock::now();
  set_deadline(idle_since_ + core_->limits.idle_deadline);
  pump();
}

std::optional<Clock::time_point> Connection::idle_since() const {
  return phase_ == Phase::reading && !started_ ? std::optional{idle_since_} : std::nullopt;
}

void Connection::abort(std::uint64_t serial, const std::string& raw_bytes) {
  if (phase_ != Phase::handling || serial != serial_)
    return;
  keep_ = false;
  if (raw_bytes.empty())
    return close();
  out_ = raw_bytes;
  phase_ = Phase::writing;
  write_out();
}

void Connection::open_stream(std::uint64_t serial, HttpResponse head, std::shared_ptr<Outgoing> outgoing) {
  if (phase_ != Phase::handling || serial != serial_) {
    const std::lock_guard lock{outgoing->mutex};
    outgoing->gone = true;
    return;
  }
  if (!is_sound(head))
    head = problem(500, "the stream's head could not be written: its status or a header is not valid");
  keep_ = false;
  compose(head, true);
  stream_ = std::move(outgoing);
  stream_writing_ = true;
  phase_ = Phase::streaming;
  watch_reader();
  write_out();
}

void Connection::flush_stream() {
  if (phase_ != Phase::streaming || stream_writing_)
    return;
  bool ending = false;
  {
    const std::lock_guard lock{stream_->mutex};
    stream_->flush_posted = false;
    out_ = std::exchange(stream_->pending, {});
    ending = stream_->ending;
  }
  if (out_.empty()) {
    if (ending || core_->stopping)
      drain();
    return;
  }
  stream_writing_ = true;
  stream_write_bytes_ = out_.size();
  write_out();
}

void Connection::end_stream_write() {
  clear_deadline();
  stream_writing_ = false;
  bool more = core_->stopping;
  {
    const std::lock_guard lock{stream_->mutex};
    stream_->queued_bytes -= std::exchange(stream_write_bytes_, 0);
    more |= stream_->ending || !stream_->pending.empty();
  }
  // Posted, not called: a writer faster than the socket must not grow the stack or starve the other connections.
  if (more)
    asio::post(core_->loop.io, [self = shared_from_this()] { self->flush_stream(); });
}

// Nothing more is expected from a stream's client; reading tells when it leaves.
void Connection::watch_reader() {
  begin_ = end_ = 0;
  socket_.async_read_some(asio::buffer(in_), [self = shared_from_this()](ErrorCode error, std::size_t) {
    if (self->phase_ != Phase::streaming)
      return;
    if (error)
      return self->close();
    self->watch_reader();
  });
}

// Closing with unread bytes would reset the connection and could take the answer with it: say that nothing more
// comes, and read what the peer still sends, within bounds.
void Connection::drain() {
  if (stream_) {
    const std::lock_guard lock{stream_->mutex};
    stream_->gone = true;
  }
  ErrorCode error;
  socket_.shutdown(Socket::shutdown_send, error);
  if (error)
    return close();
  const bool reading_already = phase_ == Phase::streaming;
  phase_ = Phase::draining;
  set_deadline(discard_deadline);
  if (reading_already)
    socket_.cancel(error);
  discard(discard_bytes_max);
}

void Connection::discard(std::size_t allowance) {
  socket_.async_read_some(asio::buffer(in_),
                          [self = shared_from_this(), allowance](ErrorCode error, std::size_t bytes) {
                            if (self->phase_ != Phase::draining)
                              return;
                            if (error || bytes > allowance)
                              return self->close();
                            self->discard(allowance - bytes);
                          });
}

void Connection::stop() {
  switch (phase_) {
    case Phase::handling:
    case Phase::writing: keep_ = false; break;  // the answer under way closes
    case Phase::streaming: {
      {
        const std::lock_guard lock{stream_->mutex};
        stream_->ending = true;
      }
      flush_stream();
      break;
    }
    case Phase::reading:
    case Phase::draining: close(); break;
    case Phase::closed: break;
  }
}

void Connection::close() {
  if (std::exchange(phase_, Phase::closed) == Phase::closed)
    return;
  if (stream_) {
    const std::lock_guard lock{stream_->mutex};
    stream_->gone = true;
  }
  ErrorCode ignored;
  socket_.close(ignored);
  timer_.cancel();
  const auto self = core_->connections.extract(this);  // not destroyed before this function is done
  --core_->open(tcp_);
  core_->tell_if_empty();
}

// One timer a connection, moved only when it must fire earlier than set: a later deadline is found when it fires.
void Connection::set_deadline(Clock::time_point when) {
  deadline_ = when;
  if (timer_at_ <= when)
    return;
  timer_at_ = when;
  timer_.expires_at(when);
  timer_.async_wait([self = shared_from_this()](ErrorCode error) {
    if (!error && self->phase_ != Phase::closed)
      self->on_timer();
  });
}

void Connection::on_timer() {
  timer_at_ = Clock::time_point::max();
  if (deadline_ == Clock::time_point::max())
    return;
  if (Clock::now() < deadline_)
    return set_deadline(deadline_);
  if (phase_ == Phase::reading && started_)
    return refuse(408,
                  "the request did not arrive within " + std::to_string(core_->limits.read_deadline.count()) + " ms");
  close();
}

}  // namespace heed::net
