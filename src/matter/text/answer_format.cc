#include "text/answer_format.h"

#include <algorithm>
#include <iterator>

namespace freehold::text {
namespace {

// Looked through in this order: some forms are built from parts of others.
constexpr AnswerFormat formats[] = {
    {.family = "deepseek",
     .sign = "<｜tool▁calls▁begin｜>",
     .syntax = CallSyntax::separated,
     .call_open = "<｜tool▁call▁begin｜>",
     .call_close = "<｜tool▁call▁end｜>",
     .separator = "<｜tool▁sep｜>",
     .calls_open = "<｜tool▁calls▁begin｜>",
     .calls_close = "<｜tool▁calls▁end｜>"},
    {.family = "kimi",
     .sign = "<|tool_calls_section_begin|>",
     .syntax = CallSyntax::separated,
     .call_open = "<|tool_call_begin|>",
     .call_close = "<|tool_call_end|>",
     .separator = "<|tool_call_argument_begin|>",
     .calls_open = "<|tool_calls_section_begin|>",
     .calls_close = "<|tool_calls_section_end|>"},
    {.family = "minimax",
     .sign = "<minimax:tool_call>",
     .syntax = CallSyntax::invoke_tags,
     .call_open = "<minimax:tool_call>",
     .call_close = "</minimax:tool_call>"},
    {.family = "qwen-coder",
     .sign = "<function=",
     .syntax = CallSyntax::function_tags,
     .call_open = "<tool_call>",
     .call_close = "</tool_call>"},
    {.family = "glm",
     .sign = "<arg_key>",
     .syntax = CallSyntax::argument_tags,
     .call_open = "<tool_call>",
     .call_close = "</tool_call>"},
    {.family = "hermes",
     .sign = "<tool_call>",
     .call_open = "<tool_call>",
     .call_close = "</tool_call>"},
    {.family = "mistral", .sign = "[TOOL_CALLS]", .call_open = "[TOOL_CALLS]"},
    {.family = "llama", .sign = "<|python_tag|>", .call_open = "<|python_tag|>", .bare = true},
    {.family = "llama", .sign = "\"parameters\": ", .call_open = "<|python_tag|>", .bare = true},
    {.family = "generic",
     .sign = "",
     .call_open = "<tool_call>",
     .call_close = "</tool_call>",
     .bare = true},
};

}  // namespace

const AnswerFormat& answer_format_of(std::string_view chat_template) {
  return *std::ranges::find_if(
      formats, [&](const AnswerFormat& format) { return chat_template.contains(format.sign); });
}

bool is_mark(const AnswerFormat& format, std::string_view token) {
  const std::string_view marks[] = {format.call_open,    format.call_close,  format.separator,
                                    format.calls_open,   format.calls_close, format.thought_open,
                                    format.thought_close};
  return !token.empty() && std::ranges::find(marks, token) != std::end(marks);
}

bool ends_in_thought(std::string_view prompt, const AnswerFormat& format) {
  const std::size_t end = prompt.find_last_not_of(" \t\r\n");
  return end != std::string_view::npos && prompt.substr(0, end + 1).ends_with(format.thought_open);
}

}  // namespace freehold::text
