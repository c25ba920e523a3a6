// GET /api/tags: the models that are served, in Ollama's dialect.
#include "base/json.h"
#include "server/endpoints.h"
#include "server/ollama_models.h"

namespace freehold::server {

Route ollama_tags_route(Service& service) {
  return {.method = "GET",
          .pattern = "/api/tags",
          .summary = "The models that are served, in Ollama's dialect",
          .handler =
              [&service](const std::shared_ptr<Exchange>& exchange, std::string_view) {
                List models;
                for (const Generator* model : service.models) {
                  models.push_back(ollama_model(model->card()));
                }
                exchange->send({.body = to_json(Object{{"models", std::move(models)}})});
              },
          .errors = &ollama_errors};
}

}  // namespace freehold::server
