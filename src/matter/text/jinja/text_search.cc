#include "text/jinja/text_search.h"

#include <string.h>

#include <string>

#include "text/jinja/characters.h"

namespace freehold::text::jinja {

std::size_t find_text(std::string_view text, std::string_view what, std::size_t from) {
  if (from > text.size()) return text.npos;
  // glibc's memmem is linear (two-way search); std::string_view::find is not.
  const void* found = ::memmem(text.data() + from, text.size() - from, what.data(), what.size());
  if (found == nullptr) return text.npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

std::size_t find_last_text(std::string_view text, std::string_view what) {
  const std::string reversed(text.rbegin(), text.rend());
  const std::string reversed_what(what.rbegin(), what.rend());
  const std::size_t found = find_text(reversed, reversed_what);
  return found == text.npos ? text.npos : text.size() - found - what.size();
}

void replace_into(std::string_view text, std::string_view old, std::string_view fresh,
                  std::int64_t count, TextBuilder& result) {
  std::size_t at = 0;
  for (; count != 0 && !result.failed(); --count) {
    if (old.empty()) {  // between all characters, and at both ends
      result.append(fresh);
      if (at == text.size()) return;
      const std::size_t begin = at;
      next_character(text, at);
      result.append(text.substr(begin, at - begin));
      continue;
    }
    const std::size_t found = find_text(text, old, at);
    if (found == text.npos) break;
    result.append(text.substr(at, found - at));
    result.append(fresh);
    at = found + old.size();
  }
  result.append(text.substr(at));
}

std::string_view take_line(std::string_view& rest, bool keep_end) {
  const std::string_view text = rest;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = at;
    const char32_t c = next_character(text, at);
    if (!is_line_break(c)) continue;
    if (c == '\r' && at < text.size() && text[at] == '\n') ++at;
    rest.remove_prefix(at);
    return text.substr(0, keep_end ? at : end);
  }
  rest = {};
  return text;
}

}  // namespace freehold::text::jinja
