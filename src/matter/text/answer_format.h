// How a family of models writes down its thoughts and its calls of tools. A family is one entry of
// the table; which one a model belongs to is seen from its chat template, which shows past calls in
// the same form.
#pragma once

#include <string_view>

namespace freehold::text {

// What stands between a call's opening and its closing.
enum class CallSyntax {
  json,           // {"name": …, "arguments": {…}}, or a list of those
  function_tags,  // <function=NAME><parameter=KEY>VALUE</parameter></function>
  invoke_tags,    // <invoke name="NAME"><parameter name="KEY">VALUE</parameter></invoke>, several
  argument_tags,  // NAME<arg_key>KEY</arg_key><arg_value>VALUE</arg_value>
  separated,      // NAME, a separator, {…}; or a kind, the separator, NAME and {…} in a fence
};

struct AnswerFormat {
  std::string_view family;
  std::string_view sign;  // what only this family's templates hold
  CallSyntax syntax = CallSyntax::json;
  std::string_view call_open;
  std::string_view call_close = {};  // empty: the call ends with the answer
  std::string_view separator = {};   // of CallSyntax::separated
  std::string_view calls_open = {};  // around all calls; may be empty
  std::string_view calls_close = {};
  bool bare = false;  // the whole answer may be a call without any opening
  std::string_view thought_open = "<think>";
  std::string_view thought_close = "</think>";
};

// The family whose sign the template holds; the most common form when there is none.
const AnswerFormat& answer_format_of(std::string_view chat_template);

// Whether a special token is one of those by which an answer is taken apart.
bool is_mark(const AnswerFormat& format, std::string_view token);

// Whether a prompt has opened a thought already, so that the answer begins within it.
bool ends_in_thought(std::string_view prompt, const AnswerFormat& format);

}  // namespace freehold::text
