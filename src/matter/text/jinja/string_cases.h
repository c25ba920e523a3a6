// Python's ways to change the case of a whole text.
#pragma once

#include <string>
#include <string_view>

namespace freehold::text::jinja {

std::string capitalize(std::string_view text);   // First letter of all
std::string title_words(std::string_view text);  // First Letter Of Each Word
std::string swap_case(std::string_view text);
std::string fold_case(std::string_view text);

}  // namespace freehold::text::jinja
