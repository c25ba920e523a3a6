// What `bench` has measured, as the document of docs/reference and as a table; both derive rates,
// bytes and shares of the machine's limits here. Measures nothing.
#pragma once

#include <cstdint>
#include <string>

#include "engine/bench.h"
#include "freehold/value.h"

namespace freehold::cli {

struct BenchOutcome {
  std::string model;
  std::string kv;
  std::uint32_t threads = 0;
  engine::BenchPlan plan;
  engine::MachineFacts machine;
  engine::MachineLimits limits;
  engine::BenchReport report;
  double load_s = 0;
  double weights_bytes = 0;           // read by a pass of one sequence
  double weights_bytes_per_step = 0;  // read by a step of the whole batch
  double matmul_parameters = 0;       // see model/footprint.h
  std::uint64_t peak_rss_bytes = 0;
};

Value bench_json(const BenchOutcome& outcome);
std::string bench_text(const BenchOutcome& outcome);

}  // namespace freehold::cli
