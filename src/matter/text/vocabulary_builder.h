// What both readers of tokenizers need: tokens by name, merges by name, special ids within bounds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "freehold/result.h"
#include "freehold/value.h"
#include "text/tokenizer_data.h"

namespace freehold::text {

inline constexpr std::size_t most_tokens = std::size_t{1} << 24;
inline constexpr std::string_view metaspace_mark = "\xe2\x96\x81";  // ▁, SentencePiece's space

// Ids by name, over names that stay where they are. The first of equal names counts. Open
// addressing: filling it is a good part of what opening a tokenizer costs.
class TokensByName {
 public:
  void reserve(std::size_t count);
  bool add(std::string_view name, Token id);  // false: the name is there already
  Token find(std::string_view name) const;    // no_token: it is not

 private:
  struct Slot {
    std::size_t hash = 0;
    Token id = no_token;
    std::string_view name{};
  };
  std::size_t slot(std::string_view name, std::size_t hash) const;

  std::vector<Slot> slots_;
  std::size_t count_ = 0;
};

// Adds the merge of two names to `merges`; `invalid` when one of the three tokens does not exist.
Result<void> add_merge(std::string_view left, std::string_view right, const TokensByName& ids,
                       std::vector<Merge>& merges);
// "left right", the form of GGUF and of older tokenizer.json files.
Result<void> add_merge(std::string_view both, const TokensByName& ids, std::vector<Merge>& merges);

// The byte that "<0x0A>" names; -1 for any other name.
int byte_of_name(std::string_view name);

// Fills `texts` of a byte-level vocabulary, and its 256 first symbols; `added` are left as they
// are.
void decode_byte_level(TokenizerData& data, const std::vector<bool>& added);

std::string replace_all(std::string_view text, std::string_view what, std::string_view with);

// `value` as a token of the vocabulary; `invalid` naming `field` when it is none.
Result<Token> token_in(const Value& value, std::string_view field, std::size_t vocabulary);

// Adds the well-known end-of-turn tokens among the special ones to `ends`, and removes doubles.
void complete_end_tokens(TokenizerData& data);

}  // namespace freehold::text
