#include "text/detokenizer.h"

#include <array>

namespace freehold::text {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

unsigned byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

// The lead bytes of UTF-8 and what their second byte may be (Unicode, table 3-7).
struct Lead {
  unsigned first, last;
  std::size_t length;  // of the whole character
  unsigned second_least, second_most;
};
constexpr std::array<Lead, 9> leads = {{{0x00, 0x7F, 1, 0x00, 0x00},
                                        {0xC2, 0xDF, 2, 0x80, 0xBF},
                                        {0xE0, 0xE0, 3, 0xA0, 0xBF},
                                        {0xE1, 0xEC, 3, 0x80, 0xBF},
                                        {0xED, 0xED, 3, 0x80, 0x9F},
                                        {0xEE, 0xEF, 3, 0x80, 0xBF},
                                        {0xF0, 0xF0, 4, 0x90, 0xBF},
                                        {0xF1, 0xF3, 4, 0x80, 0xBF},
                                        {0xF4, 0xF4, 4, 0x80, 0x8F}}};

// What stands at the start of a text: a character, the beginning of one (the text ends too early),
// or as many bytes as cannot belong to any character together.
struct Scanned {
  enum class Kind { whole, unfinished, broken } kind;
  std::size_t size;
};

Scanned first_piece(std::string_view text) {
  for (const Lead& lead : leads) {
    if (byte_at(text, 0) < lead.first || byte_at(text, 0) > lead.last) continue;
    for (std::size_t i = 1; i < lead.length; ++i) {
      if (i == text.size()) return {Scanned::Kind::unfinished, i};
      const unsigned least = i == 1 ? lead.second_least : 0x80;
      const unsigned most = i == 1 ? lead.second_most : 0xBF;
      const unsigned byte = byte_at(text, i);
      if (byte < least || byte > most) return {Scanned::Kind::broken, i};
    }
    return {Scanned::Kind::whole, lead.length};
  }
  return {Scanned::Kind::broken, 1};
}

}  // namespace

std::string take_whole_characters(std::string& pending, bool at_end) {
  std::string result;
  std::string_view rest = pending;
  while (!rest.empty()) {
    const auto [kind, size] = first_piece(rest);
    if (kind == Scanned::Kind::unfinished && !at_end) break;
    result += kind == Scanned::Kind::whole ? rest.substr(0, size) : replacement;
    rest.remove_prefix(size);
  }
  pending.erase(0, pending.size() - rest.size());
  return result;
}

std::string Detokenizer::add(Token token) {
  std::string_view bytes = tokenizer_->bytes(token);
  if (at_start_ && !bytes.empty()) {
    at_start_ = false;
    if (bytes.starts_with(' ') && tokenizer_->drops_leading_space()) bytes.remove_prefix(1);
  }
  pending_ += bytes;
  return take_whole_characters(pending_, false);
}

std::string Detokenizer::finish() { return take_whole_characters(pending_, true); }

}  // namespace freehold::text
