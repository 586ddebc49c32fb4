// How a position's facts become journal events and rows. Used by the position actor, and by tests that read them
// back.
#pragma once

#include "core/position.hpp"
#include "messages/records.hpp"
#include "messages/result.hpp"

namespace heed {

/// Events and rows of one step, the position's own row included. Leaves `step` without events and rows.
Batch to_batch(const core::PositionState& state, const core::StepContext& context, core::Step& step);

/// The state that a row keeps; an error when it cannot be read, or is that of another position.
Result<core::PositionState> stored_state(const PositionRow& row);

/// The journal event of a decision that changed outside of the machine.
JournalEvent decision_event(const Decision& decision, const Symbol& symbol);

}  // namespace heed
