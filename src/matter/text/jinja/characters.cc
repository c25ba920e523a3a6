#include "text/jinja/characters.h"

#include <unicode/uchar.h>
#include <unicode/ustring.h>

#include <algorithm>

#include "text/codepoints.h"

namespace freehold::text::jinja {
namespace {

constexpr char32_t broken = 0xDC00;  // plus the byte

unsigned byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

// How many bytes the character at `at` takes.
std::size_t size_at(std::string_view text, std::size_t at) {
  if (byte_at(text, at) < 0x80) return 1;
  const CodePoint point = code_point_at(text, at);
  return point.valid ? point.length : 1;
}

using Utf16 = std::basic_string<UChar>;

// One of ICU's whole-string case mappings, over UTF-16 and back.
template <class Mapping>
std::string map_piece(std::string_view text, Mapping mapping) {
  Utf16 units;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = next_character(text, at);
    if (c >= 0x10000) {
      units.push_back(static_cast<UChar>(0xD7C0 + (c >> 10)));
      units.push_back(static_cast<UChar>(0xDC00 + (c & 0x3FF)));
    } else {
      units.push_back(static_cast<UChar>(c));
    }
  }
  Utf16 mapped(units.size() * 3 + 8, UChar{});  // no mapping makes more than three of one
  UErrorCode status = U_ZERO_ERROR;
  const std::int32_t length =
      mapping(mapped.data(), static_cast<std::int32_t>(mapped.size()), units.data(),
              static_cast<std::int32_t>(units.size()), &status);
  if (U_FAILURE(status)) return std::string(text);
  std::string result;
  for (std::int32_t i = 0; i < length; ++i) {
    char32_t c = mapped[static_cast<std::size_t>(i)];
    const char32_t low = i + 1 < length ? mapped[static_cast<std::size_t>(i) + 1] : 0;
    if (c >= 0xD800 && c < 0xDC00 && low >= 0xDC00 && low < 0xE000) {
      c = ((c - 0xD7C0) << 10) + (low - 0xDC00);
      ++i;
    }
    append_character(result, c);
  }
  return result;
}

// In pieces that end with white space, where no mapping looks across: long texts need no memory
// but their own.
template <class Mapping>
std::string map_case(std::string_view text, Mapping mapping) {
  constexpr std::size_t most = 65536;
  std::string result;
  while (text.size() > most) {
    const std::size_t space = text.find_last_of(" \n", most);
    std::size_t cut = space == text.npos || space == 0 ? most : space;
    while (cut < text.size() && (byte_at(text, cut) & 0xC0) == 0x80) ++cut;
    result += map_piece(text.substr(0, cut), mapping);
    text.remove_prefix(cut);
  }
  return result + map_piece(text, mapping);
}

UChar32 icu(char32_t c) {
  return static_cast<UChar32>(c);
}

}  // namespace

char32_t next_character(std::string_view text, std::size_t& at) {
  const unsigned lead = byte_at(text, at);
  if (lead < 0x80) return ++at, lead;
  const CodePoint point = code_point_at(text, at);
  at += point.valid ? point.length : 1;
  return point.valid ? point.value : broken + lead;
}

std::size_t previous_character(std::string_view text, std::size_t at) {
  for (std::size_t back = 2; back <= 4 && back <= at; ++back) {
    const CodePoint point = code_point_at(text.substr(0, at), at - back);
    if (point.valid && point.length == back) return at - back;
  }
  return at - 1;
}

void append_character(std::string& text, char32_t c) {
  if (c >= broken + 0x80 && c <= broken + 0xFF) {
    text.push_back(static_cast<char>(c - broken));
  } else {
    append_utf8(text, (c >= 0xD800 && c < 0xE000) || c > 0x10FFFF ? 0xFFFD : c);
  }
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) {
    at += size_at(text, at);
  }
  return count;
}

std::size_t byte_of_character(std::string_view text, std::size_t index) {
  std::size_t at = 0;
  for (; index > 0 && at < text.size(); --index) {
    at += size_at(text, at);
  }
  return at;
}

bool is_space(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x1F);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_line_break(char32_t c) {
  return (c >= 10 && c <= 13) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 ||
         c == 0x2029;
}

bool is_printable(char32_t c) {
  if (c < 0x7F) return c >= ' ';
  constexpr std::uint32_t hidden = U_GC_C_MASK | U_GC_Z_MASK;
  return (U_GET_GC_MASK(icu(c)) & hidden) == 0;
}

bool is_alphabetic(char32_t c) {
  return (U_GET_GC_MASK(icu(c)) & U_GC_L_MASK) != 0;
}
bool is_decimal(char32_t c) {
  return u_charType(icu(c)) == U_DECIMAL_DIGIT_NUMBER;
}
bool is_digit(char32_t c) {
  const auto type = u_getIntPropertyValue(icu(c), UCHAR_NUMERIC_TYPE);
  return type == U_NT_DECIMAL || type == U_NT_DIGIT;
}
bool is_numeric(char32_t c) {
  return u_getIntPropertyValue(icu(c), UCHAR_NUMERIC_TYPE) != U_NT_NONE;
}
bool is_upper(char32_t c) {
  return u_hasBinaryProperty(icu(c), UCHAR_UPPERCASE) != 0;
}
bool is_lower(char32_t c) {
  return u_hasBinaryProperty(icu(c), UCHAR_LOWERCASE) != 0;
}
bool is_title(char32_t c) {
  return u_charType(icu(c)) == U_TITLECASE_LETTER;
}
bool is_word(char32_t c) {
  return c == '_' || is_alphabetic(c) || is_numeric(c);
}

std::string to_upper(std::string_view text) {
  if (is_ascii(text)) {
    std::string result(text);
    for (char& c : result) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    return result;
  }
  return map_case(
      text, [](UChar* to, std::int32_t room, const UChar* from, std::int32_t size,
               UErrorCode* status) { return u_strToUpper(to, room, from, size, "", status); });
}

std::string to_lower(std::string_view text) {
  if (is_ascii(text)) {
    std::string result(text);
    for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return result;
  }
  return map_case(
      text, [](UChar* to, std::int32_t room, const UChar* from, std::int32_t size,
               UErrorCode* status) { return u_strToLower(to, room, from, size, "", status); });
}

std::string to_title(std::string_view character) {
  if (is_ascii(character)) return to_upper(character);
  return map_case(character, [](UChar* to, std::int32_t room, const UChar* from, std::int32_t size,
                                UErrorCode* status) {
    return u_strToTitle(to, room, from, size, nullptr, "", status);
  });
}

bool has_case(std::string_view text, bool upper) {
  bool cased = false;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = next_character(text, at);
    if (is_title(c) || (upper ? is_lower(c) : is_upper(c))) return false;
    cased = cased || (upper ? is_upper(c) : is_lower(c));
  }
  return cased;
}

std::string_view strip(std::string_view text, const std::string_view* set, bool left, bool right) {
  const auto goes = [&](std::size_t begin, std::size_t end) {
    if (set != nullptr) return set->find(text.substr(begin, end - begin)) != set->npos;
    std::size_t at = begin;
    return is_space(next_character(text, at));
  };
  std::size_t begin = 0;
  std::size_t end = text.size();
  while (left && begin < end) {
    std::size_t behind = begin;
    next_character(text, behind);
    if (!goes(begin, behind)) break;
    begin = behind;
  }
  while (right && end > begin) {
    const std::size_t start = previous_character(text, end);
    if (start < begin || !goes(start, end)) break;
    end = start;
  }
  return text.substr(begin, end - begin);
}

}  // namespace freehold::text::jinja
