// The endpoints, one file each: every function makes a line of the route table. The service must
// outlive the routes.
#pragma once

#include "server/router.h"
#include "server/service.h"

namespace freehold::server {

Route health_route();                                  // health.cc
Route models_route(Service& service);                  // models.cc
Route model_route(Service& service);                   // models.cc
Route chat_completions_route(Service& service);        // chat_completions.cc
Route completions_route(Service& service);             // completions.cc
Route messages_route(Service& service);                // messages.cc
Route count_tokens_route(Service& service);            // count_tokens.cc
Route ollama_chat_route(Service& service);             // ollama_chat.cc
Route ollama_generate_route(Service& service);         // ollama_generate.cc
Route ollama_tags_route(Service& service);             // ollama_tags.cc
Route ollama_ps_route(Service& service);               // ollama_ps.cc
Route ollama_show_route(Service& service);             // ollama_show.cc
Route ollama_version_route();                          // ollama_version.cc
Route version_route();                                 // version.cc
Route metrics_route(Service& service, Access access);  // metrics_endpoint.cc
Route page_route();                                    // page.cc
Route openapi_route(const Router& router);             // openapi.cc
Route ready_route();                                   // health.cc
Route ping_route();                                    // health.cc
Route load_route(Service& service);                    // load.cc
Route is_sleeping_route();                             // load.cc
Route model_info_route(Service& service);              // sglang_info.cc
// Under two names: /get_server_info and /server_info.
Route server_info_route(Service& service, std::string pattern);  // sglang_info.cc
Route props_route(Service& service);                             // llama_props.cc
Route slots_route(Service& service);                             // llama_props.cc
Route tokenize_route(Service& service);                          // tokenize.cc
Route detokenize_route(Service& service);                        // detokenize.cc
Route apply_template_route(Service& service);                    // apply_template.cc
Route responses_route(Service& service);                         // responses.cc
Route responses_input_tokens_route(Service& service);            // responses_input_tokens.cc
Route stored_response_route(Service& service);                   // stored_responses.cc
Route forget_response_route(Service& service);                   // stored_responses.cc
Route response_input_route(Service& service);                    // stored_responses.cc

}  // namespace freehold::server
