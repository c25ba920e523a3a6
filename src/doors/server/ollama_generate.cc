// POST /api/generate: Ollama's dialect.
#include "server/endpoints.h"
#include "server/ollama_answer.h"
#include "server/ollama_request.h"

namespace freehold::server {

Route ollama_generate_route(Service& service) {
  return {.method = "POST",
          .pattern = "/api/generate",
          .summary = "Continue a text, in Ollama's dialect",
          .handler =
              [&service](const std::shared_ptr<Exchange>& exchange, std::string_view) {
                answer_ollama(service, exchange, parse_ollama_generate, OllamaText::response);
              },
          .request_schema = ollama_generate_schema(),
          .errors = &ollama_errors};
}

}  // namespace freehold::server
