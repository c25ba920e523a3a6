// GET /health, /ready and /ping: 200 while requests are answered. The router says 503 while the
// server loads its models and while it drains.
#include "base/json.h"
#include "server/endpoints.h"

namespace freehold::server {
namespace {

void send_ok(const std::shared_ptr<Exchange>& exchange, std::string_view) {
  exchange->send({.body = to_json(Object{{"status", "ok"}})});
}

}  // namespace

Route health_route() {
  return {.method = "GET",
          .pattern = "/health",
          .summary = "200 when requests are answered, 503 while models load and while draining",
          .handler = send_ok,
          .access = Access::anyone};
}

Route ready_route() {
  return {.method = "GET",
          .pattern = "/ready",
          .summary = "As /health, for readiness probes",
          .handler = send_ok,
          .access = Access::anyone};
}

// SageMaker's name.
Route ping_route() {
  return {.method = "GET",
          .pattern = "/ping",
          .summary = "As /health, without a body",
          .handler = [](const std::shared_ptr<Exchange>& exchange,
                        std::string_view) { exchange->send({.content_type = ""}); },
          .access = Access::anyone};
}

}  // namespace freehold::server
