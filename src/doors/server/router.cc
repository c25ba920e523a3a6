#include "server/router.h"

#include <fmt/format.h>

#include "base/json.h"
#include "server/api_error.h"

namespace freehold::server {
namespace {

constexpr const char* preflight_seconds = "86400";
constexpr std::size_t max_quoted_path_bytes = 200;

// What stands for the pattern's parameter ("" when it has none), or nothing when it does not fit.
std::optional<std::string_view> fit(std::string_view pattern, std::string_view path) {
  const std::size_t brace = pattern.find('{');
  if (brace == pattern.npos) {
    return pattern == path ? std::optional(std::string_view()) : std::nullopt;
  }
  const std::string_view before = pattern.substr(0, brace);
  const std::string_view after = pattern.substr(pattern.find('}') + 1);
  if (path.size() <= before.size() + after.size() || !path.starts_with(before) ||
      !path.ends_with(after)) {
    return {};
  }
  return path.substr(brace, path.size() - before.size() - after.size());
}

// A bearer token, or what Anthropic's clients send.
std::optional<std::string> key_of(const HttpRequest& head) {
  constexpr std::string_view scheme = "Bearer ";
  const std::string* bearer = head.header("authorization");
  if (bearer != nullptr && bearer->starts_with(scheme)) return bearer->substr(scheme.size());
  const std::string* key = head.header("x-api-key");
  return key != nullptr ? std::optional(*key) : std::nullopt;
}

}  // namespace

Router::Match Router::find(std::string_view method, std::string_view path) const {
  Match match;
  for (const Route& route : routes_) {
    const auto parameter = fit(route.pattern, path);
    if (!parameter) continue;
    match.allowed += match.allowed.empty() ? "" : ", ";
    match.allowed += route.method == "GET" ? "GET, HEAD" : route.method;
    if (route.method == method || (route.method == "GET" && method == "HEAD")) {
      match.route = &route;
      match.parameter = *parameter;
    }
  }
  if (!match.allowed.empty()) match.allowed += ", OPTIONS";
  return match;
}

Parsed<void> Router::check_key(HttpRequest& head, Access access) const {
  if (access == Access::anyone || keys_.empty()) return {};
  const auto given = key_of(head);
  auto permit = given ? keys_.find(*given) : nullptr;
  if (!permit) {
    return fail(ApiError{401,
                         "a valid API key is needed: Authorization: Bearer KEY",
                         "invalid_request_error",
                         {},
                         "invalid_api_key"});
  }
  if (access == Access::admin && permit->role() != Role::admin) {
    return fail(ApiError{
        403, "this asks for an admin's API key", "permission_error", {}, "permission_denied"});
  }
  head.permit = std::move(permit);
  return {};
}

Parsed<void> Router::check_state(const Route& route, bool draining) const {
  if (draining && !route.while_draining) return fail(draining_error());
  if (!route.while_loading && !loaded_.load(std::memory_order_acquire)) {
    return fail(loading_error());
  }
  return {};
}

HttpResponse Router::preflight(const HttpRequest& head, const std::string& allowed) const {
  HttpResponse response{.status = 204, .content_type = "", .headers = {{"Allow", allowed}}};
  if (options_.cors_origin.empty()) return response;
  const std::string* asked = head.header("access-control-request-headers");
  response.headers.emplace_back("Access-Control-Allow-Methods", allowed);
  response.headers.emplace_back("Access-Control-Allow-Headers", asked ? *asked : "*");
  response.headers.emplace_back("Access-Control-Max-Age", preflight_seconds);
  return response;
}

std::optional<HttpResponse> Router::refuse(HttpRequest& head, bool draining) {
  const Match match = find(head.method, head.path);
  if (match.allowed.empty()) {
    return to_response({404,
                        fmt::format("there is no {} here; /openapi.json lists what there is",
                                    head.path.substr(0, max_quoted_path_bytes)),
                        "invalid_request_error",
                        {},
                        "not_found"});
  }
  if (head.method == "OPTIONS") return preflight(head, match.allowed);
  if (match.route == nullptr) {
    HttpResponse response = to_response(
        {405,
         fmt::format("{} does not answer {}, only {}", head.path.substr(0, max_quoted_path_bytes),
                     head.method, match.allowed),
         "invalid_request_error",
         {},
         "method_not_allowed"});
    response.headers.emplace_back("Allow", match.allowed);
    return response;
  }
  const ErrorForm& errors = *match.route->errors;
  if (auto allowed = check_key(head, match.route->access); !allowed) {
    return to_response(allowed.error(), errors);
  }
  if (auto able = check_state(*match.route, draining); !able) {
    HttpResponse response = to_response(able.error(), errors);
    if (head.path == "/health" || head.path == "/ready") {
      response.body = to_json(Object{{"status", draining ? "draining" : "loading model"}});
    }
    return response;
  }
  // What computes is counted; looking at things is not.
  if (!head.permit || head.method != "POST") return {};
  if (auto begun = head.permit->begin(); !begun) {
    return to_response(begun.error(), errors);
  }
  return {};
}

void Router::handle(const std::shared_ptr<Exchange>& exchange) {
  const HttpRequest& request = exchange->request();
  const Match match = find(request.method, request.path);
  CHECK(match.route != nullptr);
  match.route->handler(exchange, match.parameter);
}

}  // namespace freehold::server
