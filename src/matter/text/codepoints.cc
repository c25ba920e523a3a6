#include "text/codepoints.h"

#include <unicode/uchar.h>

namespace freehold::text {
namespace {

// The range that the second byte must lie in, after Table 3-7 of the Unicode standard.
struct LeadByte {
  std::size_t length;
  unsigned char low;
  unsigned char high;
};

LeadByte lead_byte(unsigned char byte) {
  if (byte >= 0xc2 && byte <= 0xdf) return {2, 0x80, 0xbf};
  if (byte == 0xe0) return {3, 0xa0, 0xbf};
  if (byte == 0xed) return {3, 0x80, 0x9f};
  if (byte >= 0xe1 && byte <= 0xef) return {3, 0x80, 0xbf};
  if (byte == 0xf0) return {4, 0x90, 0xbf};
  if (byte >= 0xf1 && byte <= 0xf3) return {4, 0x80, 0xbf};
  if (byte == 0xf4) return {4, 0x80, 0x8f};
  return {0, 0, 0};
}

}  // namespace

CodePoint code_point_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const auto [length, low, high] = lead_byte(first);
  if (length == 0) return {0xfffd, 1, false};
  char32_t value = first & (0x7fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const unsigned char least = i == 1 ? low : 0x80;
    const unsigned char most = i == 1 ? high : 0xbf;
    if (at + i >= text.size() || byte(i) < least || byte(i) > most) return {0xfffd, i, false};
    value = (value << 6) | (byte(i) & 0x3fu);
  }
  return {value, length, true};
}

bool is_valid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      ++at;
      continue;
    }
    const CodePoint point = code_point_at(text, at);
    if (!point.valid) return false;
    at += point.length;
  }
  return true;
}

void append_utf8(std::string& text, char32_t value) {
  const auto put = [&](char32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (value < 0x80) {
    put(value);
  } else if (value < 0x800) {
    put(0xc0 | (value >> 6));
    put(0x80 | (value & 0x3f));
  } else if (value < 0x10000) {
    put(0xe0 | (value >> 12));
    put(0x80 | ((value >> 6) & 0x3f));
    put(0x80 | (value & 0x3f));
  } else {
    put(0xf0 | (value >> 18));
    put(0x80 | ((value >> 12) & 0x3f));
    put(0x80 | ((value >> 6) & 0x3f));
    put(0x80 | (value & 0x3f));
  }
}

bool is_white_space(char32_t value) {
  return u_isUWhiteSpace(static_cast<UChar32>(value));
}

bool is_word_character(char32_t value) {
  const auto point = static_cast<UChar32>(value);
  constexpr auto marks_and_connectors = U_GC_M_MASK | U_GC_PC_MASK | U_GC_ND_MASK;
  return u_isUAlphabetic(point) || (U_GET_GC_MASK(point) & marks_and_connectors) != 0 ||
         u_hasBinaryProperty(point, UCHAR_JOIN_CONTROL);
}

}  // namespace freehold::text
