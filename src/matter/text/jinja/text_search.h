// Searching in text in linear time, whatever the text and what is looked for.
#pragma once

#include <string_view>

#include "freehold/result.h"
#include "text/jinja/workspace.h"

namespace freehold::text::jinja {

// The first place at or behind `from`, npos when there is none.
std::size_t find_text(std::string_view text, std::string_view what, std::size_t from = 0);
std::size_t find_last_text(std::string_view text, std::string_view what);

// Python's str.replace; a negative count means all.
void replace_into(std::string_view text, std::string_view old, std::string_view fresh,
                  std::int64_t count, TextBuilder& result);

// Takes the first line off a text that is not empty, as Python's str.splitlines sees lines.
std::string_view take_line(std::string_view& rest, bool keep_end);

}  // namespace freehold::text::jinja
