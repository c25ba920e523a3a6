// What both readers of tokenizers need: tokens by name, merges by name, special ids within bounds.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "freehold/result.h"
#include "freehold/value.h"
#include "text/tokenizer_data.h"

namespace freehold::text {

inline constexpr std::size_t most_tokens = std::size_t{1} << 24;
inline constexpr std::string_view metaspace_mark = "\xe2\x96\x81";  // ▁, SentencePiece's space

// Ids by name, over names that stay where they are. The first of equal names counts.
class TokensByName {
 public:
  void reserve(std::size_t count) { ids_.reserve(count); }
  bool add(std::string_view name, Token id) { return ids_.emplace(name, id).second; }
  Token find(std::string_view name) const {
    const auto found = ids_.find(name);
    return found == ids_.end() ? no_token : found->second;
  }

 private:
  std::unordered_map<std::string_view, Token> ids_;
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
