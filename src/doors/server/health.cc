// GET /health: 200 while requests are answered. The router says 503 while the server drains.
#include "base/json.h"
#include "server/endpoints.h"

namespace freehold::server {

Route health_route() {
  return {.method = "GET",
          .pattern = "/health",
          .summary = "Whether requests are answered: 200 when ready, 503 while draining",
          .handler = [](const std::shared_ptr<Exchange>& exchange, std::string_view) {
            exchange->send({.body = to_json(Object{{"status", "ok"}})});
          }};
}

}  // namespace freehold::server
