// How large the key-value cache is made: as many blocks as the sequences can use, as far as memory
// allows. Decided once, when a model is opened.
#pragma once

#include <cstdint>
#include <span>

#include "formats/checkpoint.h"
#include "freehold/result.h"
#include "model/recipe.h"
#include "tensor/kv_type.h"

namespace freehold::engine {

struct CacheWish {
  std::uint32_t context_length = 0;  // 0: the model's own, as far as memory allows
  std::uint32_t sequences = 16;      // at once
  std::uint64_t kv_bytes = 0;        // 0: half of what is free once the weights are in memory
  KvType type = KvType::f16;
};

struct CacheSize {
  std::uint32_t context_length = 0;  // of one sequence, prompt and answer together
  std::uint32_t blocks = 0;
};

// `usage` for a longer context than the model was trained for, `absent` when a context that was
// asked for, or the shortest useful one, does not fit; both say the numbers.
Result<CacheSize> size_cache(const model::Recipe& recipe, const CacheWish& wish,
                             std::uint64_t weights_bytes, std::uint64_t free_bytes);

// For models that are opened together, each with its weights' bytes: what each may take for its
// cache so that all fit, an equal part of half of what is free once all weights are in memory.
// Never 0, which would leave the choice to each alone.
std::uint64_t cache_share(std::span<const std::uint64_t> weights_bytes, std::uint64_t free_bytes);

std::uint64_t weights_bytes(const formats::Checkpoint& checkpoint);

// Memory that this process can still take: what the system has, or what its control group leaves.
std::uint64_t free_memory_bytes();

}  // namespace freehold::engine
