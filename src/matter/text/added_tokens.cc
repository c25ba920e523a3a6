#include "text/added_tokens.h"

#include <algorithm>
#include <tuple>

#include "text/codepoints.h"

namespace freehold::text {
namespace {

// The character that ends before byte `at`; U+FFFD where the bytes are broken.
CodePoint code_point_before(std::string_view text, std::size_t at) {
  for (std::size_t length = 1; length <= std::min<std::size_t>(4, at); ++length) {
    const CodePoint point = code_point_at(text, at - length);
    if (point.valid) return point.length == length ? point : CodePoint{0xfffd, 1, false};
  }
  return {0xfffd, 1, false};
}

bool inside_a_word(std::string_view text, Range match) {
  const bool before =
      match.begin > 0 && is_word_character(code_point_before(text, match.begin).value);
  const bool behind =
      match.end < text.size() && is_word_character(code_point_at(text, match.end).value);
  return before || behind;
}

std::size_t white_space_begin(std::string_view text, std::size_t end, std::size_t least) {
  while (end > least) {
    const CodePoint point = code_point_before(text, end);
    if (!is_white_space(point.value) || end - point.length < least) break;
    end -= point.length;
  }
  return end;
}

std::size_t white_space_end(std::string_view text, std::size_t begin) {
  while (begin < text.size()) {
    const CodePoint point = code_point_at(text, begin);
    if (!is_white_space(point.value)) break;
    begin += point.length;
  }
  return begin;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens)
    : tokens_(std::move(tokens)), by_first_byte_(256, Range{0, 0}) {
  std::erase_if(tokens_, [](const AddedToken& token) { return token.content.empty(); });
  std::sort(tokens_.begin(), tokens_.end(), [](const AddedToken& a, const AddedToken& b) {
    return std::tie(a.content, a.id) < std::tie(b.content, b.id);
  });
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    Range& range = by_first_byte_[static_cast<unsigned char>(tokens_[i].content[0])];
    if (range.end == 0) range.begin = i;
    range.end = i + 1;
  }
}

// Narrows the sorted names byte by byte to those that the text continues.
const AddedToken* AddedTokens::longest_at(std::string_view text, std::size_t at) const {
  const Range first = by_first_byte_[static_cast<unsigned char>(text[at])];
  auto begin = tokens_.begin() + static_cast<std::ptrdiff_t>(first.begin);
  auto end = tokens_.begin() + static_cast<std::ptrdiff_t>(first.end);
  const AddedToken* longest = nullptr;
  for (std::size_t length = 1; begin != end; ++length) {
    if (begin->content.size() == length) longest = &*begin;
    if (at + length >= text.size()) break;
    const auto next = static_cast<unsigned char>(text[at + length]);
    const auto byte = [length](const AddedToken& token) {
      return token.content.size() > length ? static_cast<unsigned char>(token.content[length]) : -1;
    };
    begin = std::partition_point(begin, end, [&](const auto& token) { return byte(token) < next; });
    end = std::partition_point(begin, end, [&](const auto& token) { return byte(token) <= next; });
  }
  return longest;
}

std::vector<Stretch> AddedTokens::cut(std::string_view text, bool parse_special) const {
  std::vector<Stretch> stretches;
  std::size_t done = 0;  // everything before is in `stretches`
  for (std::size_t at = 0; !tokens_.empty() && at < text.size();) {
    const AddedToken* token = longest_at(text, at);
    if (token == nullptr) {
      ++at;
      continue;
    }
    Range match{at, at + token->content.size()};
    at = match.end;
    if (token->special && !parse_special) continue;
    if (token->single_word && inside_a_word(text, match)) continue;
    if (token->lstrip) match.begin = white_space_begin(text, match.begin, done);
    if (token->rstrip) match.end = white_space_end(text, match.end);
    if (match.begin > done) stretches.push_back({no_token, {done, match.begin}});
    stretches.push_back({token->id, match});
    done = match.end;
    at = std::max(at, done);
  }
  if (done < text.size()) stretches.push_back({no_token, {done, text.size()}});
  return stretches;
}

}  // namespace freehold::text
