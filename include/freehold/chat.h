// A conversation as native types: what doors make of JSON and chat templates render.
#pragma once

#include <string>
#include <vector>

#include "freehold/value.h"

namespace freehold {

// What a chat template sees. Each message is an object with at least `role`; `content` is text, or
// null, or a list of parts; the rest (`name`, `tool_calls`, `tool_call_id`, `reasoning_content`) is
// passed through as it came.
struct Chat {
  List messages{};
  List tools{};                       // function definitions; empty: none
  bool add_generation_prompt = true;  // end with the opening of the assistant's turn
  // End within the last message instead, where its text ends: the answer goes on with it.
  bool continue_final_message = false;
  Object template_arguments{};  // chat_template_kwargs: further names that the template sees
};

// A call that a model wants made. `arguments` is the text of a JSON object.
struct ToolCall {
  std::string name;
  std::string arguments;

  bool operator==(const ToolCall&) const = default;
};

// One message of plain text.
inline Value message(std::string role, std::string content) {
  return Object{{"role", std::move(role)}, {"content", std::move(content)}};
}

}  // namespace freehold
