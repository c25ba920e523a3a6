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

// Asks for the block that is read next, a little with each step of the products with this one, so
// that it arrives meanwhile.
struct Ahead {
  const uint8_t* next;
  size_t step_bytes;

  void ask(size_t step) const { __builtin_prefetch(next + step * step_bytes); }
  Ahead after(size_t steps) const { return {next + steps * step_bytes, step_bytes}; }
};

// For products that are not the first with a block.
struct Nothing {
  void ask(size_t) const {}
  Nothing after(size_t) const { return {}; }
};

// scores[i][0..4) = dot products of query i with four keys.
template <class Element, size_t queries, class Prefetch>
inline void score_tile(Inputs query, Bytes keys, size_t vectors, Outputs scores, Prefetch ahead) {
  Floats sums[queries][key_tile];
  for (auto& row : sums) {
    for (Floats& sum : row) sum = splat(0);
  }
  for (size_t v = 0; v < vectors; ++v) {
    ahead.ask(v);
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
template <class Element, size_t queries, size_t vectors, class Prefetch>
inline void mix_tile(Inputs weights, Bytes values, size_t count, Outputs mixed, Prefetch ahead) {
  Floats sums[queries][vectors];
  for (size_t i = 0; i < queries; ++i) {
    for (size_t v = 0; v < vectors; ++v) sums[i][v] = load(mixed[i] + v * lanes);
  }
  for (size_t p = 0; p < count; ++p) {
    ahead.ask(p);
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

// The scores of up to query_tile queries for the keys of a block.
template <class Element, size_t queries = query_tile, class Prefetch>
inline void score_queries(size_t count, Inputs query, Bytes keys, size_t vectors, Outputs scores,
                          Prefetch ahead) {
  if constexpr (queries > 1) {
    if (count < queries) {
      return score_queries<Element, queries - 1>(count, query, keys, vectors, scores, ahead);
    }
  }
  for (size_t k = 0; k < kv_block_positions; k += key_tile) {
    score_tile<Element, queries>(query, {keys[k], keys.stride}, vectors,
                                 {scores.first + k, scores.stride},
                                 ahead.after(k / key_tile * vectors));
  }
}

// The weighted values of a block, added to the results of up to query_tile queries.
template <class Element, size_t queries = query_tile, class Prefetch>
inline void mix_queries(size_t count, Inputs weights, Bytes values, size_t positions,
                        size_t vectors, Outputs mixed, Prefetch ahead) {
  if constexpr (queries > 1) {
    if (count < queries) {
      return mix_queries<Element, queries - 1>(count, weights, values, positions, vectors, mixed,
                                               ahead);
    }
  }
  size_t v = 0;
  const auto values_at = [&] {
    return Bytes{values.first + v * lanes * Element::bytes, values.stride};
  };
  for (; v + strip <= vectors; v += strip) {
    mix_tile<Element, queries, strip>(weights, values_at(), positions,
                                      {mixed.first + v * lanes, mixed.stride},
                                      ahead.after(v / strip * kv_block_positions));
  }
  for (; v < vectors; ++v) {
    mix_tile<Element, queries, 1>(weights, values_at(), positions,
                                  {mixed.first + v * lanes, mixed.stride}, Nothing{});
  }
}

}  // namespace
}  // namespace freehold::kernels
