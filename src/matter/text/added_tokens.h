// Finds the tokens that are cut out of a text as they stand ("<|im_end|>"), before anything else.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "freehold/result.h"
#include "text/aligned_text.h"
#include "text/tokenizer_data.h"

namespace freehold::text {

// A stretch of text: one added token, or what lies between two (`id` is no_token).
struct Stretch {
  Token id;
  Range range;
};

class AddedTokens {
 public:
  AddedTokens() = default;
  explicit AddedTokens(std::vector<AddedToken> tokens);

  bool empty() const { return tokens_.empty(); }
  // The leftmost, of these the longest, one after the other. Special tokens only with
  // `parse_special`; what they would have covered is then not searched for others, as the reference
  // has it.
  std::vector<Stretch> cut(std::string_view text, bool parse_special) const;

 private:
  const AddedToken* longest_at(std::string_view text, std::size_t at) const;
  std::vector<AddedToken> tokens_;    // sorted by content
  std::vector<Range> by_first_byte_;  // of tokens_
};

}  // namespace freehold::text
