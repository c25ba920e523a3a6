// Options of the verbs that generate text, and the Sampling and Stop they stand for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/options.h"
#include "freehold/sampling.h"

namespace freehold::cli {

struct SamplingOptions {
  std::optional<double> temperature;
  std::optional<std::uint32_t> top_k;
  std::optional<double> top_p;
  std::optional<double> min_p;
  std::optional<double> repetition_penalty;
  std::optional<std::uint64_t> seed;
  std::optional<std::uint32_t> max_tokens;
  std::vector<std::string> stop;

  void declare(Options& options);
  Sampling sampling() const;
  Stop stops() const;
};

}  // namespace freehold::cli
