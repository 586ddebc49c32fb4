// Scripted misfortune: which requests and stream messages the server spoils, and how.
#pragma once

#include "broker/exchange/types.hpp"
#include "messages/result.hpp"

#include <chrono>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace heed::exchange {

struct FaultAction {
  enum class Kind : std::uint8_t {
    none,
    delay,         // answered after delay_ms
    too_many,      // 429, with Retry-After when delay_ms is set
    server_error,  // `status` (500 to 599), nothing done
    garbage,       // done; the answer's body is not JSON
    lost_answer,   // done; the answer never comes
    drop,          // connection closed, nothing done
    drop_after,    // done; connection closed without an answer
    cut_answer,    // done; the answer stops in its middle
    stream_drop,   // this stream message is lost
    stream_duplicate,
    stream_disconnect
  };
  Kind kind = Kind::none;
  std::chrono::milliseconds delay{0};
  int status = 500;
};

struct FaultRule {
  FaultAction action;
  std::string method;              // empty: any
  std::optional<std::regex> path;  // on the request's path and query; for stream faults on the event's name
  std::int64_t skip = 0;           // matches that pass first
  std::int64_t count = -1;         // matches that are hit then; -1: no end
  Decimal probability{1};          // of a match to be hit
};

class FaultScript {
public:
  explicit FaultScript(std::uint64_t seed) : chance_{seed} {}
  /// {"rules":[{"kind":"server_error","method":"POST","path":"^/v2/orders$","count":2,"status":503}, ...],
  ///  "append":true}. Without `append` the script is replaced; an empty list ends all faults. Errors name the rule's
  /// index, the key, and what is right.
  heed::Status load(std::string_view json);
  /// The first rule that hits.
  FaultAction on_request(std::string_view method, std::string_view target);
  FaultAction on_stream(std::string_view event);
  bool empty() const { return rules_.empty(); }
  std::size_t hits() const { return hits_; }

private:
  FaultAction first_hit(bool stream, std::string_view method, std::string_view subject);

  std::vector<FaultRule> rules_;
  Chance chance_;
  std::size_t hits_ = 0;
};

}  // namespace heed::exchange

HEED_ENUM_NAMES(heed::exchange::FaultAction::Kind, "none", "delay", "too_many", "server_error", "garbage",
                "lost_answer", "drop", "drop_after", "cut_answer", "stream_drop", "stream_duplicate",
                "stream_disconnect");
