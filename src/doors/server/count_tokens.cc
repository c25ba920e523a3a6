// POST /v1/messages/count_tokens: how long a conversation's prompt is, in Anthropic's dialect.
#include "base/json.h"
#include "server/endpoints.h"
#include "server/messages_request.h"

namespace freehold::server {
namespace {

Parsed<Value> count(Service& service, const HttpRequest& request) {
  const Value body = TRY(parse_body(request));
  const MessagesRequest messages = TRY(parse_messages_request(body, MessagesUse::count));
  const Generator* generator = TRY(service.find(messages.model));
  const auto tokens = generator->tokenize(messages.chat);
  if (!tokens) return fail(from_error(tokens.error()));
  return Object{{"input_tokens", tokens->size()}};
}

}  // namespace

Route count_tokens_route(Service& service) {
  return {.method = "POST",
          .pattern = "/v1/messages/count_tokens",
          .summary = "How many tokens a conversation's prompt has, in Anthropic's dialect",
          .handler =
              [&service](const std::shared_ptr<Exchange>& exchange, std::string_view) {
                const auto counted = count(service, exchange->request());
                exchange->send(counted ? HttpResponse{.body = to_json(*counted)}
                                       : to_response(counted.error(), anthropic_errors));
              },
          .request_schema = messages_request_schema(MessagesUse::count),
          .errors = &anthropic_errors};
}

}  // namespace freehold::server
