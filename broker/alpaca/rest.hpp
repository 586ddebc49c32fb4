// One REST call: authentication, deadline, audit. Knows nothing of what is asked.
#pragma once

#include "broker/alpaca/alpaca.hpp"
#include "broker/venue.hpp"
#include "messages/records.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace heed::alpaca {

/// Thread-safe. Lives as long as its last call; `done` runs exactly once, on the client's thread.
class Rest : public std::enable_shared_from_this<Rest> {
public:
  using Done = net::HttpClient::Done;
  using Audit = std::function<void(BrokerCallRow)>;

  Rest(const AlpacaConfig& config, const AlpacaTransports& transports);

  struct Call {
    std::string method = "GET";
    std::string target;
    std::string body;
    ClientOrderId order;  // for the audit
    bool data = false;    // to the market-data host
  };
  void send(Call call, Done done);
  using Usage = std::function<void(VenueUsage)>;
  /// Empty: no audit, and nobody counts. Takes effect for answers that come from now on.
  void set_audit(Audit audit, Usage usage = {});
  /// Writes a row about something that was no REST call: a stream message that could not be read.
  void note(std::string method, std::string target, std::string_view text, std::string error);
  Instant now() const { return clock_->now(); }

private:
  void write_row(BrokerCallRow row);
  void tell_usage(const net::HttpResponse& answer, bool market_data);
  /// At most 4 KiB, without the secret.
  std::string fit_to_keep(std::string_view text) const;

  AccountId account_;
  std::string secret_;
  net::Headers headers_;
  std::chrono::milliseconds deadline_;
  std::shared_ptr<net::HttpClient> trading_;
  std::shared_ptr<net::HttpClient> data_;
  std::shared_ptr<const Clock> clock_;
  std::function<std::chrono::steady_clock::time_point()> monotonic_;
  std::mutex mutex_;
  std::shared_ptr<const Audit> audit_;
  std::shared_ptr<const Usage> usage_;
};

}  // namespace heed::alpaca
