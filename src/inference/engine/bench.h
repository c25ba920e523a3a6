// How fast a decoder prefills and decodes, in tokens per second and as a share of what the machine
// can do. Bypasses the scheduler: this measures arithmetic, not serving.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/machine.h"
#include "formats/checkpoint.h"
#include "freehold/result.h"
#include "model/decoder.h"

namespace freehold::engine {

struct BenchPlan {
  std::uint32_t prompt = 512;   // tokens of the prefill that is timed; 0: none
  std::uint32_t generate = 64;  // decode steps that are timed; 0: none
  std::uint32_t depth = 0;      // positions already in the cache when decoding begins
  std::uint32_t batch = 1;      // sequences decoded together
  std::uint32_t repeat = 3;
  KvType kv = KvType::f16;
};

struct BenchReport {
  std::vector<double> prefill_tokens_per_s;  // one a run; empty when the plan has no prompt
  std::vector<double> decode_tokens_per_s;   // one a run, over the whole batch
  double first_pass_s = 0;                   // one token through the model as it was just opened
  double kv_bytes_per_step = 0;              // read from the cache in one decode step, on average
};

// plan.repeat runs of each, after one short pass that is not timed as a run. `invalid` when prompt
// or depth exceed the model's context, `usage` when there is nothing to measure or too much.
Result<BenchReport> run_bench(model::Decoder& decoder, const BenchPlan& plan);

// Weights that one decode step of `batch` sequences reads: everything once, and of the experts as
// many as sequences that choose independently and evenly touch.
double weights_bytes_per_step(const formats::Checkpoint& checkpoint, const model::Recipe& recipe,
                              std::uint32_t batch);

}  // namespace freehold::engine
