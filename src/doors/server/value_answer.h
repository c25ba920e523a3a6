// Handlers of requests that are answered at once, with one JSON value. Not for text, which takes a
// while (text_answer.h).
#pragma once

#include "freehold/value.h"
#include "server/api_error.h"
#include "server/router.h"
#include "server/service.h"

namespace freehold::server {

// Answers what `answer` makes of a request, or with the error that it found. The service must
// outlive the handler.
Handler value_handler(Service& service, Parsed<Value> (*answer)(Service&, const HttpRequest&),
                      const ErrorForm& errors = openai_errors);

}  // namespace freehold::server
