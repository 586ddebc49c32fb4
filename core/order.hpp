// The life of an order: which status may follow which, and what one more report changes. Total: every pair of
// statuses has an answer. Reports may come twice, late, or in any order.
#pragma once

#include "messages/order.hpp"

#include <cstdint>

namespace heed::core {

enum class MoveVerdict : std::uint8_t {
  ok,     // take it (also: says again what is known)
  stale,  // older news: the status stays as it is
  alarm   // must not happen: tell people; the status stays
};

/// Whether `from` may become `to`. Terminal statuses are final.
///   unknown is reached from every living status, and left only by the venue's evidence or by sending again;
///   a pending cancel or replace may fall back to working (it was refused), or end in any way;
///   a second, different end is an alarm, but for cancelled and expired, which mean the same.
MoveVerdict transition(OrderStatus from, OrderStatus to);

/// What is known of an order.
struct OrderProgress {
  OrderStatus status = OrderStatus::initialized;
  Quantity quantity;  // > 0
  Quantity cum_qty;   // never shrinks
  friend bool operator==(const OrderProgress&, const OrderProgress&) = default;
};

enum class OrderAlarm : std::uint8_t {
  none,
  illegal_transition,   // the table says no
  fill_after_end,       // booked all the same
  overfill,             // more than was ordered; booked all the same
  rejected_with_fills,  // a refused order cannot have filled; it ends, and the fills stay
  filled_short          // said to be filled with less than its quantity; it ends as filled
};

struct OrderStep {
  OrderProgress next;
  MoveVerdict verdict = MoveVerdict::ok;
  OrderAlarm alarm = OrderAlarm::none;
  Quantity newly_filled;  // growth of cum_qty: to be booked whatever the verdict
  friend bool operator==(const OrderStep&, const OrderStep&) = default;
};

/// One report: a status and how much is filled in all. A smaller cum_qty than known is older news about quantity; its
/// status counts only when it is final. What is filled makes an accepted order partially filled, and filled when all
/// of it is.
OrderStep apply(const OrderProgress& known, OrderStatus reported, Quantity reported_cum_qty);

}  // namespace heed::core

HEED_ENUM_NAMES(heed::core::MoveVerdict, "ok", "stale", "alarm");
HEED_ENUM_NAMES(heed::core::OrderAlarm, "none", "illegal_transition", "fill_after_end", "overfill",
                "rejected_with_fills", "filled_short");
