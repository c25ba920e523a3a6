// Server-sent events (WHATWG HTML, section 9.2) over an exchange. Back-pressure is the exchange's:
// a client that does not keep up is cut off there, and its sequences are cancelled.
#pragma once

#include <string>
#include <string_view>

#include "freehold/value.h"
#include "server/http.h"

namespace freehold::server {

// The head of an answer that is a stream of events.
HttpResponse sse_head();
// "data: {…}\n\n", with "event: name\n" before it when there is a name.
std::string sse_event(const Value& data, std::string_view name = {});
// The end of a stream in OpenAI's dialect.
std::string sse_done();

}  // namespace freehold::server
