// How a decision ends. Each signal has one decision per following account, and each decision exactly one final
// disposition.
#pragma once

#include "messages/fields.hpp"
#include "messages/ids.hpp"
#include "messages/time.hpp"

#include <cstdint>
#include <string>

namespace heed {

enum class DispositionKind : std::uint8_t {
  received,   // not final
  deferred,   // not final: market closed and the order needs it open; detail = until (RFC 3339)
  in_flight,  // not final
  unknown,    // not final: the broker has not told, being resolved
  filled,     // final from here on
  closed,
  no_op,            // detail = reason: ui_only, not_held, low_conviction, too_old, blocklisted, ...
  risk_denied,      // detail = limit
  dry_run,          // detail = the disposition it would have had
  broker_rejected,  // detail = code
  expired,
  cancelled,
  superseded,
  duplicate_of,  // detail = signal id
  invalid,       // detail = what
  failed         // detail = what
};
constexpr bool is_final(DispositionKind k) { return k >= DispositionKind::filled; }

struct Disposition {
  DispositionKind kind = DispositionKind::received;
  std::string detail;
  /// "no_op:not_held", "filled"
  std::string str() const;
  HEED_FIELDS(kind, detail);
  friend bool operator==(const Disposition&, const Disposition&) = default;
};

/// The decision of one account on one signal, as it stands.
struct Decision {
  SignalId signal;
  AccountId account;
  Disposition disposition;
  std::string reason;  // for people: the values that decided ("effective conviction 0.45 < 0.60")
  Instant at{};        // of the last change
  HEED_FIELDS(signal, account, disposition, reason, at);
};

}  // namespace heed

HEED_ENUM_NAMES(heed::DispositionKind, "received", "deferred", "in_flight", "unknown", "filled", "closed", "no_op",
                "risk_denied", "dry_run", "broker_rejected", "expired", "cancelled", "superseded", "duplicate_of",
                "invalid", "failed");
