// How a model wants to be sampled unless a request says otherwise, as its own files tell:
// generation_config.json beside the weights, or GGUF's general.sampling.* keys.
#pragma once

#include <vector>

#include "formats/checkpoint.h"
#include "freehold/result.h"
#include "freehold/sampling.h"

namespace freehold::engine {

struct GenerationDefaults {
  Sampling sampling;              // empty fields: the model says nothing
  std::vector<Token> end_tokens;  // that end an answer besides the tokenizer's own
};

// `invalid` names the field that is not what it must be. `do_sample` false means greedy.
Result<GenerationDefaults> read_generation_defaults(const formats::Checkpoint& checkpoint,
                                                    std::size_t vocabulary);

// The same from the content of a generation_config.json.
Result<GenerationDefaults> parse_generation_config(const Value& config, std::size_t vocabulary);

}  // namespace freehold::engine
