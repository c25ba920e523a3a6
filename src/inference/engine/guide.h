// Keeps one answer in its grammar, token by token. What the model thinks before it answers is free;
// the grammar begins behind the thought. Touched by the engine's thread only.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "freehold/result.h"
#include "freehold/sampling.h"
#include "grammar/matcher.h"

namespace freehold::text {
class Tokenizer;
}

namespace freehold::engine {

// How a thought may stand before the answer.
struct Thinking {
  bool begun = false;         // the prompt has opened one
  std::optional<Token> open;  // by which the answer may open one
  std::string close;          // by which it ends
};

class Guide {
 public:
  // The tokenizer must outlive the guide.
  Guide(grammar::Matcher matcher, Thinking thinking, const text::Tokenizer& tokenizer,
        std::span<const Token> end_tokens);

  // The logits, with -infinity for what cannot come next. Good until the next call. `internal` when
  // nothing can: the vocabulary lacks what the grammar wants.
  Result<std::span<const float>> allowed(std::span<const float> logits);  // (vocabulary)
  // False when the token cannot come next; nothing has changed then.
  bool accept(Token token);
  bool must_end() const { return place_ == Place::answer && matcher_.must_end(); }

 private:
  enum class Place { beginning, thought, after_thought, answer };

  bool is_blank(Token token) const;
  bool think(Token token);

  grammar::Matcher matcher_;
  const Thinking thinking_;
  const text::Tokenizer& tokenizer_;
  const std::vector<Token> end_tokens_;
  Place place_;
  std::string thought_;  // its end, as much as may be part of its closing
  std::vector<float> allowed_;
};

}  // namespace freehold::engine
