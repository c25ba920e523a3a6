#include <algorithm>
#include <numeric>

#include "server/model_metrics.h"

namespace freehold::server {
namespace {

struct Totals {
  std::uint64_t prompt_tokens = 0;  // computed: not those from the cache
  std::uint64_t answer_tokens = 0;
  double prompt_seconds = 0;
  double answer_seconds = 0;
  std::int64_t running = 0;
  std::int64_t waiting = 0;
  std::uint64_t steps = 0;
  std::uint64_t longest = 0;
  double cache_usage = 0;  // of the fullest
};

Totals add_up(std::span<const ModelState> models) {
  Totals totals;
  for (const ModelState& model : models) {
    const ModelCounters& counters = model.counters;
    totals.prompt_tokens += counters.prompt_tokens - counters.cached_tokens;
    totals.answer_tokens += counters.generation_tokens;
    totals.prompt_seconds += counters.prefill_s.snapshot().sum;
    totals.answer_seconds += counters.decode_s.snapshot().sum;
    totals.running += model.running();
    totals.waiting += model.waiting();
    totals.longest = std::max(totals.longest, counters.longest.load());
    totals.cache_usage = std::max(totals.cache_usage, model.cache_usage());
    if (!model.status) continue;
    const auto& steps = model.status->steps;
    totals.steps += std::accumulate(steps.begin(), steps.end(), std::uint64_t{0});
  }
  return totals;
}

double rate(std::uint64_t tokens, double seconds) {
  return seconds > 0 ? static_cast<double>(tokens) / seconds : 0;
}

}  // namespace

void write_llama_metrics(PrometheusText& text, std::span<const ModelState> models) {
  const Totals totals = add_up(models);
  const auto one = [&text](std::string_view name, std::string_view type, std::string_view help,
                           auto value) {
    text.family(name, type, help);
    text.sample({}, value);
  };
  one("llamacpp:prompt_tokens_total", "counter", "Prompt tokens that were computed.",
      totals.prompt_tokens);
  one("llamacpp:prompt_seconds_total", "counter", "Seconds they took, summed over sequences.",
      totals.prompt_seconds);
  one("llamacpp:tokens_predicted_total", "counter", "Generated tokens.", totals.answer_tokens);
  one("llamacpp:tokens_predicted_seconds_total", "counter",
      "Seconds they took, summed over sequences.", totals.answer_seconds);
  one("llamacpp:prompt_tokens_seconds", "gauge", "Prompt tokens a second of a sequence, mean.",
      rate(totals.prompt_tokens, totals.prompt_seconds));
  one("llamacpp:predicted_tokens_seconds", "gauge", "Generated tokens a second of one, mean.",
      rate(totals.answer_tokens, totals.answer_seconds));
  one("llamacpp:n_decode_total", "counter", "Forward passes.", totals.steps);
  one("llamacpp:n_tokens_max", "counter", "Tokens of the longest sequence so far.", totals.longest);
  one("llamacpp:kv_cache_usage_ratio", "gauge", "Part of the fullest cache that is held, 0 to 1.",
      totals.cache_usage);
  one("llamacpp:requests_processing", "gauge", "Sequences that are computed.", totals.running);
  one("llamacpp:requests_deferred", "gauge", "Sequences that wait.", totals.waiting);
}

}  // namespace freehold::server
