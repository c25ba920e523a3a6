// The forward pass on this machine's processors. Plans longer than its batch are computed in
// several batches, with the same bits. One caller at a time.
#pragma once

#include <memory>

#include "base/thread_pool.h"
#include "formats/checkpoint.h"
#include "model/decoder.h"
#include "model/packed_weights.h"
#include "model/pass.h"
#include "model/residual.h"
#include "model/weights.h"

namespace freehold::model {

class CpuDecoder : public Decoder {
 public:
  // `weights` point into `checkpoint` and `packed`, which are kept; `pool` must outlive the
  // decoder.
  CpuDecoder(std::shared_ptr<const formats::Checkpoint> checkpoint, Recipe recipe, Weights weights,
             PackedWeights packed, ThreadPool& pool);

  const Recipe& recipe() const override { return recipe_; }

  // `invalid` for a token that is not in the vocabulary; a plan that does not fit the cache is a
  // bug of whoever made it.
  Result<Logits> forward(const Plan& plan, KvCache& cache) override;

  std::uint64_t weights_bytes() const { return weights_.bytes; }
  std::uint64_t activation_bytes() const {
    return memory_.bytes() + AttentionParts::bytes(recipe_);
  }

 private:
  Addend layer(Pass& pass, std::uint32_t index, const Addend& before);
  void logits(Pass& pass, const Addend& before, float* out);

  const std::shared_ptr<const formats::Checkpoint> checkpoint_;
  const Recipe recipe_;
  const Weights weights_;
  const PackedWeights packed_;
  Workers workers_;
  Activations memory_;
  AttentionParts parts_;
  RopeAngles angles_;
  Batch batch_;
  std::vector<float> logits_;  // of the last forward(), grown to the most that was ever wanted
};

}  // namespace freehold::model
