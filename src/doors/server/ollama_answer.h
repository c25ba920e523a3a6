// An answer in Ollama's dialect, as a line for every piece or as one object.
#pragma once

#include <string>

#include "server/ollama_request.h"
#include "server/text_answer.h"

namespace freehold::server {

// Where the text of an answer stands: in a message, or in a member of its own.
enum class OllamaText { message, response };

// The answer to a request without a prompt: the model is there.
Value ollama_loaded(const ModelCard& card, OllamaText text);

TextJob ollama_job(Generator& generator, OllamaRequest request, OllamaText text);

// Now or another moment, as these APIs write it (RFC 3339).
std::string rfc3339(std::int64_t unix_s);

}  // namespace freehold::server
