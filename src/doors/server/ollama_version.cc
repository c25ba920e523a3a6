// GET /api/version: where Ollama's clients look for the program's version.
#include "base/json.h"
#include "server/endpoints.h"
#include "server/fingerprint.h"

namespace freehold::server {

Route ollama_version_route() {
  return {.method = "GET",
          .pattern = "/api/version",
          .summary = "The program's version, in Ollama's dialect",
          .handler =
              [](const std::shared_ptr<Exchange>& exchange, std::string_view) {
                exchange->send({.body = to_json(Object{{"version", version()}})});
              },
          .errors = &ollama_errors,
          .while_draining = true};
}

}  // namespace freehold::server
