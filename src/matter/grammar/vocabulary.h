// The tokens that a model can say, as a tree of their bytes: all that begin alike are looked at
// together. Immutable; shared by all grammars of a model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "freehold/sampling.h"

namespace freehold::grammar {

class Vocabulary {
 public:
  static constexpr std::size_t longest_token = 512;  // bytes; longer ones are never said

  // `bytes` gives what a token stands for, nothing for one that is no text (special tokens).
  // `end_tokens` end an answer.
  Vocabulary(std::size_t size, const std::function<std::string_view(Token)>& bytes,
             std::span<const Token> end_tokens);

  std::size_t size() const { return size_; }
  std::string_view bytes(Token token) const;  // empty: the token is no text
  std::span<const Token> end_tokens() const { return end_tokens_; }
  std::uint32_t longest() const { return longest_; }  // of all tokens, in bytes

  // The tree, each branch before its twigs. Twig 0 is the root.
  struct Twig {
    std::uint32_t end;     // behind the last twig that grows from this one
    std::uint16_t depth;   // bytes from the root
    std::uint8_t byte;     // the last of them
    std::uint32_t tokens;  // the first of those that end here, in by_bytes()
  };
  const std::vector<Twig>& twigs() const { return twigs_; }
  std::span<const Token> tokens_at(std::size_t twig) const {
    const std::uint32_t begin = twigs_[twig].tokens;
    const std::uint32_t end = twig + 1 < twigs_.size() ? twigs_[twig + 1].tokens
                                                       : static_cast<std::uint32_t>(order_.size());
    return std::span(order_).subspan(begin, end - begin);
  }

 private:
  void grow(std::size_t index, std::string_view before);

  std::size_t size_;
  std::uint32_t longest_ = 0;
  std::string text_;                   // of all tokens
  std::vector<std::uint32_t> starts_;  // in it
  std::vector<Token> order_;           // by bytes
  std::vector<Twig> twigs_;
  std::vector<Token> end_tokens_;
};

}  // namespace freehold::grammar
