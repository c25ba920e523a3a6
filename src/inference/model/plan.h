// What one forward pass shall compute: consecutive tokens of one or several sequences. Plain data;
// the scheduler makes it, decoders carry it out.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "freehold/sampling.h"

namespace freehold::model {

// Consecutive tokens of one sequence.
struct Span {
  std::vector<Token> tokens;
  std::uint32_t position = 0;         // of tokens[0]; everything before it is in the cache
  std::vector<std::uint32_t> blocks;  // cache blocks of the sequence, covering up to its last token
  std::uint32_t wanted_logits = 0;    // for how many of the last tokens logits are computed

  // Length of the sequence's prompt as its request gave it. Dynamic NTK alone looks at it: it turns
  // a prompt's tokens by the length of the whole prompt and each later one by the length so far, as
  // transformers does, and so the numbers do not depend on how the prompt is cut. 0: by the length
  // so far throughout.
  std::uint32_t prompt_tokens = 0;
};

struct Plan {
  std::vector<Span> spans;

  std::size_t tokens() const {
    std::size_t sum = 0;
    for (const Span& span : spans) sum += span.tokens.size();
    return sum;
  }
};

// One row for every wanted token, in the order of the plan. The decoder's memory: what it holds is
// good until the next call.
struct Logits {
  std::span<const float> values;  // (rows, vocabulary)
  std::size_t vocabulary = 0;

  std::size_t rows() const { return vocabulary == 0 ? 0 : values.size() / vocabulary; }
  std::span<const float> row(std::size_t index) const {
    return {values.data() + index * vocabulary, vocabulary};
  }
};

}  // namespace freehold::model
