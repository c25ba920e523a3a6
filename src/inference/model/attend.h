// How the attention of a batch is dealt to threads: pieces of queries, each over chunks of the
// positions that it sees. Few pieces over long contexts are split by chunk, and the chunks' results
// merged in ascending order; the bits are the same either way. Projections are attention.cc's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "model/recipe.h"

namespace freehold::model {

// The queries of some rows of one span that share a key-value head.
struct AttentionPiece {
  std::size_t begin, end;  // rows
  std::uint32_t kv_head;
  bool alone;  // no other piece sees the keys of its rows
  std::size_t first_chunk, end_chunk;
  std::size_t first_item;    // of those computed at the same time
  std::uint32_t unfinished;  // of its items
};

// One chunk of a piece.
struct AttentionItem {
  std::size_t piece, chunk;
  std::size_t part;  // where its queries' results begin
};

// Memory for results of chunks, allocated once, however long contexts are.
class AttentionParts {
 public:
  explicit AttentionParts(const Recipe& recipe);

  static std::uint64_t bytes(const Recipe& recipe);
  // Of scratch memory that each thread needs.
  static std::size_t scratch_floats(const Recipe& recipe);

  std::size_t capacity() const { return capacity_; }  // queries
  float* mixed(std::size_t part) { return memory_.get() + part * head_dim_; }
  float* softmax(std::size_t part) { return memory_.get() + capacity_ * head_dim_ + part * 2; }

  std::vector<AttentionPiece> pieces;
  std::vector<AttentionItem> items;

 private:
  std::size_t capacity_;
  std::size_t head_dim_;
  std::unique_ptr<float[]> memory_;  // (capacity, head_dim), (capacity, 2)
};

struct Operand;
struct Pass;
class Placement;

// memory.query over the cache into `attended`, whose floats are written in any case. With a
// placement, queries, keys and values are put in place first: where no other piece sees the keys,
// by the thread that attends to them.
void attend(Pass& pass, std::uint32_t layer, const Placement* placement, const Operand& attended);

}  // namespace freehold::model
