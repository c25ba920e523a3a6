// POST /api/chat: Ollama's dialect.
#include "server/endpoints.h"
#include "server/ollama_answer.h"
#include "server/ollama_request.h"

namespace freehold::server {

Route ollama_chat_route(Service& service) {
  return {.method = "POST",
          .pattern = "/api/chat",
          .summary = "Continue a conversation, in Ollama's dialect",
          .handler =
              [&service](const std::shared_ptr<Exchange>& exchange, std::string_view) {
                answer_ollama(service, exchange, parse_ollama_chat, OllamaText::message);
              },
          .request_schema = ollama_chat_schema(),
          .errors = &ollama_errors};
}

}  // namespace freehold::server
