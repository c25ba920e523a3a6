// A body of /v1/chat/completions as native types.
#pragma once

#include "freehold/chat.h"
#include "server/generation_request.h"

namespace freehold::server {

struct ChatRequest : GenerationRequest {
  Chat chat;
  bool logprobs = false;
};

Parsed<ChatRequest> parse_chat_request(const Value& body);
Object chat_request_schema();

}  // namespace freehold::server
