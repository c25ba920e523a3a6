// How the next token is chosen, and when to stop. Every field that is empty means "what the model's
// own generation_config says, else the neutral value".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace freehold {

using Token = std::int32_t;  // an index into the vocabulary

struct Sampling {
  std::optional<float> temperature;         // 0 is greedy; neutral 1
  std::optional<std::int32_t> top_k;        // 0 is off
  std::optional<float> top_p;               // neutral 1
  std::optional<float> min_p;               // neutral 0
  std::optional<float> repetition_penalty;  // divides positive logits of seen tokens; neutral 1
  float presence_penalty = 0;               // subtracted once from every generated token's logit
  float frequency_penalty = 0;              // subtracted per occurrence in the generated text
  std::optional<std::uint64_t> seed;        // empty: drawn at random
  std::vector<std::pair<Token, float>> logit_bias;
  std::optional<std::uint32_t> logprobs;  // report this many alternatives a token (0: only its own)
};

struct Stop {
  std::optional<std::uint32_t> max_tokens;  // empty: as far as the context reaches
  std::vector<std::string> strings;         // end before the first of these in the text
  std::vector<Token> tokens;                // end at one of these
  bool ignore_end_of_text = false;          // go on past the model's own end tokens
};

}  // namespace freehold
