// One call of a tool as a model wrote it, taken apart.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "freehold/chat.h"
#include "text/answer_format.h"

namespace freehold::text {

// What stands between a call's opening and closing; nothing when it is not in the family's form.
// Where a form writes all arguments as text, the tools' schemas say which are something else.
std::optional<std::vector<ToolCall>> read_calls(const AnswerFormat& format, std::string_view body,
                                                const List& tools);

}  // namespace freehold::text
