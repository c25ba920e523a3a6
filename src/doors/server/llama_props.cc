// GET /props and /slots: what scripts around llama.cpp's server read. A slot stands for a sequence
// that can be computed with the others; which of them is which, nobody knows here.
#include "base/json.h"
#include "server/endpoints.h"
#include "server/fingerprint.h"

namespace freehold::server {
namespace {

std::uint32_t slots_of(const Generator& generator) {
  const auto status = generator.status();
  return status ? status->max_running : 0;
}

// Of the first model, which is the only one that these scripts know.
Object props(const Generator& generator) {
  const ModelCard& card = generator.card();
  return {{"default_generation_settings", Object{{"n_ctx", card.context_length}}},
          {"total_slots", slots_of(generator)},
          {"model_alias", card.name},
          {"model_path", card.name},
          {"modalities", Object{{"vision", false}, {"audio", false}}},
          {"is_sleeping", false},
          {"build_info", "freehold " + std::string(version())}};
}

List slots(const std::vector<Generator*>& models) {
  List slots;
  for (const Generator* model : models) {
    const auto status = model->status();
    for (std::uint32_t i = 0; status && i < status->max_running; ++i) {
      slots.push_back(Object{{"id", static_cast<std::int64_t>(slots.size())},
                             {"model", model->card().name},
                             {"n_ctx", model->card().context_length},
                             {"is_processing", i < status->running}});
    }
  }
  return slots;
}

}  // namespace

Route props_route(Service& service) {
  return {.method = "GET",
          .pattern = "/props",
          .summary = "The first model, as llama.cpp tells it",
          .handler = [&service](const std::shared_ptr<Exchange>& exchange, std::string_view) {
            exchange->send({.body = to_json(props(*service.models.front()))});
          }};
}

Route slots_route(Service& service) {
  return {.method = "GET",
          .pattern = "/slots",
          .summary = "Places for sequences and which are taken, as llama.cpp tells it",
          .handler = [&service](const std::shared_ptr<Exchange>& exchange, std::string_view) {
            exchange->send({.body = to_json(slots(service.models))});
          }};
}

}  // namespace freehold::server
