// A table of routes, and the Site over it: finds the handler of a request, or says 404, 405, 401,
// 503. Endpoints fill it; the OpenAPI document is written from it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "freehold/value.h"
#include "server/api_error.h"
#include "server/http.h"
#include "server/server.h"

namespace freehold::server {

// `parameter` is what stands for the pattern's {name}, empty when it has none.
using Handler =
    std::function<void(const std::shared_ptr<Exchange>& exchange, std::string_view parameter)>;

struct Route {
  std::string method;
  std::string pattern;  // "/v1/models/{model}": a parameter is all up to what stands behind it,
                        // slashes and all; of several patterns that fit the last counts
  std::string summary;
  Handler handler;
  Object request_schema = {};  // of a JSON body; empty: none is read
  std::string answer_type = "application/json";
  Object answer_schema = {};  // empty: not described
  const ErrorForm* errors = &openai_errors;
  bool while_draining = false;  // answered to the end, so that watchers see the server go
};

class Router : public Site {
 public:
  explicit Router(const ServerOptions& options) : options_(options) {}

  void add(Route route) { routes_.push_back(std::move(route)); }
  const std::vector<Route>& routes() const { return routes_; }

  std::optional<HttpResponse> refuse(const HttpRequest& head, bool draining) override;
  void handle(const std::shared_ptr<Exchange>& exchange) override;

 private:
  struct Match {
    const Route* route = nullptr;  // nullptr: no such path, or not with this method
    std::string_view parameter;
    std::string allowed;  // methods that the path has; empty: no such path
  };
  Match find(std::string_view method, std::string_view path) const;
  bool is_authorized(const HttpRequest& head) const;
  HttpResponse preflight(const HttpRequest& head, const std::string& allowed) const;

  const ServerOptions& options_;
  std::vector<Route> routes_;
};

}  // namespace freehold::server
