#include "server/metrics.h"

#include <algorithm>

#include "server/model_metrics.h"
#include "server/process_metrics.h"
#include "server/prometheus.h"

namespace freehold::server {
namespace {

constexpr double first_token_bounds_s[] = {0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1,
                                           0.25,  0.5,   0.75, 1,    2.5,  5,    7.5,  10,
                                           20,    40,    80,   160,  640,  2560};
constexpr double token_bounds_s[] = {0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5,
                                     0.75, 1,     2.5,  5,     7.5, 10,   20,  40,  80};
constexpr double request_bounds_s[] = {0.3, 0.5, 0.8, 1,  1.5, 2,   2.5, 5,   10,   15,  20,
                                       30,  40,  50,  60, 120, 240, 480, 960, 1920, 7680};
constexpr double token_count_bounds[] = {1,    2,    5,    10,    20,    50,    100,    200,   500,
                                         1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000};

void raise(std::atomic<std::uint64_t>& most, std::uint64_t value) {
  std::uint64_t before = most.load();
  while (before < value && !most.compare_exchange_weak(before, value)) {
  }
}

}  // namespace

const std::span<const double> MetricBounds::first_token_s = first_token_bounds_s;
const std::span<const double> MetricBounds::token_s = token_bounds_s;
const std::span<const double> MetricBounds::request_s = request_bounds_s;
const std::span<const double> MetricBounds::tokens = token_count_bounds;

void ModelCounters::count_end(const Outcome& outcome, double seconds) {
  const Usage& usage = outcome.usage;
  prompt_tokens += usage.prompt_tokens;
  cached_tokens += usage.cached_tokens;
  generation_tokens += usage.completion_tokens;
  raise(longest, std::uint64_t{usage.prompt_tokens} + usage.completion_tokens);
  if (outcome.finish == FinishReason::cancelled) {
    ++aborted;
    return;
  }
  ++(outcome.finish == FinishReason::length ? reached_length : stopped);
  whole_s.add(seconds);
  queue_s.add(usage.queue_s);
  prefill_s.add(usage.prefill_s);
  decode_s.add(usage.decode_s);
  inference_s.add(usage.prefill_s + usage.decode_s);
  prompt_lengths.add(usage.prompt_tokens);
  answer_lengths.add(usage.completion_tokens);
  if (usage.completion_tokens == 0) return;
  first_token_s.add(usage.queue_s + usage.prefill_s);
  if (usage.completion_tokens > 1) per_token_s.add(usage.decode_s / (usage.completion_tokens - 1));
}

ModelCounters& Metrics::model(const std::string& name) {
  const std::lock_guard lock(mutex_);
  auto& counters = models_[name];
  if (!counters) counters = std::make_unique<ModelCounters>();
  return *counters;
}

std::int64_t Metrics::load() const {
  const std::lock_guard lock(mutex_);
  std::int64_t load = 0;
  for (const auto& [name, counters] : models_) load += counters->running + counters->waiting;
  return load;
}

std::string Metrics::to_prometheus(const std::vector<Generator*>& generators) const {
  std::vector<ModelState> states;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, counters] : models_) {
      const auto found = std::ranges::find(
          generators, name, [](const Generator* generator) { return generator->card().name; });
      states.push_back(
          {name, *counters, found != generators.end() ? (*found)->status() : std::nullopt});
    }
  }
  PrometheusText text;
  write_vllm_metrics(text, states);
  write_llama_metrics(text, states);
  write_process_metrics(text);
  return text.take();
}

}  // namespace freehold::server
