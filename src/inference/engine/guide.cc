#include "engine/guide.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "text/tokenizer.h"

namespace freehold::engine {
namespace {

constexpr std::string_view blanks = " \t\r\n";

}  // namespace

Guide::Guide(grammar::Matcher matcher, Thinking thinking, const text::Tokenizer& tokenizer,
             std::span<const Token> end_tokens)
    : matcher_(std::move(matcher)),
      thinking_(std::move(thinking)),
      tokenizer_(tokenizer),
      end_tokens_(end_tokens.begin(), end_tokens.end()),
      place_(thinking_.begun ? Place::thought : Place::beginning) {}

bool Guide::is_blank(Token token) const {
  const std::string_view bytes = tokenizer_.bytes(token);
  return !tokenizer_.is_special(token) && !bytes.empty() &&
         bytes.find_first_not_of(blanks) == bytes.npos;
}

Result<std::span<const float>> Guide::allowed(std::span<const float> logits) {
  allowed_.assign(logits.begin(), logits.end());
  if (place_ == Place::thought) {  // it is no answer, so the answer does not end here
    for (const Token token : end_tokens_) {
      if (static_cast<std::size_t>(token) < logits.size()) {
        allowed_[static_cast<std::size_t>(token)] = -INFINITY;
      }
    }
    return allowed_;
  }
  const std::span<const std::uint64_t> mask = matcher_.mask();
  bool any = false;
  for (std::size_t i = 0; i < allowed_.size(); ++i) {
    const bool may = (mask[i / 64] >> (i % 64) & 1) != 0;
    any = any || may;
    if (!may) allowed_[i] = -INFINITY;
  }
  if (!any) {
    return fail(ErrorCode::internal, "no token of the vocabulary can continue the answer");
  }
  if (place_ == Place::beginning && thinking_.open) {
    const auto open = static_cast<std::size_t>(*thinking_.open);
    allowed_[open] = logits[open];
  }
  if (place_ == Place::after_thought) {  // one line's end, which is no part of the answer
    for (std::size_t i = 0; i < allowed_.size(); ++i) {
      if (is_blank(static_cast<Token>(i))) allowed_[i] = logits[i];
    }
  }
  return allowed_;
}

bool Guide::accept(Token token) {
  if (place_ == Place::thought) return think(token);
  if (place_ == Place::beginning && token == thinking_.open) {
    place_ = Place::thought;
    return true;
  }
  if (!matcher_.accept(token)) {
    if (place_ != Place::after_thought || !is_blank(token)) return false;
  }
  place_ = Place::answer;
  return true;
}

bool Guide::think(Token token) {
  if (std::ranges::find(end_tokens_, token) != end_tokens_.end()) return false;
  thought_ += tokenizer_.bytes(token);
  const std::size_t close = thought_.find(thinking_.close);
  if (close == thought_.npos) {
    const std::size_t kept = std::min(thought_.size(), thinking_.close.size());
    thought_.erase(0, thought_.size() - kept);
    return true;
  }
  std::string_view rest = std::string_view(thought_).substr(close + thinking_.close.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size()));
  if (!rest.empty() && !matcher_.accept(rest)) return false;
  place_ = rest.empty() ? Place::after_thought : Place::answer;
  return true;
}

}  // namespace freehold::engine
