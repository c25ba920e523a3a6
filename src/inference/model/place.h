// What happens to the queries, keys and values of a batch between their products and attention:
// biases, norms of heads, rotation, and the keys' and values' way into the cache. Always for a
// key-value head and the query heads that share it, by whichever thread needs them next.
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/pass.h"

namespace freehold::model {

class Placement {
 public:
  Placement(const Pass& pass, const LayerWeights& weights, std::uint32_t layer);

  // Of some rows; each row and head once.
  void place(std::size_t begin, std::size_t end, std::uint32_t kv_head) const;

 private:
  void turn(std::size_t row, const Vector& norm, float* head) const;
  void store(std::size_t row, std::uint32_t kv_head) const;

  const Pass& pass_;
  const LayerWeights& weights_;
  const std::uint32_t layer_;
  const std::size_t group_;  // query heads to a key-value head
};

}  // namespace freehold::model
