// Few tokens: codes are multiplied as they are unpacked and never stored, so that memory sets the
// pace. The whole sums of a step are kept until it is done and then scaled in the order of the
// columns: the float operations are those of many tokens (panels.inl.h), and so are the bits.
#pragma once

#include "kernels/generic/codebook_panels.inl.h"

namespace freehold::kernels {
namespace {

// Up to how many that pays: where sums are widened on the way there are more of them in hand.
constexpr size_t few_tokens(Codes codes) {
  if (!narrow_sums || codes == Codes::four_bits_by_32) return 4;
  return codes == Codes::bytes_by_32 ? 3 : 2;
}

// What a panel meets: the tokens' records of 256 columns, one after the other.
inline const ActivationStep& record(const uint8_t* x, size_t token) {
  return reinterpret_cast<const ActivationStep*>(x)[token];
}

// Activations of a few tokens in 16 bits, the even and the odd bytes of each quad apart.
template <size_t tokens>
struct WideActivations {
  alignas(64) uint8_t halves[2][tokens][step_columns];

  WideActivations(const uint8_t* x, size_t columns) {
    constexpr size_t vector = 4 * lanes;
    for (size_t t = 0; t < tokens; ++t) {
      for (size_t c = 0; c < columns; c += vector) {
        const Quads quads = load_quads(record(x, t).codes + c);
        store_quads(halves[0][t] + c, even_bytes(quads));
        store_quads(halves[1][t] + c, odd_bytes(quads));
      }
    }
  }
};

// Whole sums of a step, (blocks of 16 or 32 columns, tokens, rows).
template <size_t tokens>
struct StepDots {
  alignas(64) uint32_t of[16 * tokens * panel_rows];

  uint32_t* at(size_t block, size_t token, size_t vector) {
    return of + (block * tokens + token) * panel_rows + vector * lanes;
  }
};

// What an activation's codes were too much, under whole scales: the sums of two times 16 columns.
inline Ints splat_sums_of_32(const ActivationStep& token, size_t block) {
  int both;
  __builtin_memcpy(&both, token.sums_of_16 + 2 * block, sizeof both);
  return splat_int(both);
}

// Quads of a block come in such an order that its first comes first and its last comes last, but
// blocks may come side by side: sums in hand are indexed by block and live in registers.
template <DType type, Codes codes, size_t tokens>
struct Multiplied : Scales<codes> {
  const uint8_t* x;                     // records
  const WideActivations<tokens>* wide;  // of signed bytes in 16 bits
  StepDots<tokens>& dots;
  const uint8_t* a_step_later;  // where the block lies that is read a step after this one
  Pairs (&pairs)[tokens][64 / quads_summed(codes)];
  Ints (&sums)[tokens][16];

  // Memory must never be without requests, and too many at once would be waited for: the lines of
  // that block are asked for evenly, with the quads of this one.
  void ask_ahead(size_t quad) const {
    constexpr size_t quads = Block<type>::elements / 4, bytes = sizeof(Block<type>) * lanes;
    constexpr size_t line = 64, count = (bytes + line - 1) / line;
    const size_t at = quad % quads, next = at * count / quads;
    if (at == 0 || next != (at - 1) * count / quads) {
      __builtin_prefetch(a_step_later + next * line);
    }
  }

  void put(size_t quad, Quads weights) const {
    ask_ahead(quad);
    UNROLL
    for (size_t t = 0; t < tokens; ++t) {
      if constexpr (multiplied_in_16_bits(codes)) {
        put_bytes(t, quad, weights);
      } else if constexpr (codes == Codes::bytes_by_32) {
        put_codes(t, quad, weights ^ splat_byte(raised_bytes_by));
      } else {
        put_codes(t, quad, weights);
      }
    }
  }

  void put_codes(size_t t, size_t quad, Quads weights) const {
    constexpr size_t quads = scaled_by_16(codes) ? 4 : 8, fit = quads_summed(codes);
    const size_t block = quad / quads, at = quad % quads;
    const Quads a = splat_quad(record(x, t).codes + 4 * quad);
    Pairs& pair = pairs[t][quad / fit];
    pair = at % fit == 0 ? multiply_pairs(weights, a) : multiply_add_pairs(weights, a, pair);
    in_this_order(pair);
    if (at % fit != fit - 1) return;
    Ints sum;
    if constexpr (scaled_whole(codes)) {
      const uint32_t* scales = this->step.whole_scales + quad / 4 * panel_rows;
      sum = multiply_halves(as_ints(pair), load_ints(scales + this->vector * lanes));
    } else {
      sum = widen(pair);
    }
    sums[t][block] = at < fit ? sum : sums[t][block] + sum;
    if (at == quads - 1) store_ints(dots.at(block, t, this->vector), sums[t][block]);
  }

  void put_bytes(size_t t, size_t quad, Quads weights) const {
    const size_t block = quad / 8, at = quad % 8;
    const Ints even =
        multiply_shorts(even_bytes(weights), splat_quad(wide->halves[0][t] + 4 * quad));
    const Ints odd = multiply_shorts(odd_bytes(weights), splat_quad(wide->halves[1][t] + 4 * quad));
    sums[t][block] = at == 0 ? even + odd : sums[t][block] + (even + odd);
    in_this_order(sums[t][block]);
    if (at == 7) store_ints(dots.at(block, t, this->vector), sums[t][block]);
  }
};

// As below, of the codes' own sums and what they are too high by.
template <size_t tokens>
inline void scale_whole_dots(const Step& step, size_t columns, StepDots<tokens>& dots,
                             const uint8_t* x, float* sums) {
  for (size_t v = 0; v < panel_vectors; ++v) {
    const Floats scale = load(step.scales + v * lanes);
    Floats totals[tokens];
    for (size_t t = 0; t < tokens; ++t) totals[t] = load(sums + t * panel_rows + v * lanes);
    for (size_t block = 0; block < columns / 32; ++block) {
      const Ints offsets = load_ints(step.offsets + block * panel_rows + v * lanes);
      UNROLL
      for (size_t t = 0; t < tokens; ++t) {
        const Ints excess = multiply_halves(offsets, splat_sums_of_32(record(x, t), block));
        const Floats dot = to_floats(load_ints(dots.at(block, t, v)) - excess);
        totals[t] = multiply_add(dot, scale * splat(record(x, t).scales[block]), totals[t]);
      }
    }
    for (size_t t = 0; t < tokens; ++t) store(sums + t * panel_rows + v * lanes, totals[t]);
  }
}

// sums[t] += scale * dot - minimum * (sum of x), block after block.
template <Codes codes, size_t tokens>
inline void scale_dots(const Step& step, size_t columns, StepDots<tokens>& dots, const uint8_t* x,
                       float* sums) {
  constexpr bool by_16 = scaled_by_16(codes);
  for (size_t v = 0; v < panel_vectors; ++v) {
    Floats totals[tokens];
    for (size_t t = 0; t < tokens; ++t) totals[t] = load(sums + t * panel_rows + v * lanes);
    for (size_t block = 0; block < columns / (by_16 ? 16 : 32); ++block) {
      const Floats scale = load(step.scales + block * panel_rows + v * lanes);
      const Floats minimum = load(step.minimums + block * panel_rows + v * lanes);
      UNROLL
      for (size_t t = 0; t < tokens; ++t) {
        const ActivationStep& token = record(x, t);
        if constexpr (!multiplied_in_16_bits(codes)) {
          const float sum_of_x =
              by_16 ? token.negative_sums_of_16[block] : token.negative_sums_of_32[block];
          totals[t] = multiply_add(minimum, splat(sum_of_x), totals[t]);
        }
        const Floats both_scales = scale * splat(token.scales[by_16 ? block / 2 : block]);
        totals[t] =
            multiply_add(to_floats(load_ints(dots.at(block, t, v))), both_scales, totals[t]);
      }
    }
    for (size_t t = 0; t < tokens; ++t) store(sums + t * panel_rows + v * lanes, totals[t]);
  }
}

template <DType type, size_t tokens>
inline void multiply_tokens(const uint8_t* packed, size_t columns, const uint8_t* x, Step& step,
                            float* sums) {
  using Of = Panel<type>;
  constexpr Codes codes = Of::codes;
  constexpr size_t elements = Block<type>::elements;
  constexpr size_t vector_bytes = sizeof(Block<type>) * lanes;
  constexpr size_t step_bytes = step_columns / elements * panel_vectors * vector_bytes;
  StepDots<tokens> dots;
  const auto run = [&](const WideActivations<tokens>* wide) {
    for (size_t block = 0; block < columns / elements; ++block) {
      for (size_t v = 0; v < panel_vectors; ++v) {
        Pairs pairs[tokens][64 / quads_summed(codes)];
        Ints whole[tokens][16];
        const uint8_t* at = packed + (block * panel_vectors + v) * vector_bytes;
        Of::open({at}, block,
                 Multiplied<type, codes, tokens>{
                     {step, v}, x, wide, dots, at + step_bytes, pairs, whole});
      }
    }
  };
  if constexpr (multiplied_in_16_bits(codes)) {
    const WideActivations<tokens> wide(x, columns);
    run(&wide);
  } else {
    run(nullptr);
  }
  if constexpr (scaled_whole(codes)) {
    scale_whole_dots<tokens>(step, columns, dots, x, sums);
  } else {
    scale_dots<codes, tokens>(step, columns, dots, x, sums);
  }
}

template <DType type>
inline void multiply_few(const uint8_t* packed, size_t columns, const uint8_t* x, size_t tokens,
                         Step& step, float* sums) {
  if (tokens == 1) multiply_tokens<type, 1>(packed, columns, x, step, sums);
  if (tokens == 2) multiply_tokens<type, 2>(packed, columns, x, step, sums);
  if constexpr (few_tokens(Panel<type>::codes) >= 3) {
    if (tokens == 3) multiply_tokens<type, 3>(packed, columns, x, step, sums);
  }
  if constexpr (few_tokens(Panel<type>::codes) >= 4) {
    if (tokens == 4) multiply_tokens<type, 4>(packed, columns, x, step, sums);
  }
}

}  // namespace
}  // namespace freehold::kernels
