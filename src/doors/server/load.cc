// GET /load and /is_sleeping: what routers in front of several servers ask, as vLLM answers it.
#include "base/json.h"
#include "server/endpoints.h"

namespace freehold::server {

Route load_route(Service& service) {
  return {.method = "GET",
          .pattern = "/load",
          .summary = "How many sequences are under way",
          .handler =
              [&service](const std::shared_ptr<Exchange>& exchange, std::string_view) {
                exchange->send({.body = to_json(Object{{"server_load", service.metrics.load()}})});
              },
          .while_draining = true,
          .access = Access::anyone,
          .while_loading = true};
}

// Models do not sleep here.
Route is_sleeping_route() {
  return {.method = "GET",
          .pattern = "/is_sleeping",
          .summary = "Whether the models are out of memory for a while: never",
          .handler =
              [](const std::shared_ptr<Exchange>& exchange, std::string_view) {
                exchange->send({.body = to_json(Object{{"is_sleeping", false}})});
              },
          .while_draining = true,
          .access = Access::anyone,
          .while_loading = true};
}

}  // namespace freehold::server
