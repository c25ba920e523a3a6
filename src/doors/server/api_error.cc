#include "server/api_error.h"

#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "server/sse.h"

namespace freehold::server {
namespace {

constexpr double loading_retry_after_s = 5;

Value text_or_null(const std::string& text) {
  return text.empty() ? Value() : Value(text);
}

Value openai_value(const ApiError& error) {
  return Object{{"error", Object{{"message", error.message},
                                 {"type", error.type},
                                 {"param", text_or_null(error.param)},
                                 {"code", text_or_null(error.code)}}}};
}

std::string_view anthropic_type(unsigned status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 503:
      return "overloaded_error";
    default:
      return status < 500 ? "invalid_request_error" : "api_error";
  }
}

Value anthropic_value(const ApiError& error) {
  return Object{
      {"type", "error"},
      {"error", Object{{"type", anthropic_type(error.status)}, {"message", error.message}}}};
}

Value ollama_value(const ApiError& error) {
  return Object{{"error", error.message}};
}

}  // namespace

const ErrorForm openai_errors = {
    openai_value, [](const ApiError& error) { return sse_event(openai_value(error), "error"); }};
const ErrorForm anthropic_errors = {anthropic_value, [](const ApiError& error) {
                                      return sse_event(anthropic_value(error), "error");
                                    }};
const ErrorForm ollama_errors = {
    ollama_value, [](const ApiError& error) { return to_json(ollama_value(error)) + "\n"; }};

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

ApiError loading_error() {
  return {503,
          "the models are being loaded",
          "server_error",
          {},
          "loading_model",
          loading_retry_after_s};
}

HttpResponse to_response(const ApiError& error, const ErrorForm& form) {
  HttpResponse response{.status = error.status, .body = to_json(form.value(error))};
  if (error.status == 429 || error.status == 503) {
    const double seconds = std::clamp(std::ceil(error.retry_after_s), 1.0, 3600.0);
    response.headers.emplace_back("Retry-After", std::to_string(static_cast<int>(seconds)));
  }
  if (error.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

}  // namespace freehold::server
