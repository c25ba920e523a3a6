// Calls of tools in OpenAI's form.
#pragma once

#include <cstddef>
#include <vector>

#include "freehold/chat.h"
#include "freehold/value.h"

namespace freehold::server {

// A call with an id that is new. In a stream it also says its number, from 0.
Object openai_tool_call(const ToolCall& call);
List openai_tool_calls(const std::vector<ToolCall>& calls);

}  // namespace freehold::server
