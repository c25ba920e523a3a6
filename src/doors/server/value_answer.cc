#include "server/value_answer.h"

#include "base/json.h"

namespace freehold::server {

Handler value_handler(Service& service, Parsed<Value> (*answer)(Service&, const HttpRequest&),
                      const ErrorForm& errors) {
  return [&service, &errors, answer](const std::shared_ptr<Exchange>& exchange, std::string_view) {
    const auto value = answer(service, exchange->request());
    exchange->send(value ? HttpResponse{.body = to_json(*value)}
                         : to_response(value.error(), errors));
  };
}

}  // namespace freehold::server
