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

// How keys are multiplied with queries: a vector of elements at a time, in float32;
template <class Element>
struct FloatKeys {
  using Sum = Floats;
  static constexpr size_t step = lanes;  // elements
  static constexpr size_t bytes = Element::bytes;
  static constexpr size_t query_bytes = 4;

  static Floats zero() { return splat(0); }
  static Floats query(const uint8_t* p) { return F32::read(p); }
  static Floats key(const uint8_t* p) { return Element::read(p); }
  static Floats add(Floats sum, Floats a, Floats b) { return multiply_add(a, b, sum); }
  static Floats total(Floats sum) { return sum; }
};

// or the codes of an int8 cache, of one byte or widened to two, with queries of 16 bits, in whole
// numbers: twice as fast, and with finer queries than float16 has.
template <size_t code_bytes>
struct CodeKeys {
  using Sum = Ints;
  static constexpr size_t step = 2 * lanes;
  static constexpr size_t bytes = code_bytes;
  static constexpr size_t query_bytes = 2;

  static Ints zero() { return splat_int(0); }
  static Quads query(const uint8_t* p) { return load_quads(p); }
  static Quads key(const uint8_t* p) {
    return code_bytes == 1 ? widen_to_shorts(p) : load_quads(p);
  }
  static Ints add(Ints sum, Quads a, Quads b) { return sum + multiply_shorts(a, b); }
  static Floats total(Ints sum) { return to_floats(sum); }
};

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
template <class Keys, size_t queries, class Prefetch>
inline void score_tile(Bytes query, Bytes keys, size_t steps, Outputs scores, Prefetch ahead) {
  typename Keys::Sum sums[queries][key_tile];
  for (auto& row : sums) {
    for (auto& sum : row) sum = Keys::zero();
  }
  for (size_t s = 0; s < steps; ++s) {
    ahead.ask(s);
    decltype(Keys::query(nullptr)) q[queries];
    for (size_t i = 0; i < queries; ++i) {
      q[i] = Keys::query(query[i] + s * Keys::step * Keys::query_bytes);
    }
    for (size_t k = 0; k < key_tile; ++k) {
      const auto key = Keys::key(keys[k] + s * Keys::step * Keys::bytes);
      for (size_t i = 0; i < queries; ++i) sums[i][k] = Keys::add(sums[i][k], q[i], key);
    }
  }
  for (size_t i = 0; i < queries; ++i) {
    sum4(Keys::total(sums[i][0]), Keys::total(sums[i][1]), Keys::total(sums[i][2]),
         Keys::total(sums[i][3]), scores[i]);
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
template <class Keys, size_t queries = query_tile, class Prefetch>
inline void score_queries(size_t count, Bytes query, Bytes keys, size_t steps, Outputs scores,
                          Prefetch ahead) {
  if constexpr (queries > 1) {
    if (count < queries) {
      return score_queries<Keys, queries - 1>(count, query, keys, steps, scores, ahead);
    }
  }
  for (size_t k = 0; k < kv_block_positions; k += key_tile) {
    score_tile<Keys, queries>(query, {keys[k], keys.stride}, steps,
                              {scores.first + k, scores.stride}, ahead.after(k / key_tile * steps));
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
