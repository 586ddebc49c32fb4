#include "app/log_lines.hpp"

#include "messages/log_scope.hpp"
#include "persistence/json_write.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <string>
#include <utility>

namespace heed {
namespace {

/// One JSON object a line; messages may hold anything.
class JsonLines final : public spdlog::formatter {
public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const auto at = std::chrono::floor<std::chrono::microseconds>(message.time);
    const auto level = spdlog::level::to_string_view(message.level);
    auto line = "{\"at\":" + to_json(Instant{at}) + ",\"level\":" + to_json(std::string{level.data(), level.size()}) +
                ",\"correlation\":";
    line += LogScope::current().empty() ? "null" : to_json(std::string{LogScope::current()});
    line += ",\"message\":" + to_json(std::string{message.payload.data(), message.payload.size()}) + "}\n";
    out.append(line.data(), line.data() + line.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonLines>(); }
};

/// "[sig-...] ", or nothing.
class CorrelationFlag final : public spdlog::custom_flag_formatter {
public:
  void format(const spdlog::details::log_msg&, const std::tm&, spdlog::memory_buf_t& out) override {
    const auto id = LogScope::current();
    if (id.empty())
      return;
    out.push_back('[');
    out.append(id.data(), id.data() + id.size());
    out.push_back(']');
    out.push_back(' ');
  }
  std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
    return std::make_unique<CorrelationFlag>();
  }
};

struct Teller {
  void operator()(const Decision& row) const {
    const LogScope scope{row.signal.view()};
    spdlog::debug("{}: decision {}{}", row.account.view(), row.disposition.str(),
                  row.reason.empty() ? "" : ": " + row.reason);
  }
  void operator()(const OrderRow& row) const {
    const LogScope scope{row.signal.view()};
    spdlog::debug("{}/{}: order {} {} {} {} {}, filled {}", row.account.view(), row.symbol.view(),
                  row.client_order_id.view(), to_string(row.leg), to_string(row.side), row.quantity.str(),
                  to_string(row.status), row.cum_qty.str());
  }
  void operator()(const FillRow& row) const {
    const LogScope scope{row.signal.view()};
    spdlog::debug("{}/{}: fill {} {} at {} of order {}", row.account.view(), row.symbol.view(), to_string(row.side),
                  row.quantity.str(), row.price.str(), row.client_order_id.view());
  }
  template <class Other>
  void operator()(const Other&) const {}
};

}  // namespace

std::unique_ptr<spdlog::formatter> log_formatter(config::LogFormat format) {
  if (format == config::LogFormat::json)
    return std::make_unique<JsonLines>();
  auto out = std::make_unique<spdlog::pattern_formatter>();
  out->add_flag<CorrelationFlag>('*');
  out->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%-5l%$ %*%v");
  return out;
}

void log_batches(std::span<const Batch> batches) {
  if (!spdlog::should_log(spdlog::level::debug))
    return;
  for (const auto& batch : batches)
    for (const auto& row : batch.rows)
      std::visit(Teller{}, row);
}

}  // namespace heed
