// A body of /v1/messages (Anthropic) as native types.
#pragma once

#include "freehold/generator.h"
#include "server/api_error.h"

namespace freehold::server {

struct MessagesRequest {
  std::string model;
  Chat chat;
  Sampling sampling;
  Stop stop;
  Constraint constraint;
  bool stream = false;
};

// Counting needs no max_tokens.
enum class MessagesUse { answer, count };

Parsed<MessagesRequest> parse_messages_request(const Value& body, MessagesUse use);
Object messages_request_schema(MessagesUse use);

}  // namespace freehold::server
