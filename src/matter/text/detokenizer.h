// Tokens to text as they come: what is returned is always whole UTF-8 characters.
#pragma once

#include <string>
#include <string_view>

#include "freehold/sampling.h"
#include "text/tokenizer.h"

namespace freehold::text {

class Detokenizer {
 public:
  // `at_start`: the text begins here, so that SentencePiece's leading space is dropped.
  Detokenizer(const Tokenizer& tokenizer, bool at_start)
      : tokenizer_(&tokenizer), at_start_(at_start) {}

  // The characters that became complete with this token; may be empty. Bytes that can never become
  // a character turn into U+FFFD, one for each maximal broken part (Unicode's recommended
  // practice).
  std::string add(Token token);
  // What is left at the end: U+FFFD for an unfinished character.
  std::string finish();

 private:
  const Tokenizer* tokenizer_;
  bool at_start_;
  std::string pending_;
};

// Takes all complete characters out of `pending`, repairing broken ones; the start of a character
// that may yet be completed stays, unless the text is at its end.
std::string take_whole_characters(std::string& pending, bool at_end);

}  // namespace freehold::text
