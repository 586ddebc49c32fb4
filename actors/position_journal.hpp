// How a position's facts become journal events and rows. Used by the position actor, and by tests that read them
// back.
#pragma once

#include "core/position.hpp"
#include "messages/records.hpp"
#include "messages/result.hpp"
#include "persistence/journal.hpp"

namespace heed {

/// by_venue: nothing was decided or has to be done; the venue only told something.
enum class Told { by_us, by_venue };

/// Events and rows of one step. Leaves `step` without events and rows. The position's own row is included, unless the
/// venue told no more than that it has an entry's orders: their own rows say so.
Batch to_batch(const core::PositionState& state, const core::StepContext& context, core::Step& step,
               Told told = Told::by_us);

/// The state that a row keeps; an error when it cannot be read, or is that of another position.
Result<core::PositionState> stored_state(const PositionRow& row);
/// What the orders' own rows know more than the state, from a step that wrote no row of the position. Of orders that
/// cannot be read nothing is known more.
void catch_up(core::PositionState& state, JournalReader& journal);

/// The journal event of a decision that changed outside of the machine.
JournalEvent decision_event(const Decision& decision, const Symbol& symbol);

}  // namespace heed
