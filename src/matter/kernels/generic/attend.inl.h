// One query over cached keys and values. Each score, and each element of the result, is summed in
// an order that depends only on the positions, never on how the cache cuts them into blocks.
#pragma once

#include "kernels/generic/activate.inl.h"
#include "kernels/generic/elements.inl.h"

namespace freehold::kernels {
namespace {

constexpr size_t score_tile = 4;  // keys that are scored together
constexpr size_t value_tile = 8;  // vectors of the result that are summed together

// Reads one position after another.
struct Positions {
  const HeadBlocks& of;
  size_t row_bytes;

  const uint8_t* operator[](size_t position) const {
    const std::byte* block = of.block[position / of.block_positions];
    return reinterpret_cast<const uint8_t*>(block) + position % of.block_positions * row_bytes;
  }
};

// Dot products of q with up to four keys.
template <class Element>
inline void score_keys(const float* q, const uint8_t* const* keys, size_t head_dim, float scale,
                       size_t count, float* scores) {
  Floats sums[score_tile] = {splat(0), splat(0), splat(0), splat(0)};
  size_t c = 0;
  for (; c + lanes <= head_dim; c += lanes) {
    const Floats query = load(q + c);
    for (size_t k = 0; k < score_tile; ++k) {
      sums[k] = multiply_add(query, Element::read(keys[k] + c * Element::bytes), sums[k]);
    }
  }
  if (c < head_dim) {
    const Floats query = load_partial(q + c, head_dim - c);
    for (size_t k = 0; k < score_tile; ++k) {
      const uint8_t* key = keys[k] + c * Element::bytes;
      sums[k] = multiply_add(query, read_partial<Element>(key, head_dim - c), sums[k]);
    }
  }
  float products[score_tile];
  sum4(sums[0], sums[1], sums[2], sums[3], products);
  for (size_t k = 0; k < count; ++k) scores[k] = products[k] * scale;
}

template <class Element>
inline void score_all(const float* q, const Positions& keys, size_t begin, size_t end,
                      size_t head_dim, float scale, float* scores) {
  for (size_t p = begin; p < end; p += score_tile) {
    const uint8_t* rows[score_tile];
    const size_t count = end - p < score_tile ? end - p : score_tile;
    for (size_t k = 0; k < score_tile; ++k) rows[k] = keys[k < count ? p + k : p];
    score_keys<Element>(q, rows, head_dim, scale, count, scores + (p - begin));
  }
}

// out[0 .. vectors * lanes) = sum over positions of weight * value, divided by total.
template <class Element, size_t vectors>
inline void mix_values(const float* weights, const Positions& values, size_t begin, size_t end,
                       size_t first, float total, float* out) {
  Floats sums[vectors];
  for (Floats& each_sum : sums) each_sum = splat(0);
  for (size_t p = begin; p < end; ++p) {
    const Floats weight = splat(weights[p - begin]);
    const uint8_t* value = values[p] + first * Element::bytes;
    for (size_t i = 0; i < vectors; ++i) {
      sums[i] = multiply_add(weight, Element::read(value + i * lanes * Element::bytes), sums[i]);
    }
  }
  for (size_t i = 0; i < vectors; ++i) store(out + i * lanes, sums[i] / splat(total));
}

// The same for the last elements of a head that fill no vector.
template <class Element>
inline void mix_last_values(const float* weights, const Positions& values, size_t begin, size_t end,
                            size_t first, size_t count, float total, float* out) {
  Floats mixed = splat(0);
  for (size_t p = begin; p < end; ++p) {
    const uint8_t* value = values[p] + first * Element::bytes;
    mixed = multiply_add(splat(weights[p - begin]), read_partial<Element>(value, count), mixed);
  }
  store_partial(out, mixed / splat(total), count);
}

template <class Element>
void attend_elements(const float* q, const HeadBlocks& key_blocks, const HeadBlocks& value_blocks,
                     size_t begin, size_t end, size_t head_dim, float scale, float* scores,
                     float* out) {
  const Positions keys = {key_blocks, head_dim * Element::bytes};
  const Positions values = {value_blocks, head_dim * Element::bytes};
  score_all<Element>(q, keys, begin, end, head_dim, scale, scores);
  const size_t count = end - begin;
  const float greatest = maximum_of(scores, count, -__builtin_inff());
  const float total = exponentials_below(scores, count, greatest);
  size_t c = 0;
  for (; c + value_tile * lanes <= head_dim; c += value_tile * lanes) {
    mix_values<Element, value_tile>(scores, values, begin, end, c, total, out + c);
  }
  for (; c + lanes <= head_dim; c += lanes) {
    mix_values<Element, 1>(scores, values, begin, end, c, total, out + c);
  }
  if (c < head_dim) {
    mix_last_values<Element>(scores, values, begin, end, c, head_dim - c, total, out + c);
  }
}

inline void attend(const float* q, const HeadBlocks& keys, const HeadBlocks& values, size_t begin,
                   size_t end, size_t head_dim, float scale, float* scores, float* out) {
  switch (keys.type) {
    case DType::f32:
      return attend_elements<F32>(q, keys, values, begin, end, head_dim, scale, scores, out);
    case DType::f16:
      return attend_elements<F16>(q, keys, values, begin, end, head_dim, scale, scores, out);
    case DType::bf16:
      return attend_elements<Bf16>(q, keys, values, begin, end, head_dim, scale, scores, out);
    default:
      __builtin_trap();  // the contract names three types
  }
}

}  // namespace
}  // namespace freehold::kernels
