#include "server/sse.h"

#include <fmt/format.h>

#include "base/json.h"

namespace freehold::server {

HttpResponse sse_head() {
  return {.status = 200,
          .content_type = "text/event-stream; charset=utf-8",
          // Proxies must pass events on as they come.
          .headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}}};
}

std::string sse_event(const Value& data, std::string_view name) {
  // JSON on one line has no line breaks of its own: one data line is enough.
  return name.empty() ? fmt::format("data: {}\n\n", to_json(data))
                      : fmt::format("event: {}\ndata: {}\n\n", name, to_json(data));
}

std::string sse_done() {
  return "data: [DONE]\n\n";
}

}  // namespace freehold::server
