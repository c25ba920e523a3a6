// Attention of a tile of queries over one chunk of positions, block by block: scores, softmax,
// mixed values. Where queries are many, a block's keys and values are widened once into the
// first-level cache; where they are few, they are multiplied as they are read from memory, with
// the same bits.
#pragma once

#include "kernels/generic/attention_tiles.inl.h"
#include "kernels/generic/kv_store.inl.h"
#include "kernels/generic/reduce.inl.h"

namespace freehold::kernels {
namespace {

struct Range {
  size_t begin, end;
};

template <bool condition, class Then, class Else>
struct Choice {
  using Type = Then;
};
template <class Then, class Else>
struct Choice<false, Then, Else> {
  using Type = Else;
};
template <bool condition, class Then, class Else>
using If = typename Choice<condition, Then, Else>::Type;

// What the query at `position` sees of a range.
inline Range visible(const QueryTile& tile, size_t row, Range of) {
  const size_t end = tile.position + row + 1;
  const size_t begin = tile.window == 0 || end <= tile.window ? 0 : end - tile.window;
  return {begin > of.begin ? begin : of.begin, end < of.end ? end : of.end};
}

// One call: where things are, and which positions of the chunk anybody sees.
struct ChunkWork {
  const QueryTile& tile;
  const HeadBlocks& cache;
  size_t queries;
  size_t vectors;       // of head_dim elements, the last perhaps not full
  Range chunk;          // all positions of it
  Range seen;           // by any query
  Outputs query;        // (queries, vectors): scaled, zero behind head_dim; floats or shorts
  float* widened;       // (kv_block_positions, vectors)
  Outputs scores;       // (queries, attention_chunk): column i is position chunk.begin + i
  Outputs mixed;        // (queries, vectors)
  float* key_scales;    // (attention_chunk), of an int8 cache
  float* value_scales;  // (attention_chunk)
  float* query_scales;  // (queries)

  // What any of `count` queries from `first` on sees of a block.
  Range seen_by(size_t first, size_t count, size_t block) const {
    const Range all = {block_begin(block), block_begin(block + 1)};
    const size_t last = first + count - 1;
    return {visible(tile, first / tile.heads, all).begin,
            visible(tile, last / tile.heads, all).end};
  }

  // Blocks are counted from the chunk's beginning.
  size_t block_begin(size_t block) const { return chunk.begin + block * kv_block_positions; }
  size_t first_block() const { return (seen.begin - chunk.begin) / kv_block_positions; }
  size_t end_block() const { return (seen.end - 1 - chunk.begin) / kv_block_positions + 1; }
};

inline ChunkWork chunk_work(const QueryTile& tile, const HeadBlocks& cache, size_t chunk,
                            float* scratch) {
  const size_t queries = tile.rows * tile.heads;
  const size_t vectors = (tile.head_dim + lanes - 1) / lanes;
  const size_t width = vectors * lanes;
  const Range whole = {chunk * attention_chunk, (chunk + 1) * attention_chunk};
  const Range seen = {visible(tile, 0, whole).begin, visible(tile, tile.rows - 1, whole).end};
  const size_t beyond_line = reinterpret_cast<uintptr_t>(scratch) % 64 / sizeof(float);
  float* query = scratch + (16 - beyond_line) % 16;  // no vector lies across two cache lines
  float* widened = query + queries * width;
  float* scores = widened + kv_block_positions * width;
  float* mixed = scores + queries * attention_chunk;
  float* scales = mixed + queries * width;
  return {.tile = tile,
          .cache = cache,
          .queries = queries,
          .vectors = vectors,
          .chunk = whole,
          .seen = seen,
          .query = {query, width},
          .widened = widened,
          .scores = {scores, attention_chunk},
          .mixed = {mixed, width},
          .key_scales = scales,
          .value_scales = scales + attention_chunk,
          .query_scales = scales + 2 * attention_chunk};
}

inline const float* query_at(const QueryTile& tile, size_t query) {
  return tile.q + query / tile.heads * tile.row_stride + query % tile.heads * tile.head_dim;
}

inline void scale_queries(const ChunkWork& work) {
  const Floats scale = splat(work.tile.scale);
  for (size_t i = 0; i < work.queries; ++i) {
    const float* from = query_at(work.tile, i);
    float* to = work.query[i];
    for_each_vector(
        work.tile.head_dim, [&](size_t c) { store(to + c, load(from + c) * scale); },
        [&](size_t c, size_t left) { store(to + c, load_partial(from + c, left) * scale); });
  }
}

constexpr size_t steps_of_codes(size_t head_dim) {
  return (head_dim + CodeKeys<2>::step - 1) / CodeKeys<2>::step;
}

// Queries as whole numbers of 16 bits, whose products with codes fit the sums.
inline void code_queries(const ChunkWork& work) {
  const size_t head_dim = work.tile.head_dim, padded = steps_of_codes(head_dim) * 2 * lanes;
  const float limit = head_dim <= 4096 ? 32767.0f : 32767.0f * 4096 / static_cast<float>(head_dim);
  for (size_t i = 0; i < work.queries; ++i) {
    const float* from = query_at(work.tile, i);
    const Scaling scaling = scaling_of(from, head_dim, limit);
    int16_t* to = reinterpret_cast<int16_t*>(work.query[i]);
    const Floats inverse = splat(scaling.inverse);
    for (size_t c = 0; c < padded; c += lanes) {
      const size_t left = c < head_dim ? head_dim - c : 0;
      const Floats x = left >= lanes ? load(from + c) : load_partial(from + (left ? c : 0), left);
      store_shorts(to + c, x * inverse);
    }
    work.query_scales[i] = scaling.scale * work.tile.scale;
  }
}

// A block's keys or values as floats, zero behind head_dim.
template <class Element>
inline void widen_block(const uint8_t* block, size_t head_dim, size_t vectors, float* out) {
  for (size_t p = 0; p < kv_block_positions; ++p) {
    const uint8_t* from = block + p * head_dim * Element::bytes;
    float* to = out + p * vectors * lanes;
    for_each_vector(
        head_dim, [&](size_t c) { store(to + c, Element::read(from + c * Element::bytes)); },
        [&](size_t c, size_t left) {
          store(to + c, read_partial<Element>(from + c * Element::bytes, left));
        });
  }
}

// The same for codes, in 16 bits.
inline void widen_codes(const uint8_t* block, size_t head_dim, uint8_t* out) {
  constexpr size_t step = CodeKeys<1>::step;
  for (size_t p = 0; p < kv_block_positions; ++p) {
    for (size_t c = 0; c < head_dim; c += step, out += 2 * step) {
      const uint8_t* from = block + p * head_dim + c;
      uint8_t whole[step] = {};
      if (head_dim - c < step) __builtin_memcpy(whole, from, head_dim - c);
      store_quads(out, widen_to_shorts(head_dim - c < step ? whole : from));
    }
  }
}

// Which of a block's queries are multiplied at a time, with what.
struct Few {
  size_t first, count;
};

// Calls multiply(few, ahead) for every few queries that see a block; only the first ask for the
// next one.
template <class Multiply>
inline void for_each_few(const ChunkWork& work, size_t block, Ahead ahead, Multiply multiply) {
  bool asked = false;
  for (size_t i = 0; i < work.queries; i += query_tile) {
    const Few few = {i, work.queries - i < query_tile ? work.queries - i : query_tile};
    const Range range = work.seen_by(few.first, few.count, block);
    if (range.begin >= range.end) continue;
    if (asked) {
      multiply(few, Nothing{});
    } else {
      multiply(few, ahead);
    }
    asked = true;
  }
}

template <class Keys>
inline void score_block(const ChunkWork& work, size_t block, Bytes keys, Ahead ahead) {
  const size_t steps = (work.tile.head_dim + Keys::step - 1) / Keys::step;
  for_each_few(work, block, ahead, [&](Few few, auto next) {
    const uint8_t* query = reinterpret_cast<const uint8_t*>(work.query[few.first]);
    float* scores = work.scores[few.first] + block * kv_block_positions;
    score_queries<Keys>(few.count, {query, 4 * work.query.stride}, keys, steps,
                        {scores, work.scores.stride}, next);
  });
}

// Where keys are multiplied but once, they are as they lie in the cache.
template <class Element>
inline void score_blocks(const ChunkWork& work) {
  constexpr bool codes = Element::bytes == 1;
  using Stored = If<codes, CodeKeys<1>, FloatKeys<Element>>;
  using Widened = If<codes, CodeKeys<2>, FloatKeys<F32>>;
  const size_t head_dim = work.tile.head_dim;
  uint8_t* const copy = reinterpret_cast<uint8_t*>(work.widened);
  for (size_t block = work.first_block(); block < work.end_block(); ++block) {
    const std::byte* next = block + 1 < work.end_block() ? work.cache.keys[block + 1]
                                                         : work.cache.values[work.first_block()];
    const Ahead ahead = {reinterpret_cast<const uint8_t*>(next),
                         key_tile * Stored::step * Stored::bytes};
    const uint8_t* rows = reinterpret_cast<const uint8_t*>(work.cache.keys[block]);
    if (work.queries <= query_tile && head_dim % Stored::step == 0) {
      score_block<Stored>(work, block, {rows, head_dim * Stored::bytes}, ahead);
    } else if constexpr (codes) {
      widen_codes(rows, head_dim, copy);
      score_block<Widened>(work, block, {copy, steps_of_codes(head_dim) * 4 * lanes}, ahead);
    } else {
      widen_block<Element>(rows, head_dim, work.vectors, work.widened);
      score_block<Widened>(work, block, {copy, 4 * work.vectors * lanes}, ahead);
    }
  }
}

template <class Element>
inline void mix_block(const ChunkWork& work, size_t block, Bytes values, Ahead ahead) {
  for_each_few(work, block, ahead, [&](Few few, auto next) {
    const Range range = work.seen_by(few.first, few.count, block);
    mix_queries<Element>(
        few.count, {work.scores[few.first] + (range.begin - work.chunk.begin), work.scores.stride},
        {values[range.begin - work.block_begin(block)], values.stride}, range.end - range.begin,
        work.vectors, {work.mixed[few.first], work.mixed.stride}, next);
  });
}

template <class Element>
inline void mix_blocks(const ChunkWork& work) {
  const size_t head_dim = work.tile.head_dim;
  for (size_t block = work.first_block(); block < work.end_block(); ++block) {
    const std::byte* next = work.cache.values[block + 1 < work.end_block() ? block + 1 : block];
    const Ahead ahead = {reinterpret_cast<const uint8_t*>(next), strip * lanes * Element::bytes};
    const uint8_t* rows = reinterpret_cast<const uint8_t*>(work.cache.values[block]);
    if (work.queries <= query_tile && head_dim % lanes == 0) {
      mix_block<Element>(work, block, {rows, head_dim * Element::bytes}, ahead);
    } else {
      widen_block<Element>(rows, head_dim, work.vectors, work.widened);
      const uint8_t* copy = reinterpret_cast<const uint8_t*>(work.widened);
      mix_block<F32>(work, block, {copy, 4 * work.vectors * lanes}, ahead);
    }
  }
}

// e^x for x <= 0, to about two units in the last place, and exactly zero below -87.7: there
// the exponent is that of zero. Half the work of exponential(), which also knows large and tiny
// results.
inline Floats weight(Floats x) {
  x = maximum(splat(-88.0297f), x);  // a not-a-number stays one
  const Floats n = round(x * splat(0x1.715476p+0f));
  const Floats r = multiply_add(n, splat(-0x1.7f7d1cp-20f), x - n * splat(0x1.62e4p-1f));
  return lower_powers(splat(1.0f / 720), r) * power_of_two(n);
}

// Scores become weights in place. Those of positions that the query does not see become zero.
template <bool scaled>
inline void weigh(const ChunkWork& work, size_t query, float* softmax) {
  const Range sees = visible(work.tile, query / work.tile.heads, work.chunk);
  const size_t begin = work.first_block() * kv_block_positions;
  const size_t end = (work.seen.end - work.chunk.begin + lanes - 1) / lanes * lanes;
  float* scores = work.scores[query];
  if (sees.begin >= sees.end) {
    for (size_t i = begin; i < end; ++i) scores[i] = 0;
    softmax[0] = -__builtin_inff();
    softmax[1] = 0;
    return;
  }
  if constexpr (scaled) {
    for (size_t i = begin; i < end; i += lanes) {
      const Floats scale = load(work.key_scales + i) * splat(work.query_scales[query]);
      store(scores + i, load(scores + i) * scale);
    }
  }
  for (size_t i = begin; i < sees.begin - work.chunk.begin; ++i) scores[i] = -__builtin_inff();
  for (size_t i = sees.end - work.chunk.begin; i < end; ++i) scores[i] = -__builtin_inff();
  const float greatest = maximum_of(scores + begin, end - begin, -__builtin_inff());
  Floats total = splat(0);
  for (size_t i = begin; i < end; i += lanes) {
    Floats share = weight(load(scores + i) - splat(greatest));
    total = total + share;
    if constexpr (scaled) share = share * load(work.value_scales + i);
    store(scores + i, share);
  }
  softmax[0] = greatest;
  softmax[1] = sum(total);
}

// The scales of an int8 cache, behind the codes of each block.
inline void gather_scales(const ChunkWork& work) {
  const size_t codes = kv_block_positions * work.tile.head_dim;
  for (size_t block = work.first_block(); block < work.end_block(); ++block) {
    const size_t column = block * kv_block_positions;
    __builtin_memcpy(work.key_scales + column, work.cache.keys[block] + codes,
                     kv_block_positions * sizeof(float));
    __builtin_memcpy(work.value_scales + column, work.cache.values[block] + codes,
                     kv_block_positions * sizeof(float));
  }
}

template <class Element, bool scaled>
inline void attend_elements(const ChunkWork& work, float* mixed, float* softmax) {
  if constexpr (scaled) {
    code_queries(work);
    gather_scales(work);
  } else {
    scale_queries(work);
  }
  score_blocks<Element>(work);
  for (size_t i = 0; i < work.queries; ++i) {
    weigh<scaled>(work, i, softmax + 2 * i);
    for (size_t v = 0; v < work.vectors; ++v) store(work.mixed[i] + v * lanes, splat(0));
  }
  mix_blocks<Element>(work);
  const size_t head_dim = work.tile.head_dim;
  for (size_t i = 0; i < work.queries; ++i) {
    __builtin_memcpy(mixed + i * head_dim, work.mixed[i], head_dim * sizeof(float));
  }
}

inline void attend_chunk(const QueryTile& tile, const HeadBlocks& cache, size_t chunk,
                         float* scratch, float* mixed, float* softmax) {
  const ChunkWork work = chunk_work(tile, cache, chunk, scratch);
  if (work.seen.begin >= work.seen.end) {
    for (size_t i = 0; i < work.queries; ++i) {
      softmax[2 * i] = -__builtin_inff();
      softmax[2 * i + 1] = 0;
    }
    return;
  }
  switch (cache.type) {
    case KvType::f32:
      return attend_elements<F32, false>(work, mixed, softmax);
    case KvType::f16:
      return attend_elements<F16, false>(work, mixed, softmax);
    case KvType::bf16:
      return attend_elements<Bf16, false>(work, mixed, softmax);
    case KvType::int8:
      return attend_elements<Int8, true>(work, mixed, softmax);
  }
  __builtin_unreachable();
}

inline void merge_chunk(const float* mixed, const float* softmax, float* mixed_sum,
                        float* softmax_sum, size_t head_dim) {
  if (softmax[1] == 0) return;  // nothing was seen
  const float greatest = softmax[0] > softmax_sum[0] ? softmax[0] : softmax_sum[0];
  const Floats old_share = weight(splat(softmax_sum[0] - greatest));
  const Floats new_share = weight(splat(softmax[0] - greatest));
  map(mixed, mixed_sum, mixed_sum, head_dim,
      [=](Floats part, Floats whole) { return multiply_add(whole, old_share, part * new_share); });
  float shares[2 * lanes];
  store(shares, old_share);
  store(shares + lanes, new_share);
  softmax_sum[0] = greatest;
  softmax_sum[1] = softmax_sum[1] * shares[0] + softmax[1] * shares[lanes];
}

}  // namespace
}  // namespace freehold::kernels
