// A body of /v1/completions as native types.
#pragma once

#include <vector>

#include "server/generation_request.h"

namespace freehold::server {

struct CompletionRequest : GenerationRequest {
  std::vector<Prompt> prompts;  // at least one; text or tokens
  bool echo = false;            // the answer begins with the prompt
  bool logprobs = false;
};

Parsed<CompletionRequest> parse_completion_request(const Value& body);
Object completion_request_schema();

}  // namespace freehold::server
