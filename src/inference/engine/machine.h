// What this machine is and can do: facts from the system, and its limits measured on the spot.
#pragma once

#include <cstdint>
#include <string>

#include "base/thread_pool.h"

namespace freehold::engine {

struct ProcessorFacts {
  std::string name;
  std::string kind;  // its microarchitecture, see cpu_kind.h
};

struct MachineFacts {
  std::string cpu;      // the processor's name
  std::string kind;     // its microarchitecture
  std::string kernels;  // the instruction set that arithmetic uses
  std::uint32_t cores = 0;
  std::uint64_t memory_bytes = 0;
  std::uint64_t memory_available_bytes = 0;
};

struct MachineLimits {
  double read_gb_s = 0;    // reading memory in order, all threads of the pool, 10^9 bytes
  double int8_gops = 0;    // 8-bit multiply-accumulates counted as two operations, 10^9
  double fp32_gflops = 0;  // fused multiply-adds counted as two operations, 10^9
};

ProcessorFacts processor_facts();

MachineFacts machine_facts();  // asks for kernels(): a choice must have been made or is made now

// Takes about half a second and `buffer_bytes` of memory (should exceed the last cache several
// times). Medians, so that one disturbance does not count.
MachineLimits measure_machine(ThreadPool& pool, std::uint64_t buffer_bytes = 256u << 20);

// The most memory this process has had resident so far, or since it was last forgotten: what a
// measurement took before is not to count for the model.
std::uint64_t peak_resident_bytes();
void forget_peak_resident();

}  // namespace freehold::engine
