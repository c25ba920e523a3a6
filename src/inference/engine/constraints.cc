#include "engine/constraints.h"

#include <algorithm>
#include <utility>

#include "base/json.h"

namespace freehold::engine {
namespace {

// Different for different constraints.
std::string key_of(const Constraint& constraint) {
  std::string key = std::to_string(constraint.index());
  if (const auto* asked = std::get_if<JsonSchema>(&constraint)) key += to_json(asked->schema);
  if (const auto* asked = std::get_if<Pattern>(&constraint)) key += asked->regex;
  if (const auto* asked = std::get_if<Gbnf>(&constraint)) key += asked->text;
  if (const auto* asked = std::get_if<Choice>(&constraint)) {
    key += to_json(Value(List(asked->texts.begin(), asked->texts.end())));
  }
  return key;
}

}  // namespace

Constraints::Constraints(const text::Tokenizer& tokenizer, std::size_t vocabulary,
                         std::span<const Token> end_tokens)
    : tokenizer_(tokenizer), size_(vocabulary), end_tokens_(end_tokens.begin(), end_tokens.end()) {}

Result<std::unique_ptr<Guide>> Constraints::guide(const Constraint& constraint, Thinking thinking) {
  const Compiled asked = TRY(compiled(constraint));
  std::shared_ptr<const grammar::Vocabulary> vocabulary;
  {
    std::lock_guard lock(mutex_);
    if (!vocabulary_) {
      const auto bytes = [this](Token token) {
        return tokenizer_.is_special(token) ? std::string_view() : tokenizer_.bytes(token);
      };
      vocabulary_ = std::make_shared<grammar::Vocabulary>(size_, bytes, end_tokens_);
    }
    vocabulary = vocabulary_;
  }
  return std::make_unique<Guide>(grammar::Matcher(asked.grammar, vocabulary, asked.masks),
                                 std::move(thinking), tokenizer_, end_tokens_);
}

// Compiling is not under the mutex: the same grammar may be compiled twice, and nobody waits.
Result<Constraints::Compiled> Constraints::compiled(const Constraint& constraint) {
  std::string key = key_of(constraint);
  {
    std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(recent_, key, &Compiled::key);
    if (found != recent_.end()) {
      recent_.splice(recent_.begin(), recent_, found);
      return *found;
    }
  }
  Compiled fresh{
      .key = std::move(key),
      .grammar = std::make_shared<const grammar::Grammar>(TRY(grammar::Grammar::of(constraint))),
      .masks = std::make_shared<grammar::MaskCache>()};
  std::lock_guard lock(mutex_);
  recent_.push_front(fresh);
  if (recent_.size() > kept) recent_.pop_back();
  return fresh;
}

Thinking thinking_after(std::string_view prompt, const text::AnswerFormat& format,
                        const text::Tokenizer& tokenizer, const Chat& chat) {
  Thinking thinking{.begun = text::ends_in_thought(prompt, format),
                    .open = {},
                    .close = std::string(format.thought_close)};
  const std::size_t end = prompt.find_last_not_of(" \t\r\n") + 1;
  const bool has_thought = prompt.substr(0, end).ends_with(format.thought_close);
  if (!thinking.begun && !has_thought && !chat.continue_final_message) {
    thinking.open = tokenizer.find(format.thought_open);
  }
  return thinking;
}

}  // namespace freehold::engine
