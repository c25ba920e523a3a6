// The two products of attention in tiles that fill the registers: queries by four keys, and
// queries by four vectors of the values. Whether a tile has one query or several, and whether keys
// and values come from the cache or from a widened copy, every sum is taken in the same order.
#pragma once

#include "kernels/generic/elements.inl.h"

namespace freehold::kernels {
namespace {

constexpr size_t key_tile = 4;                      // what sum4 adds up
constexpr size_t strip = 4;                         // vectors of the values that are mixed together
constexpr size_t query_tile = (registers - 1) / 5;  // 4 sums and an operand each, 1 register left

// Rows of keys, values, queries or results.
template <class Pointer>
struct Rows {
  Pointer first;
  size_t stride;  // in what Pointer points to

  Pointer operator[](size_t row) const { return first + row * stride; }
};
using Bytes = Rows<const uint8_t*>;
using Inputs = Rows<const float*>;
using Outputs = Rows<float*>;

// scores[i][0..4) = dot products of query i with four keys.
template <class Element, size_t queries>
inline void score_tile(Inputs query, Bytes keys, size_t vectors, Outputs scores) {
  Floats sums[queries][key_tile];
  for (auto& row : sums) {
    for (Floats& sum : row) sum = splat(0);
  }
  for (size_t v = 0; v < vectors; ++v) {
    Floats q[queries];
    for (size_t i = 0; i < queries; ++i) q[i] = load(query[i] + v * lanes);
    for (size_t k = 0; k < key_tile; ++k) {
      const Floats key = Element::read(keys[k] + v * lanes * Element::bytes);
      for (size_t i = 0; i < queries; ++i) sums[i][k] = multiply_add(q[i], key, sums[i][k]);
    }
  }
  for (size_t i = 0; i < queries; ++i) {
    sum4(sums[i][0], sums[i][1], sums[i][2], sums[i][3], scores[i]);
  }
}

// mixed[i] += sum over `count` positions of weights[i][p] * values[p], for `vectors` vectors.
template <class Element, size_t queries, size_t vectors>
inline void mix_tile(Inputs weights, Bytes values, size_t count, Outputs mixed) {
  Floats sums[queries][vectors];
  for (size_t i = 0; i < queries; ++i) {
    for (size_t v = 0; v < vectors; ++v) sums[i][v] = load(mixed[i] + v * lanes);
  }
  for (size_t p = 0; p < count; ++p) {
    Floats weight[queries];
    for (size_t i = 0; i < queries; ++i) weight[i] = splat(weights[i][p]);
    for (size_t v = 0; v < vectors; ++v) {
      const Floats value = Element::read(values[p] + v * lanes * Element::bytes);
      for (size_t i = 0; i < queries; ++i) sums[i][v] = multiply_add(weight[i], value, sums[i][v]);
    }
  }
  for (size_t i = 0; i < queries; ++i) {
    for (size_t v = 0; v < vectors; ++v) store(mixed[i] + v * lanes, sums[i][v]);
  }
}

// Asks for memory that will be read soon, some at a time, so that it arrives while others compute.
class Ahead {
 public:
  Ahead(const uint8_t* begin, size_t bytes) : at_(begin), end_(begin + bytes) {}

  void ask(size_t bytes) {
    const uint8_t* stop = bytes < static_cast<size_t>(end_ - at_) ? at_ + bytes : end_;
    for (; at_ < stop; at_ += 64) __builtin_prefetch(at_);
    if (at_ > end_) at_ = end_;
  }

 private:
  const uint8_t* at_;
  const uint8_t* end_;
};

// The scores of up to query_tile queries for the keys of a block.
template <class Element, size_t queries = query_tile>
inline void score_queries(size_t count, Inputs query, Bytes keys, size_t vectors, Outputs scores,
                          Ahead& ahead) {
  if constexpr (queries > 1) {
    if (count < queries) {
      return score_queries<Element, queries - 1>(count, query, keys, vectors, scores, ahead);
    }
  }
  for (size_t k = 0; k < kv_block_positions; k += key_tile) {
    ahead.ask(key_tile * keys.stride);
    score_tile<Element, queries>(query, {keys[k], keys.stride}, vectors,
                                 {scores.first + k, scores.stride});
  }
}

// The weighted values of a block, added to the results of up to query_tile queries.
template <class Element, size_t queries = query_tile>
inline void mix_queries(size_t count, Inputs weights, Bytes values, size_t positions,
                        size_t vectors, Outputs mixed, Ahead& ahead) {
  if constexpr (queries > 1) {
    if (count < queries) {
      return mix_queries<Element, queries - 1>(count, weights, values, positions, vectors, mixed,
                                               ahead);
    }
  }
  size_t v = 0;
  const auto here = [&] { return Bytes{values.first + v * lanes * Element::bytes, values.stride}; };
  for (; v + strip <= vectors; v += strip) {
    ahead.ask(strip * lanes * Element::bytes * kv_block_positions);
    mix_tile<Element, queries, strip>(weights, here(), positions,
                                      {mixed.first + v * lanes, mixed.stride});
  }
  for (; v < vectors; ++v) {
    mix_tile<Element, queries, 1>(weights, here(), positions,
                                  {mixed.first + v * lanes, mixed.stride});
  }
}

}  // namespace
}  // namespace freehold::kernels
