// Byte-pair encoding of one part of a text: its bytes or characters, merged by rank. Byte-level
// vocabularies and SentencePiece's differ only in the first symbols and in what unknown ones
// become.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/tokenizer_data.h"

namespace freehold::text {

// Merges by pair: open addressing, since a look-up is what merging does most.
class MergeTable {
 public:
  struct Entry {
    std::uint64_t pair;
    std::uint32_t rank;
    Token result;
  };

  explicit MergeTable(const std::vector<Merge>& merges);  // of equal pairs the last counts
  const Entry* find(Token left, Token right) const;       // nullptr: they do not merge

 private:
  std::size_t slot(std::uint64_t pair) const;
  std::vector<Entry> slots_;
  unsigned shift_;
};

class Bpe {
 public:
  // Keeps views into `data`, which must stay where it is.
  explicit Bpe(const TokenizerData& data);

  struct Symbol {
    Token id;
    std::uint32_t begin;  // bytes of the part
    std::uint32_t end;
  };

  // Appends the tokens of `part`. Broken UTF-8 is fine: a byte that begins no character is a
  // character of its own. Characters that nothing stands for are left out, as the reference does.
  void encode(std::string_view part, std::vector<Symbol>& tokens) const;

 private:
  void first_symbols(std::string_view part, std::vector<Symbol>& symbols) const;
  void merge_short(std::vector<Symbol>& symbols) const;
  void merge_long(std::vector<Symbol>& symbols) const;
  void fall_back(std::string_view part, Symbol symbol, std::vector<Symbol>& tokens) const;

  const TokenizerData* data_;
  MergeTable merges_;
  std::unordered_map<std::string_view, Token> symbols_;  // characters, when not byte-level
  std::unordered_map<std::string_view, Token> whole_;    // for ignore_merges
};

}  // namespace freehold::text
