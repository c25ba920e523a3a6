// A key-value cache of one head with random contents, for tests: as it was meant, and as a cache of
// some type keeps it.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "kernels/kernels.h"

namespace freehold::kernels {

class SampleCache {
 public:
  using Blocks = std::array<const std::byte*, attention_chunk / kv_block_positions>;

  // Blocks lie apart in memory, are not aligned, and hold not-a-numbers where nothing was put.
  SampleCache(KvType type, std::size_t positions, std::size_t head_dim, float reach = 2.0f);

  void put(std::size_t position, const std::vector<float>& key, const std::vector<float>& value);
  void poison(std::size_t begin, std::size_t end);  // with not-a-numbers

  KvType type() const { return type_; }
  Blocks keys(std::size_t chunk) const { return blocks(keys_, chunk); }
  Blocks values(std::size_t chunk) const { return blocks(values_, chunk); }

  // (positions, head_dim)
  const std::vector<float>& exact_keys() const { return exact_keys_; }
  const std::vector<float>& exact_values() const { return exact_values_; }
  const std::vector<float>& rounded_keys() const { return rounded_keys_; }
  const std::vector<float>& rounded_values() const { return rounded_values_; }

 private:
  using Memory = std::vector<std::vector<std::byte>>;
  Blocks blocks(const Memory& memory, std::size_t chunk) const;
  void read_back(const std::byte* block, std::size_t position, float* out) const;

  KvType type_;
  std::size_t head_dim_;
  Memory keys_, values_;
  std::vector<float> exact_keys_, exact_values_, rounded_keys_, rounded_values_;
};

}  // namespace freehold::kernels
