// POST /apply-template: the prompt that a conversation becomes, without computing anything. Takes
// what /v1/chat/completions takes.
#include "server/chat_request.h"
#include "server/endpoints.h"
#include "server/value_answer.h"

namespace freehold::server {
namespace {

Parsed<Value> answer(Service& service, const HttpRequest& request) {
  const Value body = TRY(parse_body(request));
  const ChatRequest chat = TRY(parse_chat_request(body));
  const Generator* generator = TRY(service.find(chat.model));
  auto prompt = generator->render(chat.chat);
  if (!prompt) {
    ApiError error = from_error(prompt.error());
    if (error.status == 400) error.param = "messages";
    return fail(std::move(error));
  }
  return Object{{"prompt", *std::move(prompt)}};
}

}  // namespace

Route apply_template_route(Service& service) {
  return {.method = "POST",
          .pattern = "/apply-template",
          .summary = "The prompt that a conversation becomes",
          .handler = value_handler(service, answer),
          .request_schema = chat_request_schema(),
          .answer_schema = {{"$ref", "#/components/schemas/RenderedPrompt"}}};
}

}  // namespace freehold::server
