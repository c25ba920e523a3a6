#include "server/api_error.h"

#include "base/json.h"

namespace freehold::server {
namespace {

constexpr const char* retry_after_seconds = "1";

Value text_or_null(const std::string& text) {
  return text.empty() ? Value() : Value(text);
}

}  // namespace

ApiError invalid_field(std::string param, std::string message) {
  return {.message = std::move(message), .param = std::move(param)};
}

ApiError from_error(const Error& error) {
  std::string message = error.message;
  if (!error.hint.empty()) message += " (" + error.hint + ")";
  switch (error.code) {
    case ErrorCode::usage:
    case ErrorCode::invalid:
      return {.message = std::move(message)};
    case ErrorCode::denied:
      return {403, std::move(message), "permission_error", {}, "permission_denied"};
    case ErrorCode::absent:
      return {429, std::move(message), "rate_limit_error", {}, "rate_limit_exceeded"};
    case ErrorCode::interrupted:
      return draining_error();
    case ErrorCode::undecided:
    case ErrorCode::internal:
      break;
  }
  return {500, std::move(message), "server_error", {}, "internal_error"};
}

ApiError draining_error() {
  return {503,
          "the server is shutting down and takes no new work",
          "server_error",
          {},
          "server_shutting_down"};
}

Value to_value(const ApiError& error) {
  return Object{{"error", Object{{"message", error.message},
                                 {"type", error.type},
                                 {"param", text_or_null(error.param)},
                                 {"code", text_or_null(error.code)}}}};
}

HttpResponse to_response(const ApiError& error) {
  HttpResponse response{.status = error.status, .body = to_json(to_value(error))};
  if (error.status == 429 || error.status == 503) {
    response.headers.emplace_back("Retry-After", retry_after_seconds);
  }
  if (error.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

}  // namespace freehold::server
