// Keys and values of past tokens, in blocks of positions that sequences own through block tables.
// Only memory: who owns which block is the scheduler's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "freehold/result.h"
#include "model/recipe.h"
#include "tensor/kv_type.h"

namespace freehold::model {

class KvCache {
 public:
  static constexpr std::uint32_t block_positions = kv_block_positions;

  // `absent` when the memory cannot be had (says how much was asked).
  static Result<KvCache> make(const Recipe& recipe, KvType type, std::uint32_t blocks);
  static std::uint64_t bytes_per_block(const Recipe& recipe, KvType type);

  std::uint32_t blocks() const { return blocks_; }
  KvType type() const { return type_; }
  std::uint64_t bytes() const;             // allocated
  bool holds(const Recipe& recipe) const;  // whether its heads and layers are this recipe's

  // One key-value head of one layer in one block, as tensor/kv_type.h lays it out.
  std::byte* keys(std::uint32_t layer, std::uint32_t block, std::uint32_t head);
  std::byte* values(std::uint32_t layer, std::uint32_t block, std::uint32_t head);

 private:
  KvCache() = default;
  struct Free {
    void operator()(std::byte* memory) const;
  };

  KvType type_ = KvType::f32;
  std::uint32_t blocks_ = 0;
  std::uint32_t layers_ = 0;
  std::uint32_t heads_ = 0;
  std::size_t head_bytes_ = 0;                 // of one head in one block
  std::unique_ptr<std::byte[], Free> memory_;  // (blocks, layers, 2, heads, head_bytes)
};

}  // namespace freehold::model
