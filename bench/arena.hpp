// Caller and exchange in one thread: keeps a number of connections busy posting calls, and takes the orders that come
// of them. The program under test stands between the two; whatever it is, the load and the cost round it are the
// same.
//
// A call is over when its order has reached the exchange and its answer the caller; then its connection sends the
// next one. Every call names a symbol of its own unless told otherwise.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace heed::bench {

struct Load {
  std::uint16_t port = 0;  // of the program under test, on 127.0.0.1
  std::string target = "/";
  std::size_t connections = 1;
  std::chrono::milliseconds warm_up{300};  // not counted
  std::chrono::milliseconds duration{1500};
  std::chrono::milliseconds pause{0};  // of a connection between its calls
  std::size_t calls_max = 0;           // of one connection, counted or not; 0: as many as fit
  std::size_t symbols = 0;             // take turns among so many; 0: each call has a new one
};

struct Outcome {
  double calls_per_second = 0;
  double p50_us = 0, p90_us = 0, p99_us = 0, max_us = 0;  // from sending the call to the order's arrival
  double answer_p50_us = 0;                               // from sending the call to its answer
  std::size_t calls = 0;                                  // counted
  std::size_t calls_all = 0;                              // with the warm-up and the last ones
  std::size_t errors = 0;                                 // answers other than 2xx
};

class Arena {
public:
  Arena();
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Where the exchange listens: a little of Alpaca's interface, and a clock that begins in an open session.
  std::uint16_t exchange_port() const;
  /// Answers every order with an execution on the order stream.
  void set_fills(bool fills);

  /// Posts one call for each of the first `count` symbols that no order comes of, and goes on until the program has
  /// asked for each: then it knows them, and no work is left over from it.
  void introduce(std::uint16_t port, const std::string& target, std::size_t count);
  /// Throws std::runtime_error when the connection fails or nothing comes for ten seconds.
  Outcome run(const Load& load);
  /// Serves the exchange while the program under test starts, until it has subscribed to order updates.
  void serve_until_subscribed(std::chrono::seconds patience);
  void serve_for(std::chrono::milliseconds time);

  struct Impl;

private:
  std::unique_ptr<Impl> impl_;
};

/// "QAAAA", "QAAAB", ...: up to 456,976.
std::string symbol_name(std::size_t number);

}  // namespace heed::bench
