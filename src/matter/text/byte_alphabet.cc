#include "text/byte_alphabet.h"

#include <array>

#include "text/codepoints.h"

namespace freehold::text {
namespace {

struct Alphabet {
  std::array<char32_t, 256> letters{};
  std::array<int, 0x144> bytes{};  // by letter; -1: none
};

// Printable Latin-1 bytes are their own letters; the others take U+0100, U+0101, … in order.
constexpr Alphabet make_alphabet() {
  Alphabet alphabet;
  alphabet.bytes.fill(-1);
  char32_t next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    const bool printable =
        (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    const char32_t letter = printable ? static_cast<char32_t>(byte) : next++;
    alphabet.letters[static_cast<std::size_t>(byte)] = letter;
    alphabet.bytes[letter] = byte;
  }
  return alphabet;
}

constexpr Alphabet alphabet = make_alphabet();

}  // namespace

std::optional<std::string> bytes_from_alphabet(std::string_view written) {
  std::string bytes;
  for (std::size_t at = 0; at < written.size();) {
    const CodePoint point = code_point_at(written, at);
    if (!point.valid || point.value >= alphabet.bytes.size()) return std::nullopt;
    const int byte = alphabet.bytes[point.value];
    if (byte < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(byte));
    at += point.length;
  }
  return bytes;
}

std::string bytes_to_alphabet(std::string_view bytes) {
  std::string written;
  for (const char byte : bytes) {
    append_utf8(written, alphabet.letters[static_cast<unsigned char>(byte)]);
  }
  return written;
}

}  // namespace freehold::text
