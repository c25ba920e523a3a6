// POST /v1/responses/input_tokens: how long the prompt of a response would be.
#include "server/endpoints.h"
#include "server/responses_request.h"
#include "server/value_answer.h"

namespace freehold::server {
namespace {

Parsed<Value> answer(Service& service, const HttpRequest& request) {
  const Value body = TRY(parse_body(request));
  const ResponsesRequest asked =
      TRY(parse_responses_request(body, service.responses, ResponsesUse::count));
  const Generator* generator = TRY(service.find(asked.model));
  const auto tokens = generator->tokenize(asked.chat);
  if (!tokens) return fail(from_error(tokens.error()));
  return Object{{"object", "response.input_tokens"}, {"input_tokens", tokens->size()}};
}

}  // namespace

Route responses_input_tokens_route(Service& service) {
  return {.method = "POST",
          .pattern = "/v1/responses/input_tokens",
          .summary = "How many tokens a response's prompt has",
          .handler = value_handler(service, answer),
          .request_schema = responses_request_schema(ResponsesUse::count)};
}

}  // namespace freehold::server
