// How much memory a model takes, told from its recipe and its tensors before anything is loaded.
#pragma once

#include <cstdint>

#include "formats/checkpoint.h"
#include "freehold/result.h"
#include "model/recipe.h"
#include "tensor/kv_type.h"

namespace freehold::model {

struct Footprint {
  std::uint64_t weights_bytes = 0;     // of the tensors that the decoder reads, as they lie on disk
  std::uint64_t kv_bytes = 0;          // cache of one sequence at the full context length
  std::uint64_t activation_bytes = 0;  // the decoder's own buffers

  std::uint64_t total() const { return weights_bytes + kv_bytes + activation_bytes; }
};

// Tensors that are missing count nothing.
Footprint footprint(const formats::Checkpoint& checkpoint, const Recipe& recipe,
                    std::uint32_t context_length, KvType kv_type);

// Weights that one prompt token is multiplied with (of experts only the active ones; without the
// head, which a prompt needs once): half the operations of its prefill, attention aside.
std::uint64_t matmul_parameters(const Recipe& recipe);

// Blocks of the cache that hold `positions`.
std::uint32_t blocks_for(std::uint64_t positions);

}  // namespace freehold::model
