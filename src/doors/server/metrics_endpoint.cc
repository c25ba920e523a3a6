// GET /metrics.
#include "server/endpoints.h"

namespace freehold::server {

Route metrics_route(Service& service, Access access) {
  return {.method = "GET",
          .pattern = "/metrics",
          .summary = "Counters in Prometheus' text format",
          .handler =
              [&service](const std::shared_ptr<Exchange>& exchange, std::string_view) {
                exchange->send({.content_type = "text/plain; version=0.0.4; charset=utf-8",
                                .body = service.metrics.to_prometheus(service.models)});
              },
          .answer_type = "text/plain",
          .while_draining = true,
          .access = access};
}

}  // namespace freehold::server
