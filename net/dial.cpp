#include "net/dial.hpp"

namespace heed::net {

namespace {

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

}  // namespace

std::string Destination::host_header() const {
  if (!unix_path.empty())
    return "localhost";
  const bool usual = endpoint.port == (endpoint.tls ? 443 : 80);
  return bracketed(endpoint.host) + (usual ? "" : ":" + std::to_string(endpoint.port));
}

std::string Destination::name() const {
  if (!unix_path.empty())
    return unix_path;
  return (endpoint.tls ? "https://" : "http://") + bracketed(endpoint.host) + ":" + std::to_string(endpoint.port);
}

std::optional<Error> Destination::refusal() const {
  if (!unix_path.empty() || endpoint.tls || is_loopback(endpoint.host))
    return std::nullopt;
  return Error{ErrorKind::invalid, "plain_http",
               name() + ": plain HTTP is allowed to this machine only; use https or wss"};
}

Dial::Dial(Loop& loop, Destination destination, Done done)
    : loop_{loop},
      destination_{std::move(destination)},
      done_{std::move(done)},
      resolver_{loop.io},
      stream_{Socket{loop.io}} {}

void Dial::start() {
  if (!done_)
    return;
  if (auto error = destination_.refusal()) {
    asio::post(loop_.io, [self = shared_from_this(), error = std::move(*error)] {
      if (auto done = std::exchange(self->done_, nullptr))
        done(error);
    });
    return;
  }
  if (destination_.unix_path.empty()) {
    resolve();
  } else {
    try {
      connect({asio::local::stream_protocol::endpoint{destination_.unix_path}});
    } catch (const boost::system::system_error& error) {
      fail("connect", error.what());
    }
  }
}

void Dial::cancel() {
  done_ = nullptr;
  resolver_.cancel();
  stream_.close();
}

void Dial::resolve() {
  const auto& [tls, host, port] = destination_.endpoint;
  ErrorCode not_numeric;
  const auto address = asio::ip::make_address(host, not_numeric);
  if (!not_numeric)
    return connect({asio::ip::tcp::endpoint{address, port}});
  resolver_.async_resolve(host, std::to_string(port),
                          [self = shared_from_this()](ErrorCode error, const auto& found) {
                            if (error)
                              return self->fail("resolve", error.message());
                            std::vector<asio::generic::stream_protocol::endpoint> addresses;
                            for (const auto& entry : found) {
                              // A name that merely claims to be this machine does not get plain text either.
                              if (self->destination_.endpoint.tls || entry.endpoint().address().is_loopback())
                                addresses.push_back(entry.endpoint());
                            }
                            self->connect(std::move(addresses));
                          });
}

void Dial::connect(std::vector<asio::generic::stream_protocol::endpoint> addresses) {
  if (!done_)
    return;
  if (addresses.empty())
    return fail("resolve", "no usable address");
  auto kept = std::make_shared<decltype(addresses)>(std::move(addresses));
  asio::async_connect(stream_.socket(), *kept, [self = shared_from_this(), kept](ErrorCode error, const auto&) {
    if (error)
      return self->fail("connect", error.message());
    ErrorCode ignored;
    if (self->destination_.unix_path.empty())
      self->stream_.socket().set_option(asio::ip::tcp::no_delay{true}, ignored);
    if (self->destination_.endpoint.tls)
      self->shake_hands();
    else
      self->finish();
  });
}

void Dial::shake_hands() {
  const std::string& host = destination_.endpoint.host;
  auto& tls = stream_.add_tls(loop_.tls());
  ErrorCode not_numeric;
  asio::ip::make_address(host, not_numeric);
  if (not_numeric)  // a server name in the hello is for names only
    SSL_set_tlsext_host_name(tls.native_handle(), host.c_str());
  tls.set_verify_callback(asio::ssl::host_name_verification{host});
  tls.async_handshake(asio::ssl::stream_base::client, [self = shared_from_this()](ErrorCode error) {
    if (error)
      return self->fail("tls", error.message());
    self->finish();
  });
}

void Dial::fail(std::string code, const std::string& detail) {
  if (auto done = std::exchange(done_, nullptr))
    done(Error{ErrorKind::not_sent, std::move(code), destination_.name() + ": " + detail});
}

void Dial::finish() {
  ErrorCode ignored;
  stream_.socket().non_blocking(true, ignored);
  if (auto done = std::exchange(done_, nullptr))
    done(std::move(stream_));
}

}  // namespace heed::net
