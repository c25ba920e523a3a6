#include "server/router.h"

#include <fmt/format.h>

#include "base/digest.h"
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

// Digests are compared, in constant time, so that neither content nor length leaks by timing.
bool Router::is_authorized(const HttpRequest& head) const {
  const bool asked = head.path.starts_with("/v1/") || head.path.starts_with("/api/");
  if (options_.api_key.empty() || !asked) return true;
  const auto given = key_of(head);
  if (!given) return false;
  const std::string left = sha256(*given);
  const std::string right = sha256(options_.api_key);
  int difference = 0;
  for (std::size_t i = 0; i < left.size(); ++i) difference |= left[i] ^ right[i];
  return difference == 0;
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

std::optional<HttpResponse> Router::refuse(const HttpRequest& head, bool draining) {
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
  if (!is_authorized(head)) {
    return to_response({401,
                        "a valid API key is needed: Authorization: Bearer KEY",
                        "invalid_request_error",
                        {},
                        "invalid_api_key"},
                       errors);
  }
  if (!draining) return {};
  if (head.path == "/health") {
    HttpResponse response = to_response(draining_error());
    response.body = to_json(Object{{"status", "draining"}});
    return response;
  }
  if (match.route->while_draining) return {};
  return to_response(draining_error(), errors);
}

void Router::handle(const std::shared_ptr<Exchange>& exchange) {
  const HttpRequest& request = exchange->request();
  const Match match = find(request.method, request.path);
  CHECK(match.route != nullptr);
  match.route->handler(exchange, match.parameter);
}

}  // namespace freehold::server
