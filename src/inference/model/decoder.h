// The forward pass. This interface is the seam for other hardware; the CPU implementation is
// model/cpu_decoder.h.
#pragma once

#include "freehold/result.h"
#include "model/kv_cache.h"
#include "model/plan.h"
#include "model/recipe.h"

namespace freehold::model {

class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual const Recipe& recipe() const = 0;

  // Computes the plan's tokens, writes their keys and values into the cache, returns the wanted
  // logits, in memory that the next call writes anew. Bit-identical for a sequence whatever else
  // the plan holds and however its prompt is cut.
  virtual Result<Logits> forward(const Plan& plan, KvCache& cache) = 0;
};

}  // namespace freehold::model
