// Text as Python sees it: code points over UTF-8, their classes and their cases. Bytes that are no
// UTF-8 count as one character each. Not what tokenizers need, which is codepoints.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace freehold::text::jinja {

// The code point at `at`, which moves behind it; 0xDC00 + byte for a byte that is no UTF-8.
char32_t next_character(std::string_view text, std::size_t& at);
// The start of the character that ends before `at` (at > 0).
std::size_t previous_character(std::string_view text, std::size_t at);
void append_character(std::string& text, char32_t character);

bool is_ascii(std::string_view text);
std::size_t count_characters(std::string_view text);
// The byte where character number `index` starts; the end when there are fewer.
std::size_t byte_of_character(std::string_view text, std::size_t index);

bool is_space(char32_t c);       // what str.isspace() and str.strip() mean
bool is_line_break(char32_t c);  // what str.splitlines() means
bool is_printable(char32_t c);   // what repr() does not escape
bool is_alphabetic(char32_t c);
bool is_decimal(char32_t c);
bool is_digit(char32_t c);
bool is_numeric(char32_t c);
bool is_upper(char32_t c);
bool is_lower(char32_t c);
bool is_title(char32_t c);
bool is_word(char32_t c);  // \w of a regular expression

std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
std::string to_title(std::string_view character);  // one character

// Whether there are letters with cases, and all of them have this one.
bool has_case(std::string_view text, bool upper);

// Without the characters that are in `set` (white space when `set` is nullptr) at the chosen ends.
std::string_view strip(std::string_view text, const std::string_view* set, bool left, bool right);

}  // namespace freehold::text::jinja
