#include "text/jinja/string_cases.h"

#include <unicode/uchar.h>

#include "text/jinja/characters.h"

namespace freehold::text::jinja {

std::string capitalize(std::string_view text) {
  if (text.empty()) return {};
  std::size_t at = 0;
  next_character(text, at);
  return to_title(text.substr(0, at)) + to_lower(text.substr(at));
}

std::string title_words(std::string_view text) {
  std::string result;
  bool in_word = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t c = next_character(text, at);
    const std::string_view character = text.substr(begin, at - begin);
    result += in_word ? to_lower(character) : to_title(character);
    in_word = is_upper(c) || is_lower(c) || is_title(c);
  }
  return result;
}

std::string swap_case(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t c = next_character(text, at);
    const std::string_view character = text.substr(begin, at - begin);
    result += is_upper(c)   ? to_lower(character)
              : is_lower(c) ? to_upper(character)
                            : std::string(character);
  }
  return result;
}

std::string fold_case(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t c = next_character(text, at);
    if (c == 0xDF || c == 0x1E9E) {
      result += "ss";
    } else if (c >= 0xDC80 && c <= 0xDCFF) {
      result += text.substr(begin, at - begin);
    } else {
      append_character(
          result, static_cast<char32_t>(u_foldCase(static_cast<UChar32>(c), U_FOLD_CASE_DEFAULT)));
    }
  }
  return result;
}

}  // namespace freehold::text::jinja
