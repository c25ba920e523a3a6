// The families of metrics that tell of models, in the words of two other servers, so that what is
// built for those reads ours. No counting: metrics.h does that.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "server/metrics.h"
#include "server/prometheus.h"

namespace freehold::server {

struct ModelState {
  std::string name;
  const ModelCounters& counters;
  std::optional<GeneratorStatus> status;  // of the engine, if it tells

  std::int64_t running() const { return status ? status->running : counters.running.load(); }
  std::int64_t waiting() const { return status ? status->waiting : counters.waiting.load(); }
  bool has_cache() const { return status && status->blocks != 0; }
  double cache_usage() const {  // 0 to 1
    return has_cache() ? static_cast<double>(status->held_blocks) / status->blocks : 0;
  }
};

// vllm:*, each with the label model_name; names that vLLM has renamed under both.
void write_vllm_metrics(PrometheusText& text, std::span<const ModelState> models);
// llamacpp:*, which have no labels: sums over all models.
void write_llama_metrics(PrometheusText& text, std::span<const ModelState> models);

}  // namespace freehold::server
