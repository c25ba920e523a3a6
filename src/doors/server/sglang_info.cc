// GET /get_model_info, /get_server_info and /server_info: what SGLang's gateway asks its workers.
#include "base/json.h"
#include "server/endpoints.h"
#include "server/fingerprint.h"

namespace freehold::server {
namespace {

// Of the first model: these paths know only one.
Object describe(const Generator& generator) {
  const ModelCard& card = generator.card();
  Object described{{"model_path", card.name},
                   {"served_model_name", card.name},
                   {"tokenizer_path", card.name},
                   {"is_generation", true}};
  if (card.context_length != 0) described.emplace_back("context_length", card.context_length);
  return described;
}

Object server_info(const std::vector<Generator*>& models) {
  Object info = describe(*models.front());
  info.emplace_back("version", version());
  info.emplace_back("status", "ready");
  List states;
  for (const Generator* model : models) {
    const auto status = model->status();
    if (!status) continue;
    states.push_back(
        Object{{"model", model->card().name},
               {"num_running_reqs", status->running},
               {"num_waiting_reqs", status->waiting},
               {"max_running_requests", status->max_running},
               {"page_size", status->block_tokens},
               {"max_total_num_tokens", std::uint64_t{status->block_tokens} * status->blocks},
               {"num_used_tokens", std::uint64_t{status->block_tokens} * status->held_blocks}});
    if (model != models.front()) continue;
    info.emplace_back("page_size", status->block_tokens);
    info.emplace_back("max_running_requests", status->max_running);
    info.emplace_back("max_total_num_tokens", std::uint64_t{status->block_tokens} * status->blocks);
  }
  info.emplace_back("internal_states", std::move(states));
  return info;
}

}  // namespace

Route model_info_route(Service& service) {
  return {.method = "GET",
          .pattern = "/get_model_info",
          .summary = "The first model, as SGLang tells it",
          .handler = [&service](const std::shared_ptr<Exchange>& exchange, std::string_view) {
            exchange->send({.body = to_json(describe(*service.models.front()))});
          }};
}

Route server_info_route(Service& service, std::string pattern) {
  return {.method = "GET",
          .pattern = std::move(pattern),
          .summary = "The server and the state of its models, as SGLang tells it",
          .handler = [&service](const std::shared_ptr<Exchange>& exchange, std::string_view) {
            exchange->send({.body = to_json(server_info(service.models))});
          }};
}

}  // namespace freehold::server
