// POST /api/generate: Ollama's dialect.
#include "base/json.h"
#include "server/endpoints.h"
#include "server/ollama_answer.h"
#include "server/ollama_request.h"

namespace freehold::server {
namespace {

void answer(Service& service, const std::shared_ptr<Exchange>& exchange) {
  const auto refuse = [&](const ApiError& error) {
    exchange->send(to_response(error, ollama_errors));
  };
  const auto body = parse_body(exchange->request());
  if (!body) return refuse(body.error());
  auto request = parse_ollama_generate(*body);
  if (!request) return refuse(request.error());
  const auto generator = service.find(request->model);
  if (!generator) return refuse(generator.error());
  if (request->text.empty()) {
    const Value loaded = ollama_loaded((*generator)->card(), OllamaText::response);
    return exchange->send({.body = to_json(loaded)});
  }
  TextAnswer::start(exchange, service.metrics,
                    ollama_job(**generator, *std::move(request), OllamaText::response));
}

}  // namespace

Route ollama_generate_route(Service& service) {
  return {.method = "POST",
          .pattern = "/api/generate",
          .summary = "Continue a text, in Ollama's dialect",
          .handler = [&service](const std::shared_ptr<Exchange>& exchange,
                                std::string_view) { answer(service, exchange); },
          .request_schema = ollama_generate_schema(),
          .errors = &ollama_errors};
}

}  // namespace freehold::server
