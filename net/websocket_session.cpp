#include "net/websocket_session.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>

#include <array>
#include <atomic>
#include <deque>
#include <mutex>

namespace heed::net {

namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;

namespace {

constexpr std::chrono::milliseconds closing_deadline{2'000};

// Closes the stream when draining it takes too long.
struct DrainLimit {
  explicit DrainLimit(Stream& of) : stream{&of}, timer{of.get_executor(), closing_deadline} {}
  Stream* stream;
  Timer timer;
};

// Reads what the peer still sends until it closes, so that the close frame before it is not lost to a reset.
template <class Handler>
struct Drain {
  Stream* stream;
  Handler handler;
  std::shared_ptr<DrainLimit> limit;
  std::unique_ptr<std::array<char, 4096>> trash = std::make_unique<std::array<char, 4096>>();
  std::size_t left = 1024UL * 1024;

  void operator()(ErrorCode error = {}, std::size_t bytes = 0) {
    if (error || bytes > left) {
      limit->stream = nullptr;
      limit->timer.cancel();
      asio::post(stream->get_executor(), [handler_ = std::move(handler)]() mutable { handler_(ErrorCode{}); });
      return;
    }
    left -= bytes;
    const auto buffer = asio::buffer(*trash);
    Stream* const from = stream;
    from->socket().async_read_some(buffer, std::move(*this));
  }
};

}  // namespace

// Found by Beast through the stream's namespace.
template <class Handler>
void async_teardown(beast::role_type, Stream& stream, Handler&& handler) {
  ErrorCode ignored;
  stream.socket().shutdown(Socket::shutdown_send, ignored);
  auto limit = std::make_shared<DrainLimit>(stream);
  limit->timer.async_wait([limit](ErrorCode) {
    if (limit->stream != nullptr)
      limit->stream->close();
  });
  Drain<std::decay_t<Handler>>{&stream, std::forward<Handler>(handler), limit}();
}
void teardown(beast::role_type, Stream& stream, ErrorCode& error) {
  stream.close();
  error = {};
}
void beast_close_socket(Stream& stream) { stream.close(); }

namespace {

class Session final : public OpenWebSocket, public std::enable_shared_from_this<Session> {
public:
  Session(Loop& loop, Stream stream, WebSocketHandlers handlers, WebSocketOptions options)
      : loop_{loop}, handlers_{std::move(handlers)}, options_{options}, ws_{std::move(stream)}, timer_{loop.io} {
    ws_.auto_fragment(false);
    ws_.read_message_max(options_.message_bytes_max);
    ws_.set_option(
      websocket::stream_base::timeout{websocket::stream_base::none(), websocket::stream_base::none(), false});
    timer_.expires_at(Clock::time_point::max());
  }

  void accept(const HttpRequest& request);
  void start(const std::string& host, const std::string& target, const Headers& headers);

  struct Frame {
    std::string payload;
    bool binary = false;
  };
  void enqueue(Frame frame);
  void close() override;
  void cut() override { end("cut off"); }

private:
  void opened(ErrorCode error);
  void read();
  void flush();
  void finish_closing();
  void watch();
  void on_watch();
  void end(const std::string& reason);
  std::string reason_of(ErrorCode error) const;

  Loop& loop_;
  WebSocketHandlers handlers_;
  WebSocketOptions options_;
  websocket::stream<Stream, false> ws_;
  Timer timer_;
  beast::flat_buffer incoming_;
  http::response<http::string_body> refusal_;

  // Network thread only.
  bool open_ = false;
  bool writing_ = false;
  bool closing_ = false;
  bool ended_ = false;
  bool pinging_ = false;
  Clock::time_point unanswered_since_ = Clock::time_point::max();  // first ping without pong
  std::deque<Frame> outgoing_;

  // Shared with senders.
  std::mutex mutex_;
  std::deque<Frame> incoming_frames_;
  std::size_t queued_bytes_ = 0;
  bool flush_posted_ = false;
  bool overflowed_ = false;
  bool deaf_ = false;  // closing or over: what is sent now goes nowhere
};

// What users hold: it may outlive the session and the network itself.
class Handle final : public WebSocket {
public:
  explicit Handle(std::weak_ptr<Session> session) : session_{std::move(session)} {}

  void send_text(std::string text) override {
    if (const auto session = session_.lock())
      session->enqueue({std::move(text), false});
  }
  void send_binary(std::string bytes) override {
    if (const auto session = session_.lock())
      session->enqueue({std::move(bytes), true});
  }
  void close() override {
    if (const auto session = session_.lock())
      session->close();
  }

private:
  std::weak_ptr<Session> session_;
};

void Session::accept(const HttpRequest& request) {
  http::request<http::empty_body> upgrade{http::verb::get, request.target, 11};
  for (const auto& [name, value] : request.headers)
    upgrade.insert(name, value);
  timer_.expires_after(options_.open_deadline);
  timer_.async_wait([self = shared_from_this()](ErrorCode error) {
    if (!error && !self->open_)
      self->end("the upgrade took too long");
  });
  ws_.async_accept(upgrade, [self = shared_from_this()](ErrorCode error) { self->opened(error); });
}

void Session::start(const std::string& host, const std::string& target, const Headers& headers) {
  ws_.set_option(websocket::stream_base::decorator([headers](websocket::request_type& request) {
    request.set(http::field::user_agent, "heed");
    for (const auto& [name, value] : headers)
      request.set(name, value);
  }));
  timer_.expires_after(options_.open_deadline);
  timer_.async_wait([self = shared_from_this()](ErrorCode error) {
    if (!error && !self->open_)
      self->end("the upgrade took too long");
  });
  ws_.async_handshake(refusal_, host, target, [self = shared_from_this()](ErrorCode error) { self->opened(error); });
}

void Session::opened(ErrorCode error) {
  if (ended_)
    return;
  if (error)
    return end("upgrade refused: " + error.message() +
               (refusal_.result_int() == 101 || refusal_.body().empty() ? "" : " (" + refusal_.body() + ")"));
  open_ = true;
  ws_.control_callback([this](websocket::frame_type kind, beast::string_view) {
    if (kind == websocket::frame_type::pong)
      unanswered_since_ = Clock::time_point::max();
  });
  watch();
  read();
  if (handlers_.on_open)
    handlers_.on_open(std::make_shared<Handle>(weak_from_this()));
}

void Session::read() {
  ws_.async_read(incoming_, [self = shared_from_this()](ErrorCode error, std::size_t) {
    if (self->ended_)
      return;
    if (error)
      return self->end(self->reason_of(error));
    const auto data = self->incoming_.cdata();
    if (self->handlers_.on_message && !self->closing_)
      self->handlers_.on_message({static_cast<const char*>(data.data()), data.size()}, self->ws_.got_binary());
    self->incoming_.clear();
    if (!self->ended_)
      self->read();
  });
}

// Senders fill one queue; the network thread takes all of it at once, so a burst costs one wake-up.
void Session::enqueue(Frame frame) {
  {
    const std::lock_guard lock{mutex_};
    if (deaf_)
      return;
    queued_bytes_ += frame.payload.size();
    if (queued_bytes_ > options_.outgoing_bytes_max)
      overflowed_ = deaf_ = true;
    else
      incoming_frames_.push_back(std::move(frame));
    if (std::exchange(flush_posted_, true))
      return;
  }
  asio::post(loop_.io, [self = shared_from_this()] { self->flush(); });
}

void Session::flush() {
  bool overflowed = false;
  {
    const std::lock_guard lock{mutex_};
    flush_posted_ = false;
    overflowed = overflowed_;
    std::move(incoming_frames_.begin(), incoming_frames_.end(), std::back_inserter(outgoing_));
    incoming_frames_.clear();
  }
  if (ended_)
    return;
  if (overflowed)
    return end("the peer reads too slowly: more than " + std::to_string(options_.outgoing_bytes_max) +
               " bytes queued");
  if (writing_ || !open_)
    return;
  if (outgoing_.empty())
    return finish_closing();
  writing_ = true;
  ws_.binary(outgoing_.front().binary);
  ws_.async_write(asio::buffer(outgoing_.front().payload), [self = shared_from_this()](ErrorCode error, std::size_t) {
    self->writing_ = false;
    if (error)
      return self->end(self->reason_of(error));
    {
      const std::lock_guard lock{self->mutex_};
      self->queued_bytes_ -= self->outgoing_.front().payload.size();
    }
    self->outgoing_.pop_front();
    self->flush();
  });
}

void Session::close() {
  {
    const std::lock_guard lock{mutex_};
    deaf_ = true;
  }
  asio::dispatch(loop_.io, [self = shared_from_this()] {
    if (self->ended_ || std::exchange(self->closing_, true))
      return;
    if (!self->open_)
      return self->end("closed before it opened");
    self->timer_.expires_after(closing_deadline);
    self->timer_.async_wait([self](ErrorCode error) {
      if (!error)
        self->end("the peer did not answer the close");
    });
    self->flush();
  });
}

// The closing handshake follows the last queued frame; the pending read sees its end.
void Session::finish_closing() {
  if (!closing_ || writing_)
    return;
  writing_ = true;
  ws_.async_close(websocket::close_code::normal,
                  [self = shared_from_this()](ErrorCode) { self->end("closed here"); });
}

void Session::watch() {
  timer_.expires_after(options_.ping_every);
  timer_.async_wait([self = shared_from_this()](ErrorCode error) {
    if (!error)
      self->on_watch();
  });
}

void Session::on_watch() {
  if (ended_ || closing_)
    return;
  const auto now = Clock::now();
  if (unanswered_since_ != Clock::time_point::max() && now - unanswered_since_ >= options_.pong_deadline)
    return end("no pong for " + std::to_string(options_.pong_deadline.count()) + " ms");
  if (unanswered_since_ == Clock::time_point::max())
    unanswered_since_ = now;
  if (!std::exchange(pinging_, true))
    ws_.async_ping({}, [self = shared_from_this()](ErrorCode) { self->pinging_ = false; });
  watch();
}

void Session::end(const std::string& reason) {
  if (std::exchange(ended_, true))
    return;
  {
    const std::lock_guard lock{mutex_};
    deaf_ = true;
  }
  timer_.cancel();
  ws_.next_layer().close();
  WebSocketHandlers handlers = std::exchange(handlers_, {});
  // A handler may be running right now; its captures must outlive it.
  asio::post(loop_.io, [handlers = std::move(handlers), reason] {
    if (handlers.on_close)
      handlers.on_close(reason);
  });
}

std::string Session::reason_of(ErrorCode error) const {
  if (error != websocket::error::closed)
    return error.message();
  const auto& reason = ws_.reason();
  return "closed by the peer: " + std::to_string(reason.code) +
         (reason.reason.empty() ? "" : " " + std::string{reason.reason.data(), reason.reason.size()});
}

}  // namespace

std::shared_ptr<OpenWebSocket> accept_websocket(Loop& loop, Stream stream, const HttpRequest& request,
                                                WebSocketHandlers handlers, WebSocketOptions options) {
  auto session = std::make_shared<Session>(loop, std::move(stream), std::move(handlers), options);
  session->accept(request);
  return session;
}

std::shared_ptr<OpenWebSocket> start_websocket(Loop& loop, Stream stream, const std::string& host,
                                               const std::string& target, const Headers& headers,
                                               WebSocketHandlers handlers, WebSocketOptions options) {
  auto session = std::make_shared<Session>(loop, std::move(stream), std::move(handlers), options);
  session->start(host, target, headers);
  return session;
}

}  // namespace heed::net
