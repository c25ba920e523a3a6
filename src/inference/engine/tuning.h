// What arithmetic is to use on this machine, as measured on it: the table of kernels and the number
// of threads. Takes less than a second; kept between runs by tuning_file.h. Not the machine's
// limits (machine.h) and not how fast a model runs (bench.h).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kernels/kernels.h"

namespace freehold::engine {

struct TableSpeed {
  std::string name;
  std::string refused;          // what it computes wrongly here; empty for one that can be used
  double many_tokens_gops = 0;  // 4-bit weights in the cache times 64 tokens, all cores
  double one_token_gb_s = 0;    // 4-bit weights from memory times one token, all cores
};

struct ThreadsSpeed {
  std::uint32_t threads = 0;
  double one_token_gb_s = 0;
};

struct Tuning {
  std::string kernels;        // the table to take
  std::uint32_t threads = 0;  // at least 1
  std::vector<TableSpeed> tables;
  std::vector<ThreadsSpeed> thread_counts;
  double foreign_cpus = 0;  // kept busy by others meanwhile, on average
  double took_s = 0;
  std::int64_t measured_unix_s = 0;
};

// Checks each table against the last, which is the reference (kernel_check.h), and measures those
// that compute rightly. A table that does not is told as a warning and never chosen.
Tuning measure_tuning(std::span<const kernels::Kernels* const> tables);

// The table that is fastest in the geometric mean of its two rates. The first one stays unless
// another is clearly faster, so that noise does not change what a machine computes.
const TableSpeed& fastest(std::span<const TableSpeed> tables);

// Processors that others may keep busy while we measure without it counting as disturbed; a machine
// is never quite still.
inline constexpr double quiet_cpus = 0.25;

// All threads, which come first, unless fewer are clearly faster with one token, as where two share
// a core's units or a neighbour keeps a core busy. Beside a neighbour rates vary more, so that
// fewer must win by more.
std::uint32_t best_threads(std::span<const ThreadsSpeed> counts, double foreign_cpus);

// Worth trying: all logical processors, one less, and one for each physical core.
std::vector<std::uint32_t> thread_counts_to_try(std::uint32_t logical, std::uint32_t physical);

}  // namespace freehold::engine
