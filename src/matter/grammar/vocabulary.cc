#include "grammar/vocabulary.h"

#include <algorithm>

namespace freehold::grammar {

Vocabulary::Vocabulary(std::size_t size, const std::function<std::string_view(Token)>& bytes,
                       std::span<const Token> end_tokens)
    : size_(size) {
  starts_.reserve(size + 1);
  for (std::size_t i = 0; i < size; ++i) {
    starts_.push_back(static_cast<std::uint32_t>(text_.size()));
    const std::string_view text = bytes(static_cast<Token>(i));
    if (text.empty() || text.size() > longest_token) continue;
    text_ += text;
    longest_ = std::max(longest_, static_cast<std::uint32_t>(text.size()));
    order_.push_back(static_cast<Token>(i));
  }
  starts_.push_back(static_cast<std::uint32_t>(text_.size()));
  for (const Token token : end_tokens) {
    if (token >= 0 && static_cast<std::size_t>(token) < size) end_tokens_.push_back(token);
  }
  std::ranges::sort(order_, [&](Token a, Token b) {
    const auto order = this->bytes(a) <=> this->bytes(b);
    return order != 0 ? order < 0 : a < b;
  });
  twigs_.push_back({.end = 0, .depth = 0, .byte = 0, .tokens = 0});
  std::string_view before;
  for (std::size_t i = 0; i < order_.size(); ++i) {
    grow(i, before);
    before = this->bytes(order_[i]);
  }
  // The ends, from the back: a twig ends where the next one that is no deeper begins.
  std::vector<std::uint32_t> last(longest_token + 1, static_cast<std::uint32_t>(twigs_.size()));
  for (std::size_t i = twigs_.size(); i-- > 0;) {
    const std::size_t depth = twigs_[i].depth;
    twigs_[i].end = last[depth];
    std::fill(last.begin() + static_cast<std::ptrdiff_t>(depth), last.end(),
              static_cast<std::uint32_t>(i));
  }
}

std::string_view Vocabulary::bytes(Token token) const {
  const auto index = static_cast<std::size_t>(token);
  if (token < 0 || index >= size_) return {};
  return std::string_view(text_).substr(starts_[index], starts_[index + 1] - starts_[index]);
}

// The twigs of a token that it does not share with the one before it.
void Vocabulary::grow(std::size_t index, std::string_view before) {
  const std::string_view text = bytes(order_[index]);
  const auto differs = std::ranges::mismatch(text, before).in1;
  const auto shared = static_cast<std::size_t>(differs - text.begin());
  for (std::size_t i = shared; i < text.size(); ++i) {
    twigs_.push_back({.end = 0,
                      .depth = static_cast<std::uint16_t>(i + 1),
                      .byte = static_cast<std::uint8_t>(text[i]),
                      .tokens = static_cast<std::uint32_t>(index)});
  }
}

}  // namespace freehold::grammar
