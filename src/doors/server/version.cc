// GET /version.
#include "base/json.h"
#include "server/endpoints.h"
#include "server/fingerprint.h"

namespace freehold::server {

Route version_route() {
  return {.method = "GET",
          .pattern = "/version",
          .summary = "The program's version",
          .handler =
              [](const std::shared_ptr<Exchange>& exchange, std::string_view) {
                exchange->send({.body = to_json(Object{{"version", version()}})});
              },
          .while_draining = true,
          .access = Access::anyone,
          .while_loading = true};
}

}  // namespace freehold::server
