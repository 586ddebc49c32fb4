// What an HTTP exchange proves. A no needs positive evidence: a status and an error body that were understood.
// Everything else that is not a yes is unknown.
#pragma once

#include "messages/result.hpp"
#include "messages/time.hpp"
#include "net/http.hpp"
#include "net/json.hpp"

#include <string_view>

namespace heed::alpaca {

/// Value: the JSON of a 2xx answer. Errors:
///   not_sent  no byte left; or HTTP 429, code "429", detail = whole seconds to wait
///   rejected  400, 401, 403, 404, 422 with {"code","message"}; code as the venue wrote it ("401", "403" where it
///             wrote none), detail = message and whatever else the body said
///   unknown   time-outs, cut connections, redirects, 5xx, empty and unreadable bodies
Result<net::Json> read_answer(const Result<net::HttpResponse>& answer, Instant now);

/// The same for calls whose success has no body (DELETE): any 2xx is a yes.
Status read_bodiless(const Result<net::HttpResponse>& answer, Instant now);

/// The venue says that there is no such thing.
bool is_absent(const Error& error);
/// The venue says that the name is taken: the order was received before.
bool is_duplicate_name(const Error& error);

}  // namespace heed::alpaca
