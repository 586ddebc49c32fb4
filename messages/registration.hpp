// What CAF must know of our messages. Only InspectQuery crosses processes and has a stable form; all others are local
// by construction (no remote actor is ever handed to anyone), and may hold variants, optionals and functions.
#pragma once

#include "messages/interfaces.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/meta/type_name.hpp>
#include <caf/type_id.hpp>

namespace heed {

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, InspectQuery& x) {
  return f(caf::meta::type_name("heed::InspectQuery"), x.actor);
}

}  // namespace heed

CAF_BEGIN_TYPE_ID_BLOCK(heed, first_custom_type_id)
CAF_ADD_TYPE_ID(heed, (heed::InspectQuery))
CAF_END_TYPE_ID_BLOCK(heed)

#define HEED_LOCAL_MESSAGE(type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(heed::type)
HEED_LOCAL_MESSAGE(Append)
HEED_LOCAL_MESSAGE(Appended)
HEED_LOCAL_MESSAGE(FlushDue)
HEED_LOCAL_MESSAGE(SubmitMentions)
HEED_LOCAL_MESSAGE(PollDue)
HEED_LOCAL_MESSAGE(MentionsSeen)
HEED_LOCAL_MESSAGE(MentionsLost)
HEED_LOCAL_MESSAGE(MentionCall)
HEED_LOCAL_MESSAGE(IntentCall)
HEED_LOCAL_MESSAGE(SubmitIntent)
HEED_LOCAL_MESSAGE(PositionNews)
HEED_LOCAL_MESSAGE(PositionTimerDue)
HEED_LOCAL_MESSAGE(ExitScanDue)
HEED_LOCAL_MESSAGE(SessionChanged)
HEED_LOCAL_MESSAGE(KillOrder)
HEED_LOCAL_MESSAGE(BooksQuery)
HEED_LOCAL_MESSAGE(BookEntry)
HEED_LOCAL_MESSAGE(Books)
HEED_LOCAL_MESSAGE(AccountReady)
HEED_LOCAL_MESSAGE(Reconfigure)
HEED_LOCAL_MESSAGE(NewEnv)
HEED_LOCAL_MESSAGE(RestartPosition)
HEED_LOCAL_MESSAGE(StoreAgain)
HEED_LOCAL_MESSAGE(OwedDecision)
HEED_LOCAL_MESSAGE(LookForOwed)
HEED_LOCAL_MESSAGE(PositionInspect)
HEED_LOCAL_MESSAGE(AccountQuery)
HEED_LOCAL_MESSAGE(LimitsQuery)
HEED_LOCAL_MESSAGE(UsageQuery)
HEED_LOCAL_MESSAGE(SetLimits)
HEED_LOCAL_MESSAGE(PauseCommand)
HEED_LOCAL_MESSAGE(ResumeCommand)
HEED_LOCAL_MESSAGE(KillCommand)
HEED_LOCAL_MESSAGE(DayRolled)
HEED_LOCAL_MESSAGE(QueryOrderNow)
HEED_LOCAL_MESSAGE(QueryPositionNow)
HEED_LOCAL_MESSAGE(QuoteQuery)
HEED_LOCAL_MESSAGE(QuoteAnswer)
HEED_LOCAL_MESSAGE(InstrumentQuery)
HEED_LOCAL_MESSAGE(InstrumentAnswer)
HEED_LOCAL_MESSAGE(VenueSnapshotQuery)
HEED_LOCAL_MESSAGE(VenueSnapshot)
HEED_LOCAL_MESSAGE(SymbolHoldingsQuery)
HEED_LOCAL_MESSAGE(SymbolHoldings)
HEED_LOCAL_MESSAGE(ReconcileDue)
HEED_LOCAL_MESSAGE(LinkChanged)
HEED_LOCAL_MESSAGE(VenueSaid)
HEED_LOCAL_MESSAGE(PumpDue)
HEED_LOCAL_MESSAGE(ClockMoved)
HEED_LOCAL_MESSAGE(TickDue)
HEED_LOCAL_MESSAGE(Drain)
HEED_LOCAL_MESSAGE(Introduce)
HEED_LOCAL_MESSAGE(RestartDue)
HEED_LOCAL_MESSAGE(InspectSelf)
HEED_LOCAL_MESSAGE(SubmitOrder)
HEED_LOCAL_MESSAGE(CancelOrder)
HEED_LOCAL_MESSAGE(ReplaceOrder)
HEED_LOCAL_MESSAGE(AccountReport)
HEED_LOCAL_MESSAGE(ReserveRisk)
HEED_LOCAL_MESSAGE(RiskAnswer)
HEED_LOCAL_MESSAGE(RiskLimits)
HEED_LOCAL_MESSAGE(RiskFact)
HEED_LOCAL_MESSAGE(AccountSnapshot)
HEED_LOCAL_MESSAGE(RiskUsage)
#undef HEED_LOCAL_MESSAGE
