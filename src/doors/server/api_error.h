// What goes wrong at the edge, and how the dialects tell it. Not the errors of rooms below, which
// are Error; from_error() translates those.
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
  std::string param = {};    // the field at fault; empty: null
  std::string code = {};     // empty: null
  double retry_after_s = 1;  // of 429 and 503
};

template <class T>
using Parsed = std::expected<T, ApiError>;

// A request that is wrong in one field.
ApiError invalid_field(std::string param, std::string message);
// What a Generator answers, as HTTP tells it: 400, 403, 429, 500 or 503.
ApiError from_error(const Error& error);
ApiError draining_error();
ApiError loading_error();  // the models are not there yet

// How a dialect tells an error: as an object, and as the last piece of a stream.
struct ErrorForm {
  Value (*value)(const ApiError& error);
  std::string (*stream_piece)(const ApiError& error);
};
// OpenAI's: {"error":{"message","type","param","code"}}; what is said outside of all dialects, too.
extern const ErrorForm openai_errors;
// Anthropic's: {"type":"error","error":{"type","message"}}.
extern const ErrorForm anthropic_errors;
// Ollama's: {"error":"message"}.
extern const ErrorForm ollama_errors;

HttpResponse to_response(const ApiError& error, const ErrorForm& form = openai_errors);

}  // namespace freehold::server

namespace freehold {
// So that TRY returns an ApiError from a function that returns Parsed<T>.
inline std::unexpected<server::ApiError> fail(server::ApiError error) {
  return std::unexpected(std::move(error));
}
}  // namespace freehold
