// What one row of logits says: its peak, its best tokens, its log-probabilities. Not choosing
// (sampler.h). Ties are broken by the lowest token id everywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "freehold/result.h"
#include "freehold/sampling.h"

namespace freehold::engine {

struct Ranked {
  Token token = 0;
  float value = 0;  // a logit, a log-probability or a weight, as the function says
};

// The order of everything that is ranked: higher value first, then lower id.
inline bool better(const Ranked& a, const Ranked& b) {
  return a.value > b.value || (a.value == b.value && a.token < b.token);
}

// The likeliest token and its logit. `internal` when a logit is no number or the highest is not
// finite: nothing can be chosen from such a row.
Result<Ranked> peak(std::span<const float> logits);  // (vocabulary)

// The `count` best tokens with their logits, best first; all of them when there are fewer. Scans
// once, sorts only what it keeps. In `memory`, whose contents are lost. No logit may be no number.
std::vector<Ranked> best(std::span<const float> logits,  // (vocabulary)
                         std::size_t count, std::vector<Ranked> memory = {});

// Logits are looked at, and weights summed in float32, in pieces of so many.
inline constexpr std::size_t scanned_together = 1024;

struct TokenScore {
  float logprob = 0;        // natural logarithm
  std::vector<Ranked> top;  // log-probabilities, best first
};

// The log-probability of `token` in the distribution that the logits are (temperature 1), and its
// `alternatives` likeliest tokens.
Result<TokenScore> score(std::span<const float> logits,  // (vocabulary)
                         Token token, std::size_t alternatives);

}  // namespace freehold::engine
