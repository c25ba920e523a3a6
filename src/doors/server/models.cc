// GET /v1/models and /v1/models/{model}: what is served, in OpenAI's shape with vLLM's additions.
#include "base/json.h"
#include "server/endpoints.h"

namespace freehold::server {
namespace {

Value describe(const ModelCard& card) {
  Object described{{"id", card.name},        {"object", "model"}, {"created", card.created_unix_s},
                   {"owned_by", "freehold"}, {"root", card.name}, {"parent", nullptr}};
  if (card.context_length != 0) described.emplace_back("max_model_len", card.context_length);
  if (!card.architecture.empty()) described.emplace_back("architecture", card.architecture);
  if (card.parameters != 0) described.emplace_back("parameters", card.parameters);
  return described;
}

}  // namespace

Route models_route(Service& service) {
  return {
      .method = "GET",
      .pattern = "/v1/models",
      .summary = "The models that are served",
      .handler = [&service](const std::shared_ptr<Exchange>& exchange, std::string_view) {
        List models;
        for (const Generator* model : service.models) models.push_back(describe(model->card()));
        exchange->send({.body = to_json(Object{{"object", "list"}, {"data", std::move(models)}})});
      }};
}

Route model_route(Service& service) {
  return {.method = "GET",
          .pattern = "/v1/models/{model}",
          .summary = "One model",
          .handler =
              [&service](const std::shared_ptr<Exchange>& exchange, std::string_view name) {
                const auto model = service.find(name);
                exchange->send(model ? HttpResponse{.body = to_json(describe((*model)->card()))}
                                     : to_response(model.error()));
              },
          .answer_schema = {{"$ref", "#/components/schemas/Model"}}};
}

}  // namespace freehold::server
