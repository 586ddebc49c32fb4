// Inside net/ only: one accepted connection, its requests in order, and what its server shares among them.
#pragma once

#include "net/request_head.hpp"
#include "net/stream.hpp"
#include "net/websocket_session.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace heed::net {

class Connection;

/// What a server's connections share. Network thread only.
struct ServerCore {
  ServerCore(Loop& loop_in, RequestHandler request, UpgradeHandler upgrade, ServerLimits limits_in)
      : loop{loop_in}, on_request{std::move(request)}, on_upgrade{std::move(upgrade)}, limits{limits_in} {}

  Loop& loop;
  const RequestHandler on_request;
  const UpgradeHandler on_upgrade;
  const ServerLimits limits;
  bool stopping = false;
  std::map<Connection*, std::shared_ptr<Connection>> connections;  // owns them
  std::map<std::uint64_t, std::shared_ptr<OpenWebSocket>> websockets;
  std::uint64_t next_websocket = 0;
  std::vector<std::function<void()>> when_empty;

  std::size_t open_tcp = 0;  // connections and WebSockets
  std::size_t open_unix = 0;

  std::size_t& open(bool tcp) { return tcp ? open_tcp : open_unix; }
  std::size_t places(bool tcp) const { return tcp ? limits.connections_max : limits.unix_connections_max; }
  std::size_t open_count() const { return connections.size() + websockets.size(); }
  /// Closes the connection of this kind that has been idle the longest between requests; false: none is idle.
  bool close_idle(bool tcp);
  void tell_if_empty();
};

/// Lives on the network thread; owned by the core and its pending operations; `close` ends it. Everyone else holds it
/// weakly, so that nothing of the network outlives the server in a forgotten responder.
class Connection final : public std::enable_shared_from_this<Connection> {
public:
  Connection(std::shared_ptr<ServerCore> core, Socket socket, std::string peer, bool tcp);

  void start();
  /// Lets the answer under way finish, then closes; at once when there is none.
  void stop();
  void close();
  /// Since when it has been waiting for the first byte of a request; nothing when it is not.
  std::optional<Clock::time_point> idle_since() const;
  bool is_tcp() const { return tcp_; }

  // For the responder, on the network thread; ignored unless `serial` is the request under way.
  void answer(std::uint64_t serial, HttpResponse response);
  void abort(std::uint64_t serial, const std::string& raw_bytes);

  struct Outgoing;  // of a stream
  void open_stream(std::uint64_t serial, HttpResponse head, std::shared_ptr<Outgoing> outgoing);
  void flush_stream();

  ServerCore& core() { return *core_; }

private:
  enum class Phase { reading, handling, writing, streaming, draining, closed };

  void pump();
  bool take_request();
  bool take_head();
  void check_expectation();
  void dispatch();
  void upgrade();
  void read_more();
  void make_room();
  std::string_view unread() const { return {in_.data() + begin_, end_ - begin_}; }

  void refuse(int status, const std::string& detail);
  void compose(const HttpResponse& response, bool stream);
  void write_out();
  void write_rest(std::size_t from);
  void written();
  void end_stream_write();
  void watch_reader();
  void drain();
  void discard(std::size_t allowance);

  void await_request();
  void set_deadline(Clock::time_point when);
  void set_deadline(std::chrono::milliseconds from_now) { set_deadline(Clock::now() + from_now); }
  void clear_deadline() { deadline_ = Clock::time_point::max(); }
  void on_timer();

  std::shared_ptr<ServerCore> core_;
  Socket socket_;
  Timer timer_;
  const std::string peer_;
  const bool tcp_;

  Phase phase_ = Phase::reading;
  bool pumping_ = false;
  bool started_ = false;  // a byte of the next request has come
  bool keep_ = true;      // keep the connection after the answer under way
  bool head_only_ = false;
  std::uint64_t serial_ = 0;

  std::vector<char> in_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::optional<HeadScanner> scanner_;
  std::optional<RequestHead> head_;

  std::string out_;
  std::shared_ptr<Outgoing> stream_;
  bool stream_writing_ = false;
  std::size_t stream_write_bytes_ = 0;

  Clock::time_point idle_since_{};
  Clock::time_point deadline_ = Clock::time_point::max();
  Clock::time_point timer_at_ = Clock::time_point::max();
};

}  // namespace heed::net
