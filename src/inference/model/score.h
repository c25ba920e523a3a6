// How likely a model finds a text, token by token, and what it would say next: the oracle behind
// `score`. Not sampling; not for speed beyond reading a prompt in large pieces.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "freehold/result.h"
#include "freehold/sampling.h"
#include "model/decoder.h"
#include "tensor/kv_type.h"

namespace freehold::model {

struct ScoreOptions {
  std::uint32_t top = 0;     // alternatives reported at every position
  std::uint32_t greedy = 0;  // tokens to append by always taking the likeliest
  KvType kv_type = KvType::f32;
  // Told the logits (vocabulary) after each token in turn; its error ends the scoring.
  std::function<Result<void>(std::span<const float>)> each_logits{};
};

struct Scored {
  Token id;
  double logprob;  // natural logarithm
};

struct ScoredToken {
  Token id;
  std::optional<double> logprob;  // given all tokens before it; none for the first
  std::vector<Scored> top;        // the likeliest of that same distribution, best first
};

struct Score {
  std::vector<ScoredToken> tokens;
  std::vector<Scored> next;  // the likeliest to follow the last token
  std::vector<Token> greedy;
};

// `usage` when there are no tokens; `invalid` for a token outside the vocabulary, or when the
// logits are not finite; `absent` when there is no memory for the cache.
Result<Score> score(Decoder& decoder, std::span<const Token> tokens, const ScoreOptions& options);

// log(sum(exp(logits))), accumulated in double precision. Not finite when a logit is not.
double log_sum_exp(std::span<const float> logits);

}  // namespace freehold::model
