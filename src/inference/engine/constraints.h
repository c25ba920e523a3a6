// What requests demand of their answers, compiled for one model. Compiled grammars are kept for the
// next request that demands the same.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/guide.h"
#include "freehold/chat.h"
#include "freehold/constraint.h"
#include "grammar/matcher.h"
#include "text/answer_format.h"
#include "text/tokenizer.h"

namespace freehold::engine {

class Constraints {
 public:
  static constexpr std::size_t kept = 32;  // compiled grammars

  // The tokenizer must outlive this and all guides.
  Constraints(const text::Tokenizer& tokenizer, std::size_t vocabulary,
              std::span<const Token> end_tokens);

  // `invalid` with the reason when the constraint cannot be enforced. From any thread.
  Result<std::unique_ptr<Guide>> guide(const Constraint& constraint, Thinking thinking);

 private:
  struct Compiled {
    std::string key;
    std::shared_ptr<const grammar::Grammar> grammar;
    std::shared_ptr<grammar::MaskCache> masks;  // the engine thread's
  };
  Result<Compiled> compiled(const Constraint& constraint);

  const text::Tokenizer& tokenizer_;
  const std::size_t size_;
  const std::vector<Token> end_tokens_;
  std::mutex mutex_;
  std::shared_ptr<const grammar::Vocabulary> vocabulary_;  // under the mutex; made when wanted
  std::list<Compiled> recent_;                             // under the mutex; the latest first
};

// How the model may think in front of an answer to this prompt.
Thinking thinking_after(std::string_view prompt, const text::AnswerFormat& format,
                        const text::Tokenizer& tokenizer, const Chat& chat);

}  // namespace freehold::engine
