// Attention of a tile of queries over one chunk of positions, block by block: scores, softmax,
// mixed values. Where queries are many, a block's keys and values are widened once into the
// first-level cache; where they are few, they are multiplied as they are read from memory, with
// the same bits.
#pragma once

#include "kernels/generic/attention_tiles.inl.h"
#include "kernels/generic/reduce.inl.h"

namespace freehold::kernels {
namespace {

struct Range {
  size_t begin, end;
};

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
  Outputs query;        // (queries, vectors): scaled, zero behind head_dim
  float* widened;       // (kv_block_positions, vectors)
  Outputs scores;       // (queries, attention_chunk): column i is position chunk.begin + i
  Outputs mixed;        // (queries, vectors)
  float* key_scales;    // (attention_chunk), of an int8 cache
  float* value_scales;  // (attention_chunk)

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
  return {tile,           cache,   queries,
          vectors,        whole,   seen,
          {query, width}, widened, {scores, attention_chunk},
          {mixed, width}, scales,  scales + attention_chunk};
}

inline void scale_queries(const ChunkWork& work) {
  const Floats scale = splat(work.tile.scale);
  for (size_t i = 0; i < work.queries; ++i) {
    const size_t row = i / work.tile.heads, head = i % work.tile.heads;
    const float* from = work.tile.q + row * work.tile.row_stride + head * work.tile.head_dim;
    float* to = work.query[i];
    for_each_vector(
        work.tile.head_dim, [&](size_t c) { store(to + c, load(from + c) * scale); },
        [&](size_t c, size_t left) { store(to + c, load_partial(from + c, left) * scale); });
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

// Calls multiply(element, rows, first, count, ahead) for each few queries that see a block of keys
// or values: as it lies in the cache when it is read but once, else widened.
template <class Element, class Multiply>
inline void with_block(const ChunkWork& work, size_t block, const std::byte* rows,
                       const std::byte* next, Multiply multiply) {
  const size_t head_dim = work.tile.head_dim;
  const Ahead ahead = {reinterpret_cast<const uint8_t*>(next), 4 * lanes * Element::bytes};
  const Bytes stored = {reinterpret_cast<const uint8_t*>(rows), head_dim * Element::bytes};
  if (work.queries <= query_tile && head_dim % lanes == 0) {
    return multiply(Element{}, stored, 0, work.queries, ahead);
  }
  widen_block<Element>(stored.first, head_dim, work.vectors, work.widened);
  const Bytes widened = {reinterpret_cast<const uint8_t*>(work.widened), 4 * work.vectors * lanes};
  bool first = true;
  for (size_t i = 0; i < work.queries; i += query_tile) {
    const size_t count = work.queries - i < query_tile ? work.queries - i : query_tile;
    const Range range = work.seen_by(i, count, block);
    if (range.begin >= range.end) continue;
    if (first) {
      multiply(F32{}, widened, i, count, ahead);
    } else {
      multiply(F32{}, widened, i, count, Nothing{});
    }
    first = false;
  }
}

template <class Element>
inline void score_blocks(const ChunkWork& work) {
  const size_t end = work.end_block();
  for (size_t block = work.first_block(); block < end; ++block) {
    const std::byte* next =
        block + 1 < end ? work.cache.keys[block + 1] : work.cache.values[work.first_block()];
    float* scores = work.scores.first + block * kv_block_positions;
    const auto multiply = [&](auto element, Bytes keys, size_t first, size_t count, auto ahead) {
      score_queries<decltype(element)>(
          count, {work.query[first], work.query.stride}, keys, work.vectors,
          {scores + first * work.scores.stride, work.scores.stride}, ahead);
    };
    with_block<Element>(work, block, work.cache.keys[block], next, multiply);
  }
}

template <class Element>
inline void mix_blocks(const ChunkWork& work) {
  const size_t end = work.end_block();
  for (size_t block = work.first_block(); block < end; ++block) {
    const std::byte* next = work.cache.values[block + 1 < end ? block + 1 : block];
    const auto multiply = [&](auto element, Bytes values, size_t first, size_t count, auto ahead) {
      const Range range = work.seen_by(first, count, block);
      mix_queries<decltype(element)>(
          count, {work.scores[first] + (range.begin - work.chunk.begin), work.scores.stride},
          {values[range.begin - work.block_begin(block)], values.stride}, range.end - range.begin,
          work.vectors, {work.mixed[first], work.mixed.stride}, ahead);
    };
    with_block<Element>(work, block, work.cache.values[block], next, multiply);
  }
}

// e^x for x <= 0, to about two units in the last place, and exactly zero below -88: there the
// exponent is that of zero. Half the work of exponential(), which also knows large and tiny results.
inline Floats weight(Floats x) {
  x = maximum(splat(-88.0297f), x);  // a not-a-number stays one
  const Floats n = round(x * splat(0x1.715476p+0f));
  const Floats r = multiply_add(n, splat(-0x1.7f7d1cp-20f), x - n * splat(0x1.62e4p-1f));
  Floats power = splat(1.0f / 720);
  power = multiply_add(power, r, splat(1.0f / 120));
  power = multiply_add(power, r, splat(1.0f / 24));
  power = multiply_add(power, r, splat(1.0f / 6));
  power = multiply_add(power, r, splat(0.5f));
  power = multiply_add(power, r, splat(1.0f));
  power = multiply_add(power, r, splat(1.0f));
  return power * power_of_two(n);
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
      store(scores + i, load(scores + i) * load(work.key_scales + i));
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
  scale_queries(work);
  if constexpr (scaled) gather_scales(work);
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
