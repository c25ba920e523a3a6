#include "server/openai_tool_calls.h"

#include "server/request_id.h"

namespace freehold::server {

Object openai_tool_call(const ToolCall& call) {
  return {{"id", fresh_id("call_")},
          {"type", "function"},
          {"function", Object{{"name", call.name}, {"arguments", call.arguments}}}};
}

List openai_tool_calls(const std::vector<ToolCall>& calls) {
  List list;
  for (const ToolCall& call : calls) list.push_back(openai_tool_call(call));
  return list;
}

}  // namespace freehold::server
