// Quantized weights times quantized activations, panel by panel. A step of 256 columns is opened
// into the first-level cache once and multiplied with all tokens there. Whole numbers are summed
// exactly over 32 (or 16) columns, then scaled and added in float32 in the order of the columns:
// one order for every number of tokens, so a token's bits do not depend on the others.
#pragma once

#include "kernels/generic/few_tokens.inl.h"

namespace freehold::kernels {
namespace {

// Tokens whose sums are in registers together: fewer where narrow sums are widened on the way.
constexpr size_t token_tile(Codes codes) {
  return narrow_sums && quads_summed(codes) < 8 && !multiplied_in_16_bits(codes) ? 3 : 4;
}
constexpr size_t tokens_passing = 16;  // whose records stay in the first-level cache
constexpr size_t sums_held = 2048;
constexpr size_t tokens_at_once = sums_held / panel_rows;  // their sums stay in the cache

// dots[t] = codes . x over one block of 32 columns, the codes of every 16 times their whole scale
// where there is one. Narrow sums are widened whenever they are full.
template <Codes codes, size_t tokens>
inline void dots_of_32(const Step& step, size_t block, const uint8_t* x,
                       Ints (&dots)[tokens][panel_vectors]) {
  constexpr size_t full = quads_summed(codes);
  const uint8_t* at = step.codes[0] + block * 32 * panel_rows;
  UNROLL
  for (size_t first = 0; first < 8; first += full) {
    Pairs sums[tokens][panel_vectors];
    UNROLL
    for (size_t quad = first; quad < first + full; ++quad) {
      Quads weights[panel_vectors];
      for (size_t v = 0; v < panel_vectors; ++v) {
        weights[v] = load_quads(at + (quad * panel_rows + v * lanes) * 4);
      }
      UNROLL
      for (size_t t = 0; t < tokens; ++t) {
        const Quads a = splat_quad(record(x, t).codes + block * 32 + quad * 4);
        UNROLL
        for (size_t v = 0; v < panel_vectors; ++v) {
          sums[t][v] = quad == first ? multiply_pairs(weights[v], a)
                                     : multiply_add_pairs(weights[v], a, sums[t][v]);
          in_this_order(sums[t][v]);
        }
      }
    }
    UNROLL
    for (size_t v = 0; v < panel_vectors; ++v) {
      const uint32_t* scales = step.whole_scales + (2 * block + first / 4) * panel_rows;
      UNROLL
      for (size_t t = 0; t < tokens; ++t) {
        Ints sum;
        if constexpr (scaled_whole(codes)) {
          sum = multiply_halves(as_ints(sums[t][v]), load_ints(scales + v * lanes));
        } else {
          sum = widen(sums[t][v]);
        }
        dots[t][v] = first == 0 ? sum : dots[t][v] + sum;
        if constexpr (full < 8) in_this_order(dots[t][v]);
      }
    }
  }
}

// sums[t] += scale * (codes . x) - minimum * (sum of x), over one block of 32 columns.
template <Codes codes, size_t tokens>
inline void multiply_32(const Step& step, size_t block, const uint8_t* x, float* sums) {
  Ints dots[tokens][panel_vectors];
  dots_of_32<codes, tokens>(step, block, x, dots);
  constexpr bool whole = scaled_whole(codes);
  const float* scales = step.scales + (whole ? 0 : block * panel_rows);
  UNROLL
  for (size_t t = 0; t < tokens; ++t) {
    const Floats scale = splat(record(x, t).scales[block]);
    UNROLL
    for (size_t v = 0; v < panel_vectors; ++v) {
      float* at = sums + t * panel_rows + v * lanes;
      const size_t row = block * panel_rows + v * lanes;
      Ints dot = dots[t][v];
      Floats total = load(at);
      if constexpr (whole) {
        const Ints sums_of_x = splat_sums_of_32(record(x, t), block);
        dot = dot - multiply_halves(load_ints(step.offsets + row), sums_of_x);
      } else {
        const Floats sum_of_x = splat(record(x, t).negative_sums_of_32[block]);
        total = multiply_add(load(step.minimums + row), sum_of_x, total);
      }
      const Floats both_scales = load(scales + v * lanes) * scale;
      store(at, multiply_add(to_floats(dot), both_scales, total));
    }
  }
}

// sums[t] += scale * (signed bytes . x), over one block of 32 columns, products in 32 bits.
template <size_t tokens>
inline void multiply_bytes_32(const Step& step, size_t block, const WideActivations<tokens>& wide,
                              const uint8_t* x, float* sums) {
  Ints dots[tokens][panel_vectors];
  UNROLL
  for (size_t i = 0; i < 16; ++i) {
    const size_t half = i % 2, quad = block * 8 + i / 2;
    const uint8_t* codes = step.codes[half] + quad * 4 * panel_rows;
    Quads weights[panel_vectors];
    for (size_t v = 0; v < panel_vectors; ++v) weights[v] = load_quads(codes + v * lanes * 4);
    UNROLL
    for (size_t t = 0; t < tokens; ++t) {
      const Quads a = splat_quad(wide.halves[half][t] + quad * 4);
      UNROLL
      for (size_t v = 0; v < panel_vectors; ++v) {
        dots[t][v] =
            i == 0 ? multiply_shorts(weights[v], a) : dots[t][v] + multiply_shorts(weights[v], a);
        in_this_order(dots[t][v]);
      }
    }
  }
  const float* scales = step.scales + block * panel_rows;
  UNROLL
  for (size_t t = 0; t < tokens; ++t) {
    const Floats scale = splat(record(x, t).scales[block]);
    UNROLL
    for (size_t v = 0; v < panel_vectors; ++v) {
      float* at = sums + t * panel_rows + v * lanes;
      const Floats both_scales = load(scales + v * lanes) * scale;
      store(at, multiply_add(to_floats(dots[t][v]), both_scales, load(at)));
    }
  }
}

// As multiply_32 over 16 columns, whose codes stay in registers while the tokens pass.
inline void multiply_16(const Step& step, size_t block, const uint8_t* x, size_t tokens,
                        float* sums) {
  const uint8_t* codes = step.codes[0] + block * 16 * panel_rows;
  const float* scales = step.scales + block * panel_rows;
  const float* minimums = step.minimums + block * panel_rows;
  Quads weights[4][panel_vectors];
  for (size_t quad = 0; quad < 4; ++quad) {
    for (size_t v = 0; v < panel_vectors; ++v) {
      weights[quad][v] = load_quads(codes + (quad * panel_rows + v * lanes) * 4);
    }
  }
  for (size_t t = 0; t < tokens; ++t) {
    const ActivationStep& token = record(x, t);
    Pairs dots[panel_vectors];
    UNROLL
    for (size_t i = 0; i < 4; ++i) {
      const Quads quad = splat_quad(token.codes + block * 16 + i * 4);
      UNROLL
      for (size_t v = 0; v < panel_vectors; ++v) {
        dots[v] = i == 0 ? multiply_pairs(weights[i][v], quad)
                         : multiply_add_pairs(weights[i][v], quad, dots[v]);
      }
    }
    const Floats sum_of_x = splat(token.negative_sums_of_16[block]);
    const Floats scale = splat(token.scales[block / 2]);
    UNROLL
    for (size_t v = 0; v < panel_vectors; ++v) {
      float* at = sums + t * panel_rows + v * lanes;
      const Floats total = multiply_add(load(minimums + v * lanes), sum_of_x, load(at));
      const Floats both_scales = load(scales + v * lanes) * scale;
      store(at, multiply_add(to_floats(widen(dots[v])), both_scales, total));
    }
  }
}

inline void prefetch(const uint8_t* bytes, size_t count) {
  constexpr size_t line = 64;
  for (size_t i = 0; i < count; i += line) __builtin_prefetch(bytes + i);
}

// The records of the next tokens, a share with every block: they come in pieces too short for the
// processor to see that they follow each other.
template <size_t tokens>
inline void ask_for_next_tile(const uint8_t* x, size_t block) {
  constexpr size_t bytes = tokens * sizeof(ActivationStep), share = bytes / 8;
  prefetch(x + bytes + block * share, share);
}

// The weights of the step after this one, a share with every block: a processor that is asked for
// all of them at once waits for them, and one that is not asked while it multiplies has nothing to
// fetch.
struct NextStep {
  const uint8_t* weights = nullptr;  // none: asked for already
  size_t share = 0;                  // bytes for each 32 columns

  void ask(size_t block) const {
    if (weights != nullptr) prefetch(weights + block * share, share);
  }
};

template <Codes codes, size_t tokens>
inline void multiply_tile(const Step& step, size_t columns, const uint8_t* x, float* sums,
                          NextStep next) {
  if constexpr (multiplied_in_16_bits(codes)) {
    const WideActivations<tokens> wide(x, columns);
    for (size_t block = 0; block < columns / 32; ++block) {
      next.ask(block);
      ask_for_next_tile<tokens>(x, block);
      multiply_bytes_32<tokens>(step, block, wide, x, sums);
    }
  } else {
    for (size_t block = 0; block < columns / 32; ++block) {
      next.ask(block);
      ask_for_next_tile<tokens>(x, block);
      multiply_32<codes, tokens>(step, block, x, sums);
    }
  }
}

template <Codes codes>
inline void multiply_step(const Step& step, size_t columns, const uint8_t* x, size_t tokens,
                          float* sums, NextStep next) {
  if constexpr (scaled_by_16(codes)) {
    for (size_t t = 0; t < tokens; t += tokens_passing) {
      const size_t taken = tokens - t < tokens_passing ? tokens - t : tokens_passing;
      for (size_t block = 0; block < columns / 16; ++block) {
        if (t == 0 && block % 2 == 0) next.ask(block / 2);
        multiply_16(step, block, x + t * sizeof(ActivationStep), taken, sums + t * panel_rows);
      }
    }
  } else {
    constexpr size_t tile = token_tile(codes);
    size_t t = 0;
    const auto at = [&](size_t token) { return x + token * sizeof(ActivationStep); };
    const auto of = [&](size_t token) { return sums + token * panel_rows; };
    for (; t + tile <= tokens; t += tile, next = {}) {
      multiply_tile<codes, tile>(step, columns, at(t), of(t), next);
    }
    if constexpr (tile > 3) {
      if (tokens - t == 3) multiply_tile<codes, 3>(step, columns, at(t), of(t), next);
    }
    if (tokens - t == 2) multiply_tile<codes, 2>(step, columns, at(t), of(t), next);
    if (tokens - t == 1) multiply_tile<codes, 1>(step, columns, at(t), of(t), next);
  }
}

struct Destination {
  float* y;  // (tokens, rows), rows y_stride floats apart
  size_t y_stride;
  size_t rows;  // wanted, at most panel_rows
};

inline void write_sums(const float* sums, size_t tokens, Destination to) {
  for (size_t t = 0; t < tokens; ++t) {
    const float* from = sums + t * panel_rows;
    float* y = to.y + t * to.y_stride;
    if (to.rows == panel_rows) {
      for (size_t v = 0; v < panel_rows; v += lanes) store(y + v, load(from + v));
    } else {
      for (size_t row = 0; row < to.rows; ++row) y[row] = from[row];
    }
  }
}

template <DType type>
inline void open_step(const uint8_t* packed, size_t columns, Step& step) {
  using Of = Panel<type>;
  constexpr size_t vector_bytes = sizeof(Block<type>) * lanes;
  for (size_t block = 0; block < columns / Block<type>::elements; ++block) {
    for (size_t v = 0; v < panel_vectors; ++v) {
      const uint8_t* at = packed + (block * panel_vectors + v) * vector_bytes;
      Of::open({at}, block, Opened<Of::codes>{{step, v}});
    }
  }
}

template <DType type>
void multiply_panel(const uint8_t* panel, size_t columns, const std::byte* x, size_t step_stride,
                    size_t tokens, Destination to) {
  constexpr Codes codes = Panel<type>::codes;
  constexpr size_t step_bytes =
      step_columns / Block<type>::elements * sizeof(Block<type>) * panel_rows;
  Step step;
  alignas(64) float sums[sums_held];
  for (size_t first = 0; first < tokens; first += tokens_at_once) {
    const size_t taken = tokens - first < tokens_at_once ? tokens - first : tokens_at_once;
    for (size_t i = 0; i < taken * panel_rows; ++i) sums[i] = 0;
    const uint8_t* packed = panel;
    const uint8_t* records = reinterpret_cast<const uint8_t*>(x) + first * sizeof(ActivationStep);
    for (size_t c = 0; c < columns; c += step_columns, records += step_stride) {
      const size_t width = columns - c < step_columns ? columns - c : step_columns;
      if (taken <= few_tokens(codes)) {
        multiply_few<type>(packed, width, records, taken, step, sums);
      } else {
        open_step<type>(packed, width, step);
        multiply_step<codes>(step, width, records, taken, sums,
                             {packed + step_bytes, step_bytes / (step_columns / 32)});
      }
      packed += step_bytes;  // the last step may be shorter, nothing comes after it
    }
    write_sums(sums, taken, {to.y + first * to.y_stride, to.y_stride, to.rows});
  }
}

struct PanelFormat {
  DType type;
  size_t block_elements;
  size_t block_bytes;
  Items items;
  void (*multiply)(const uint8_t* panel, size_t columns, const std::byte* x, size_t step_stride,
                   size_t tokens, Destination to);
};

template <DType type>
constexpr PanelFormat panel_format() {
  constexpr Items items = Panel<type>::items;
  static_assert(items.heads * items.head_bytes + items.quads * 4 + items.tails * 2 ==
                sizeof(Block<type>));
  return {type, Block<type>::elements, sizeof(Block<type>), items, multiply_panel<type>};
}

constexpr PanelFormat panel_formats[] = {
    panel_format<DType::q4_0>(),      panel_format<DType::q4_1>(),
    panel_format<DType::q5_0>(),      panel_format<DType::q5_1>(),
    panel_format<DType::q8_0>(),      panel_format<DType::q2_k>(),
    panel_format<DType::q3_k>(),      panel_format<DType::q4_k>(),
    panel_format<DType::q5_k>(),      panel_format<DType::q6_k>(),
    panel_format<DType::iq4_nl>(),    panel_format<DType::iq4_xs>(),
    panel_format<DType::mxfp4>(),     panel_format<DType::nvfp4>(),
    panel_format<DType::q8_k>(),      panel_format<DType::iq1_s>(),
    panel_format<DType::iq1_m>(),     panel_format<DType::iq2_xxs>(),
    panel_format<DType::iq2_xs>(),    panel_format<DType::iq2_s>(),
    panel_format<DType::iq3_xxs>(),   panel_format<DType::iq3_s>(),
    panel_format<DType::tq1_0>(),     panel_format<DType::tq2_0>(),
    panel_format<DType::int4_zero>(), panel_format<DType::int8_float>(),
};

inline const PanelFormat* find_panel_format(DType type) {
  for (const PanelFormat& format : panel_formats) {
    if (format.type == type) return &format;
  }
  return nullptr;
}

inline bool has_panels(DType type) {
  return find_panel_format(type) != nullptr;
}

inline const PanelFormat& panel_format_of(DType type) {
  const PanelFormat* format = find_panel_format(type);
  if (format == nullptr) __builtin_trap();  // callers have asked has_panels()
  return *format;
}

// `count` items of `bytes` each, from one block of `width` rows to where they lie side by side.
template <size_t bytes, size_t width>
inline uint8_t* pack_items(const uint8_t* source, size_t row_bytes, size_t rows, size_t count,
                           uint8_t* out) {
  for (size_t i = 0; i < count; ++i, source += bytes) {
    for (size_t row = 0; row < width; ++row, out += bytes) {
      if (row < rows) {
        __builtin_memcpy(out, source + row * row_bytes, bytes);
      } else {
        __builtin_memset(out, 0, bytes);
      }
    }
  }
  return out;
}

inline void pack_blocks(const PanelFormat& format, const uint8_t* weights, size_t rows,
                        size_t columns, uint8_t* out) {
  const Items& items = format.items;
  const size_t blocks = columns / format.block_elements, row_bytes = blocks * format.block_bytes;
  for (size_t i = 0; i < blocks * panel_vectors; ++i) {
    const size_t block = i / panel_vectors, row = i % panel_vectors * lanes;
    const size_t wanted = rows > row ? rows - row : 0;
    const uint8_t* at = weights + row * row_bytes + block * format.block_bytes;
    out = items.head_bytes == 1 ? pack_items<1, lanes>(at, row_bytes, wanted, items.heads, out)
                                : pack_items<2, lanes>(at, row_bytes, wanted, items.heads, out);
    at += items.heads * items.head_bytes;
    out = pack_items<4, lanes>(at, row_bytes, wanted, items.quads, out);
    out = pack_items<2, lanes>(at + items.quads * 4, row_bytes, wanted, items.tails, out);
  }
}

inline void multiply_panels(DType type, const std::byte* panels, size_t columns, size_t rows,
                            const std::byte* x, size_t step_stride, size_t tokens, float* y,
                            size_t y_stride) {
  const PanelFormat& format = panel_format_of(type);
  const size_t panel_bytes = columns / format.block_elements * format.block_bytes * panel_rows;
  const uint8_t* panel = reinterpret_cast<const uint8_t*>(panels);
  for (size_t row = 0; row < rows; row += panel_rows, panel += panel_bytes) {
    const size_t wanted = rows - row < panel_rows ? rows - row : panel_rows;
    format.multiply(panel, columns, x, step_stride, tokens, {y + row, y_stride, wanted});
  }
}

}  // namespace
}  // namespace freehold::kernels
