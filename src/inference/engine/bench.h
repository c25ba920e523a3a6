// How fast a decoder prefills and decodes, in tokens per second and as a share of what the machine
// can do. Bypasses the scheduler: this measures arithmetic, not serving.
#pragma once

#include <cstdint>

#include "base/thread_pool.h"
#include "engine/machine.h"
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
  double prefill_tokens_per_s = 0;
  double decode_tokens_per_s = 0;  // over the whole batch
  double kv_bytes_per_step = 0;    // read from the cache in one decode step, on average
};

// Medians over plan.repeat runs. `invalid` when prompt or depth exceed the model's context.
Result<BenchReport> run_bench(model::Decoder& decoder, const BenchPlan& plan);

}  // namespace freehold::engine
