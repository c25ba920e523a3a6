// An answer in Ollama's dialect, as a line for every piece or as one object.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "server/ollama_request.h"
#include "server/text_answer.h"

namespace freehold::server {

// Where the text of an answer stands: in a message, or in a member of its own.
enum class OllamaText { message, response };

// Answers what `parse` makes of a request, or with the error that it found.
void answer_ollama(Service& service, const std::shared_ptr<Exchange>& exchange,
                   Parsed<OllamaRequest> (*parse)(const Value& body), OllamaText text);

// Now or another moment, as these APIs write it (RFC 3339).
std::string rfc3339(std::int64_t unix_s);

}  // namespace freehold::server
