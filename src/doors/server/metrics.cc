#include "server/metrics.h"

#include <fmt/format.h>

namespace freehold::server {
namespace {

std::string label(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\' || c == '"') escaped += '\\';
    escaped += c == '\n' ? "\\n" : std::string(1, c);
  }
  return escaped;
}

}  // namespace

ModelCounters& Metrics::model(const std::string& name) {
  const std::lock_guard lock(mutex_);
  auto& counters = models_[name];
  if (!counters) counters = std::make_unique<ModelCounters>();
  return *counters;
}

std::string Metrics::to_prometheus() const {
  const std::lock_guard lock(mutex_);
  std::string text;
  const auto family = [&](std::string_view name, std::string_view type, std::string_view help,
                          auto value_of) {
    text += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
    for (const auto& [model, counters] : models_) {
      text += fmt::format("{}{{model_name=\"{}\"}} {}\n", name, label(model), value_of(*counters));
    }
  };
  family("vllm:num_requests_running", "gauge", "Sequences past their first token.",
         [](const ModelCounters& c) { return c.running.load(); });
  family("vllm:num_requests_waiting", "gauge", "Sequences queued or reading their prompt.",
         [](const ModelCounters& c) { return c.waiting.load(); });
  family("vllm:prompt_tokens_total", "counter", "Prompt tokens of ended sequences.",
         [](const ModelCounters& c) { return c.prompt_tokens.load(); });
  family("vllm:prompt_tokens_cached_total", "counter", "Of these, taken from the prefix cache.",
         [](const ModelCounters& c) { return c.cached_tokens.load(); });
  family("vllm:prefix_cache_queries_total", "counter", "Prompt tokens looked for in the cache.",
         [](const ModelCounters& c) { return c.prompt_tokens.load(); });
  family("vllm:prefix_cache_hits_total", "counter", "Of these, found.",
         [](const ModelCounters& c) { return c.cached_tokens.load(); });
  family("vllm:generation_tokens_total", "counter", "Generated tokens of ended sequences.",
         [](const ModelCounters& c) { return c.generation_tokens.load(); });
  text +=
      "# HELP vllm:request_success_total Ended sequences, by what ended them.\n"
      "# TYPE vllm:request_success_total counter\n";
  for (const auto& [model, counters] : models_) {
    const auto ended = [&, &name = model](std::string_view reason, std::uint64_t count) {
      text += fmt::format(
          "vllm:request_success_total{{model_name=\"{}\",finished_reason=\"{}\"}} "
          "{}\n",
          label(name), reason, count);
    };
    ended("stop", counters->stopped.load());
    ended("length", counters->reached_length.load());
    ended("abort", counters->aborted.load());
  }
  return text;
}

}  // namespace freehold::server
