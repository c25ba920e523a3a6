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
#include "model/operand.h"
#include "model/plan.h"
#include "model/product.h"
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
};

// Neighbouring rows of one span, few enough to be one piece of work.
struct Tile {
  std::size_t begin, end;  // rows
};

struct Batch {
  std::vector<Row> rows;
  std::vector<Tile> tiles;
  std::vector<std::size_t> wanted;  // the rows whose logits are asked for
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

// Which rows each expert computes; made anew in every layer with experts, in memory that stays.
struct Routing {
  std::vector<std::uint32_t> chosen;   // (rows, active): experts in ascending order
  std::vector<float> share;            // (rows, active): their weights
  std::vector<std::size_t> begin;      // (experts + 1): where an expert's pairs begin
  std::vector<std::size_t> pair;       // (rows, active): the pair that a choice became
  std::vector<std::size_t> next;       // (experts): used while sorting
  std::vector<std::uint32_t> busiest;  // experts that somebody chose, those with most pairs first
  std::vector<GatedProduct> apart;     // theirs, in that order
  std::vector<Product> together;       // the same
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

  float* hidden;     // (tokens, width): the residual stream
  float* out;        // (tokens, width): what a slot writes
  float* query;      // (tokens, heads, head_dim)
  float* key;        // (tokens, kv_heads, head_dim)
  float* value;      // (tokens, kv_heads, head_dim)
  float* softmax;    // (tokens, heads, 2): greatest score, sum of exponentials
  Operand normed;    // (tokens, width): what a slot reads
  Operand attended;  // (tokens, heads * head_dim)
  Operand gated;     // (tokens, hidden)

  float* router;       // (tokens, experts)
  Operand pair_in;     // (tokens * active, width)
  Operand pair_gated;  // (tokens * active, expert hidden)
  float* pair_out;     // (tokens * active, width), where pair_in's floats were
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
  std::size_t tokens = batch.size();  // that are computed: from the last attention on, those wanted
  Operand input{};                    // memory.normed in the forms that the next slot reads
};

// The slots: each reads pass.input and writes memory.out, or leaves it to the residual stream
// (residual.h) to make a token's row of it.
void attention(Pass& pass, const LayerWeights& weights, std::uint32_t layer);
void feedforward(Pass& pass, const LayerWeights& weights);
void experts(Pass& pass, const LayerWeights& weights);
// One token's row of what experts() computed.
void add_up_experts(const Pass& pass, std::size_t token, float* sum /* (width) */);

}  // namespace freehold::model
