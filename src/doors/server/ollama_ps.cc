// GET /api/ps: the models that are loaded, in Ollama's dialect: all of them, and they stay.
#include "base/json.h"
#include "server/endpoints.h"
#include "server/ollama_models.h"

namespace freehold::server {
namespace {

constexpr std::string_view never = "9999-12-31T23:59:59Z";

}  // namespace

Route ollama_ps_route(Service& service) {
  return {.method = "GET",
          .pattern = "/api/ps",
          .summary = "The models that are loaded, in Ollama's dialect",
          .handler =
              [&service](const std::shared_ptr<Exchange>& exchange, std::string_view) {
                List models;
                for (const Generator* model : service.models) {
                  Object described = ollama_model(model->card());
                  described.emplace_back("expires_at", never);
                  described.emplace_back("size_vram", 0);
                  described.emplace_back("context_length", model->card().context_length);
                  models.push_back(std::move(described));
                }
                exchange->send({.body = to_json(Object{{"models", std::move(models)}})});
              },
          .errors = &ollama_errors};
}

}  // namespace freehold::server
