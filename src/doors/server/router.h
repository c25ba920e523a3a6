// A table of routes, and the Site over it: finds the handler of a request, or says 404, 405, 401,
// 403, 429, 503. Endpoints fill it; the OpenAPI document is written from it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "freehold/value.h"
#include "server/api_error.h"
#include "server/http.h"
#include "server/keys.h"
#include "server/server.h"

namespace freehold::server {

// `parameter` is what stands for the pattern's {name}, empty when it has none.
using Handler =
    std::function<void(const std::shared_ptr<Exchange>& exchange, std::string_view parameter)>;

// Whose keys open a route. Where no key is asked for, everybody may do everything.
enum class Access { anyone, user, admin };

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
  Access access = Access::user;
  bool while_loading = false;  // answered before the models are there
};

class Router : public Site {
 public:
  // All must outlive the router.
  Router(const ServerOptions& options, KeyRing& keys) : options_(options), keys_(keys) {}

  void add(Route route) { routes_.push_back(std::move(route)); }
  const std::vector<Route>& routes() const { return routes_; }

  // From now on models are there.
  void set_loaded() { loaded_.store(true, std::memory_order_release); }

  std::optional<HttpResponse> refuse(HttpRequest& head, bool draining) override;
  void handle(const std::shared_ptr<Exchange>& exchange) override;

 private:
  struct Match {
    const Route* route = nullptr;  // nullptr: no such path, or not with this method
    std::string_view parameter;
    std::string allowed;  // methods that the path has; empty: no such path
  };
  Match find(std::string_view method, std::string_view path) const;
  Parsed<void> check_key(HttpRequest& head, Access access) const;
  Parsed<void> check_state(const Route& route, bool draining) const;
  HttpResponse preflight(const HttpRequest& head, const std::string& allowed) const;

  const ServerOptions& options_;
  KeyRing& keys_;
  std::atomic<bool> loaded_ = false;
  std::vector<Route> routes_;
};

}  // namespace freehold::server
