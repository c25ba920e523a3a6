// How one sequence's next token is chosen from its logits. Every sequence has its own sampler with
// its own random numbers, so that its text depends on nothing that runs beside it.
//
// The stages, in order:
//   1. repetition penalty, over the prompt and what was generated (as in transformers)
//   2. presence and frequency penalties, over what was generated (as in the OpenAI API)
//   3. logit bias
//   4. temperature; at 0 the likeliest token is taken and nothing below applies
//   5. top-k
//   6. top-p, over what top-k left, renormalised: the fewest best tokens that reach top_p
//   7. min-p: what is at least min_p times as likely as the likeliest
//   8. one draw among what is left
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/random.h"
#include "engine/distribution.h"
#include "freehold/result.h"
#include "freehold/sampling.h"

namespace freehold::engine {

// A Sampling whose empty fields were filled in and whose values are in range.
struct SamplerSettings {
  float temperature = 1;
  std::uint32_t top_k = 0;  // 0: off
  float top_p = 1;
  float min_p = 0;
  float repetition_penalty = 1;
  float presence_penalty = 0;
  float frequency_penalty = 0;
  std::uint64_t seed = 0;
  std::vector<std::pair<Token, float>> logit_bias;
  std::optional<std::uint32_t> logprobs;  // alternatives to report a token
};

// Fields that `asked` leaves empty come from `defaults` (the model's own), else are neutral; an
// empty seed is drawn. `usage` names the field that is out of range.
Result<SamplerSettings> resolve(const Sampling& asked, const Sampling& defaults,
                                std::size_t vocabulary);

class Sampler {
 public:
  Sampler(SamplerSettings settings, std::span<const Token> prompt);

  // The next token, which from now on counts as generated. `internal` when the logits are broken.
  Result<Token> choose(std::span<const float> logits);  // (vocabulary)

  const SamplerSettings& settings() const { return settings_; }

 private:
  std::span<const float> adjust(std::span<const float> logits);
  Token draw(std::span<const float> logits, float highest);
  void rank(std::span<const float> logits, float highest);
  void keep_by_mass(std::span<const float> logits, float highest);
  void keep_by_ratio(std::span<const float> logits, float highest);
  void cut_by_mass(double mass);
  Ranked last_within(double mass);
  Token draw_ranked();
  Token draw_in_order(std::span<const float> logits, float highest);
  float weight(float logit, float highest) const;
  double weigh(std::span<const float> logits, float highest);

  SamplerSettings settings_;
  Random random_;
  bool adjusts_ = false;                           // whether any of the stages 1 to 3 does anything
  std::unordered_map<Token, std::uint32_t> seen_;  // how often generated; 0: only in the prompt
  std::vector<float> adjusted_;                    // (vocabulary), scratch
  std::vector<float> weights_;                     // (vocabulary), scratch
  std::vector<float> sums_;                        // of weights, scanned_together each
  std::vector<Ranked> ranked_;                     // scratch: candidates with weights
  std::vector<Ranked> edge_;                       // scratch: candidates of like weights
  std::vector<double> bin_masses_;                 // scratch
};

}  // namespace freehold::engine
