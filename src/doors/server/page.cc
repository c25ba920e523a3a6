// GET /: a page to chat with the model, one file without anything from elsewhere.
#include "server/page.h"

#include "server/endpoints.h"

namespace freehold::server {
namespace {

// Nothing is fetched from elsewhere, and no other site may frame the page.
constexpr const char* content_policy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

}  // namespace

Route page_route() {
  return {.method = "GET",
          .pattern = "/",
          .summary = "A page to chat with the model",
          .handler =
              [](const std::shared_ptr<Exchange>& exchange, std::string_view) {
                exchange->send({.content_type = "text/html; charset=utf-8",
                                .body = std::string(page_text),
                                .headers = {{"Content-Security-Policy", content_policy},
                                            {"X-Content-Type-Options", "nosniff"},
                                            {"Cache-Control", "no-cache"}}});
              },
          .answer_type = "text/html",
          .access = Access::anyone,
          .while_loading = true};
}

}  // namespace freehold::server
