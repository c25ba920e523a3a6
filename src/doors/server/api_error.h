// What goes wrong at the edge, in OpenAI's form: {"error":{"message","type","param","code"}}.
// Not the errors of rooms below, which are Error; from_error() translates those.
#pragma once

#include <expected>
#include <string>

#include "freehold/result.h"
#include "freehold/value.h"
#include "server/http.h"

namespace freehold::server {

struct ApiError {
  unsigned status = 400;
  std::string message;
  std::string type = "invalid_request_error";
  std::string param = {};  // the field at fault; empty: null
  std::string code = {};   // empty: null
};

template <class T>
using Parsed = std::expected<T, ApiError>;

// A request that is wrong in one field.
ApiError invalid_field(std::string param, std::string message);
// What a Generator answers, as HTTP tells it: 400, 403, 429, 500 or 503.
ApiError from_error(const Error& error);
ApiError draining_error();

Value to_value(const ApiError& error);
HttpResponse to_response(const ApiError& error);

}  // namespace freehold::server

namespace freehold {
// So that TRY returns an ApiError from a function that returns Parsed<T>.
inline std::unexpected<server::ApiError> fail(server::ApiError error) {
  return std::unexpected(std::move(error));
}
}  // namespace freehold
