// A body of /v1/responses as native types, with what it goes on from.
#pragma once

#include <string>

#include "freehold/chat.h"
#include "server/generation_request.h"
#include "server/response_store.h"

namespace freehold::server {

enum class ResponsesUse { answer, count };

struct ResponsesRequest : GenerationRequest {
  Chat chat;
  List items;         // the whole conversation up to here, earlier responses included
  Object settings;    // what was asked, in the order in which a response says it back
  bool store = true;  // keep the response
  bool logprobs = false;
};

Parsed<ResponsesRequest> parse_responses_request(const Value& body, const ResponseStore& store,
                                                 ResponsesUse use);
Object responses_request_schema(ResponsesUse use);

}  // namespace freehold::server
