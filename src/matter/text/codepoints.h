// UTF-8 by the byte: decoding, encoding and the two character classes that tokenizers ask for.
// Not normalization (normalizer.h), not repairing streams (detokenizer.h).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace freehold::text {

struct CodePoint {
  char32_t value;      // U+FFFD when the bytes are broken
  std::size_t length;  // bytes it takes; of broken bytes the maximal part that could have begun one
  bool valid;
};

// The character that starts at `at`, which must lie inside the text. Broken bytes are cut into the
// maximal parts of Unicode's recommended practice, as Python's errors="replace" cuts them.
CodePoint code_point_at(std::string_view text, std::size_t at);

bool is_valid_utf8(std::string_view text);
void append_utf8(std::string& text, char32_t value);

// White_Space of the Unicode standard: what `\s` means in tokenizer patterns.
bool is_white_space(char32_t value);
// Letters, numbers, marks and connectors: what `\w` means there.
bool is_word_character(char32_t value);

}  // namespace freehold::text
