// One pass of a batch of tokens through the layers: which tokens, where they stand, and the memory
// for what is computed on the way. The slots of a recipe (attention, feed-forward, experts) read
// and write it; cpu_decoder drives it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "model/attend.h"
#include "model/kv_cache.h"
#include "model/plan.h"
#include "model/recipe.h"
#include "model/rope.h"
#include "model/weights.h"
#include "model/workers.h"

namespace freehold::model {

// One token of the batch.
struct Row {
  Token token;
  std::uint32_t position;
  const Span* span;
  bool wanted;  // its logits are asked for
};

// Neighbouring rows of one span, few enough to be one piece of work.
struct Tile {
  std::size_t begin, end;  // rows
};

struct Batch {
  std::vector<Row> rows;
  std::vector<Tile> tiles;
  std::vector<float> cosine, sine;  // (rows, pairs)

  std::size_t size() const { return rows.size(); }
};

// Where a plan's tokens are dealt out in batches of at most `capacity`, in order.
class Dealer {
 public:
  Dealer(const Plan& plan, std::size_t capacity) : plan_(plan), capacity_(capacity) {}

  // The next batch; false when no token is left.
  bool deal(RopeAngles& angles, Batch& batch);

 private:
  const Plan& plan_;
  const std::size_t capacity_;
  std::size_t span_ = 0;
  std::size_t token_ = 0;
};

// Which rows each expert computes; made anew in every layer with experts.
struct Routing {
  std::vector<std::uint32_t> chosen;  // (rows, active): experts in ascending order
  std::vector<float> share;           // (rows, active): their weights
  std::vector<std::size_t> begin;     // (experts + 1): where an expert's pairs begin
  std::vector<std::size_t> pair;      // (rows, active): the pair that a choice became
  std::vector<std::size_t> next;      // (experts): used while sorting
};

// Memory for a batch of up to `capacity` tokens, allocated once. Pages are touched when used.
class Activations {
 public:
  Activations(const Recipe& recipe, std::size_t capacity);

  static std::uint64_t bytes_per_token(const Recipe& recipe);
  // Tokens a batch may have: as many as fit a bounded memory, between 16 and 512.
  static std::size_t capacity_for(const Recipe& recipe);

  std::size_t capacity() const { return capacity_; }
  std::uint64_t bytes() const { return floats_ * sizeof(float); }

  float* hidden;    // (tokens, width): the residual stream
  float* normed;    // (tokens, width): what a slot reads
  float* out;       // (tokens, width): what a slot writes
  float* query;     // (tokens, heads, head_dim)
  float* key;       // (tokens, kv_heads, head_dim)
  float* value;     // (tokens, kv_heads, head_dim)
  float* attended;  // (tokens, heads, head_dim)
  float* softmax;   // (tokens, heads, 2): greatest score, sum of exponentials
  float* gate;      // (tokens, hidden)
  float* up;        // (tokens, hidden)

  float* router;     // (tokens, experts)
  float* pair_in;    // (tokens * active, width)
  float* pair_gate;  // (tokens * active, expert hidden)
  float* pair_up;    // (tokens * active, expert hidden)
  float* pair_out;   // (tokens * active, width)
  Routing routing;

 private:
  std::size_t capacity_;
  std::size_t floats_;
  std::unique_ptr<float[]> memory_;
};

struct Pass {
  const Recipe& recipe;
  const Batch& batch;
  KvCache& cache;
  Workers& workers;
  Activations& memory;
  AttentionParts& parts;
};

// The slots: each reads memory.normed and writes memory.out.
void attention(Pass& pass, const LayerWeights& weights, std::uint32_t layer);
void feedforward(Pass& pass, const LayerWeights& weights);
void experts(Pass& pass, const LayerWeights& weights);

}  // namespace freehold::model
