#include "broker/alpaca/rest.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

namespace heed::alpaca {

namespace {

constexpr std::size_t kept_bytes_max = 4096;

bool is_alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Where the secret stands, from there on; npos: nowhere. A short one may be a common word, part of many others (the
/// built-in exchange's is the beginning of every order's name): it counts as a word of its own only.
std::size_t find_secret(std::string_view text, std::string_view secret, std::size_t from) {
  constexpr std::size_t no_common_word = 16;
  if (secret.empty())
    return std::string_view::npos;
  for (;; ++from) {
    from = text.find(secret, from);
    if (from == std::string_view::npos || secret.size() >= no_common_word)
      return from;
    const auto end = from + secret.size();
    if ((from == 0 || !is_alphanumeric(text[from - 1])) && (end == text.size() || !is_alphanumeric(text[end])))
      return from;
  }
}

}  // namespace

Rest::Rest(const AlpacaConfig& config, const AlpacaTransports& transports)
    : account_{config.account},
      secret_{config.secret},
      headers_{
        {"APCA-API-KEY-ID", config.key}, {"APCA-API-SECRET-KEY", config.secret}, {"Accept", "application/json"}},
      deadline_{config.http_deadline},
      trading_{transports.trading},
      data_{transports.data},
      clock_{transports.clock},
      monotonic_{transports.monotonic ? transports.monotonic : std::chrono::steady_clock::now} {}

void Rest::set_audit(Audit audit, Usage usage) {
  auto shared = audit ? std::make_shared<const Audit>(std::move(audit)) : nullptr;
  auto shared_usage = usage ? std::make_shared<const Usage>(std::move(usage)) : nullptr;
  const std::lock_guard lock{mutex_};
  audit_ = std::move(shared);
  usage_ = std::move(shared_usage);
}

void Rest::tell_usage(const net::HttpResponse& answer, bool market_data) {
  std::shared_ptr<const Usage> usage;
  {
    const std::lock_guard lock{mutex_};
    usage = usage_;
  }
  if (!usage)
    return;
  VenueUsage told;
  told.market_data = market_data;
  const auto remaining = net::header(answer.headers, "X-RateLimit-Remaining");
  std::int32_t count = 0;
  const auto [end, error] = std::from_chars(remaining.data(), remaining.data() + remaining.size(), count);
  if (!remaining.empty() && error == std::errc{} && end == remaining.data() + remaining.size() && count >= 0)
    told.remaining = count;
  (*usage)(told);
}

std::string Rest::fit_to_keep(std::string_view text) const {
  std::string kept;
  // Cut to size last: a secret that the cut divides must not leave its first part.
  for (std::size_t from = 0; from < text.size() && kept.size() < kept_bytes_max;) {
    const auto at = find_secret(text, secret_, from);
    kept += text.substr(from, std::min(at - from, kept_bytes_max));
    if (at == std::string_view::npos)
      break;
    kept += "***";
    from = at + secret_.size();
  }
  kept.resize(std::min(kept.size(), kept_bytes_max));
  return kept;
}

void Rest::write_row(BrokerCallRow row) {
  std::shared_ptr<const Audit> audit;
  {
    const std::lock_guard lock{mutex_};
    audit = audit_;
  }
  if (!audit)
    return;
  row.account = account_;
  row.at = clock_->now();
  (*audit)(std::move(row));
}

void Rest::note(std::string method, std::string target, std::string_view text, std::string error) {
  BrokerCallRow row;
  row.method = std::move(method);
  row.target = std::move(target);
  row.response = fit_to_keep(text);
  row.error = std::move(error);
  write_row(std::move(row));
}

void Rest::send(Call call, Done done) {
  net::HttpRequest request;
  request.method = call.method;
  request.target = call.target;
  request.headers = headers_;
  if (!call.body.empty())
    request.headers.emplace_back("Content-Type", "application/json");
  request.body = call.body;
  auto& client = call.data ? *data_ : *trading_;
  const auto started = monotonic_();
  client.send(std::move(request), deadline_,
              [self = shared_from_this(), call = std::move(call), done = std::move(done),
               started](Result<net::HttpResponse> answer) {
                BrokerCallRow row;
                row.order = call.order;
                row.method = call.method;
                row.target = call.target;
                row.request = self->fit_to_keep(call.body);
                row.latency_us =
                  std::chrono::duration_cast<std::chrono::microseconds>(self->monotonic_() - started).count();
                if (answer) {
                  row.status = answer.value().status;
                  row.response = self->fit_to_keep(answer.value().body);
                  self->tell_usage(answer.value(), call.data);
                } else {
                  row.error = self->fit_to_keep(answer.error().code + ": " + answer.error().detail);
                }
                self->write_row(std::move(row));
                done(std::move(answer));
              });
}

}  // namespace heed::alpaca
