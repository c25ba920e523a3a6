#include "model/kv_cache.h"

#include <sys/mman.h>

#include <cstdlib>

namespace freehold::model {
namespace {

// Of a huge page: with small ones, half of the time of reading the cache is address translation.
constexpr std::size_t alignment = std::size_t{2} << 20;

}  // namespace

void KvCache::Free::operator()(std::byte* memory) const {
  std::free(memory);
}

std::uint64_t KvCache::bytes_per_block(const Recipe& recipe, KvType type) {
  CHECK(recipe.layers > 0 && recipe.attention.kv_heads > 0);
  return 2 * std::uint64_t{recipe.layers} * recipe.attention.kv_heads *
         kv_head_bytes(type, recipe.attention.head_dim);
}

Result<KvCache> KvCache::make(const Recipe& recipe, KvType type, std::uint32_t blocks) {
  CHECK(blocks > 0);
  CHECK(recipe.attention.head_dim > 0);
  std::uint64_t bytes = 0;
  std::uint64_t rounded = 0;
  const bool too_large =
      __builtin_mul_overflow(bytes_per_block(recipe, type), std::uint64_t{blocks}, &bytes) ||
      __builtin_add_overflow(bytes, alignment - 1, &rounded);
  KvCache cache;
  if (!too_large) {
    rounded -= rounded % alignment;
    cache.memory_.reset(static_cast<std::byte*>(std::aligned_alloc(alignment, rounded)));
  }
  if (cache.memory_ == nullptr) {
    return fail(ErrorCode::absent,
                "no memory for a key-value cache of " + std::to_string(blocks) + " blocks, " +
                    (too_large ? "more than can be addressed" : std::to_string(bytes) + " bytes"),
                "ask for a shorter context or fewer sequences");
  }
  ::madvise(cache.memory_.get(), rounded, MADV_HUGEPAGE);  // a wish, which may be denied
  cache.type_ = type;
  cache.blocks_ = blocks;
  cache.layers_ = recipe.layers;
  cache.heads_ = recipe.attention.kv_heads;
  cache.head_bytes_ = kv_head_bytes(type, recipe.attention.head_dim);
  return cache;
}

std::uint64_t KvCache::bytes() const {
  return 2 * std::uint64_t{blocks_} * layers_ * heads_ * head_bytes_;
}

bool KvCache::holds(const Recipe& recipe) const {
  return layers_ == recipe.layers && heads_ == recipe.attention.kv_heads &&
         head_bytes_ == kv_head_bytes(type_, recipe.attention.head_dim);
}

std::byte* KvCache::keys(std::uint32_t layer, std::uint32_t block, std::uint32_t head) {
  CHECK(layer < layers_ && block < blocks_ && head < heads_);
  const std::size_t index =
      ((static_cast<std::size_t>(block) * layers_ + layer) * 2 * heads_) + head;
  return memory_.get() + index * head_bytes_;
}

std::byte* KvCache::values(std::uint32_t layer, std::uint32_t block, std::uint32_t head) {
  return keys(layer, block, head) + static_cast<std::size_t>(heads_) * head_bytes_;
}

}  // namespace freehold::model
