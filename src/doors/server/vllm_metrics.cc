#include <array>

#include "server/model_metrics.h"

namespace freehold::server {
namespace {

using Label = std::pair<std::string_view, std::string_view>;

class Writer {
 public:
  Writer(PrometheusText& text, std::span<const ModelState> models) : text_(text), models_(models) {}

  template <class ValueOf>
  void each(std::string_view name, std::string_view type, std::string_view help, ValueOf value_of) {
    text_.family(name, type, help);
    for (const ModelState& model : models_) {
      const Label labels[] = {{"model_name", model.name}};
      text_.sample(labels, value_of(model));
    }
  }

  void histogram(std::string_view name, std::string_view help, Histogram ModelCounters::* member) {
    text_.family(name, "histogram", help);
    for (const ModelState& model : models_) {
      const Label labels[] = {{"model_name", model.name}};
      text_.histogram(labels, (model.counters.*member).snapshot());
    }
  }

  void ends();
  void cache_config();
  void steps();
  void sleep_state();

 private:
  PrometheusText& text_;
  std::span<const ModelState> models_;
};

void Writer::ends() {
  text_.family("vllm:request_success_total", "counter", "Ended sequences, by what ended them.");
  for (const ModelState& model : models_) {
    const auto ended = [&](std::string_view reason, std::uint64_t count) {
      const Label labels[] = {{"model_name", model.name}, {"finished_reason", reason}};
      text_.sample(labels, count);
    };
    ended("stop", model.counters.stopped.load());
    ended("length", model.counters.reached_length.load());
    ended("abort", model.counters.aborted.load());
    ended("error", model.counters.failed.load());
  }
}

void Writer::cache_config() {
  text_.family("vllm:cache_config_info", "gauge", "How the key-value cache is laid out.");
  for (const ModelState& model : models_) {
    if (!model.has_cache()) continue;
    const std::string block_tokens = std::to_string(model.status->block_tokens);
    const std::string blocks = std::to_string(model.status->blocks);
    const Label labels[] = {{"model_name", model.name},
                            {"block_size", block_tokens},
                            {"num_gpu_blocks", blocks},
                            {"enable_prefix_caching", "True"}};
    text_.sample(labels, 1);
  }
}

void Writer::steps() {
  text_.family("vllm:iteration_tokens_total", "histogram", "Tokens computed by a forward pass.");
  static constexpr auto bounds = [] {
    std::array<double, GeneratorStatus::step_bounds.size()> each{};
    for (std::size_t i = 0; i < each.size(); ++i) each[i] = GeneratorStatus::step_bounds[i];
    return each;
  }();
  for (const ModelState& model : models_) {
    if (!model.status) continue;
    const Label labels[] = {{"model_name", model.name}};
    text_.histogram(labels, {bounds,
                             {model.status->steps.begin(), model.status->steps.end()},
                             static_cast<double>(model.status->step_tokens)});
  }
}

// Models do not sleep here.
void Writer::sleep_state() {
  text_.family("vllm:engine_sleep_state", "gauge", "1 for the state that the engine is in.");
  for (const ModelState& model : models_) {
    for (const std::string_view state : {"awake", "weights_offloaded", "discard_all"}) {
      const Label labels[] = {{"model_name", model.name}, {"sleep_state", state}};
      text_.sample(labels, state == "awake" ? 1 : 0);
    }
  }
}

void write_gauges(Writer& writer) {
  const auto running = [](const ModelState& m) { return m.running(); };
  const auto waiting = [](const ModelState& m) { return m.waiting(); };
  const auto usage = [](const ModelState& m) { return m.cache_usage(); };
  writer.each("vllm:num_requests_running", "gauge", "Sequences that are computed together.",
              running);
  writer.each("vllm:num_requests_waiting", "gauge", "Sequences that wait to be let in.", waiting);
  writer.each("vllm:kv_cache_usage_perc", "gauge",
              "Part of the key-value cache that sequences hold, 0 to 1.", usage);
  writer.each("vllm:gpu_cache_usage_perc", "gauge", "The same under its older name.", usage);
  writer.cache_config();
  writer.sleep_state();
}

void write_counters(Writer& writer) {
  const auto prompt = [](const ModelState& m) { return m.counters.prompt_tokens.load(); };
  const auto cached = [](const ModelState& m) { return m.counters.cached_tokens.load(); };
  const auto rate = [](const ModelState& m) {
    const auto queries = static_cast<double>(m.counters.prompt_tokens.load());
    return queries > 0 ? static_cast<double>(m.counters.cached_tokens.load()) / queries : 0.0;
  };
  writer.each("vllm:num_preemptions_total", "counter",
              "Times that a running sequence had to start over, for want of cache.",
              [](const ModelState& m) { return m.status ? m.status->preemptions : 0; });
  writer.each("vllm:prompt_tokens_total", "counter", "Prompt tokens of ended sequences.", prompt);
  writer.each("vllm:prompt_tokens_cached_total", "counter",
              "Of these, taken from the prefix cache.", cached);
  writer.each("vllm:generation_tokens_total", "counter", "Generated tokens of ended sequences.",
              [](const ModelState& m) { return m.counters.generation_tokens.load(); });
  writer.each("vllm:prefix_cache_queries_total", "counter",
              "Prompt tokens looked for in the cache.", prompt);
  writer.each("vllm:prefix_cache_hits_total", "counter", "Of these, found.", cached);
  writer.each("vllm:gpu_prefix_cache_queries_total", "counter", "The same under its older name.",
              prompt);
  writer.each("vllm:gpu_prefix_cache_hits_total", "counter", "The same under its older name.",
              cached);
  writer.each("vllm:gpu_prefix_cache_hit_rate", "gauge", "Hits by queries since the start.", rate);
  writer.ends();
}

void write_histograms(Writer& writer) {
  using C = ModelCounters;
  writer.histogram("vllm:time_to_first_token_seconds",
                   "From a sequence's arrival to its first token.", &C::first_token_s);
  constexpr const char* gaps = "Between two pieces of a streamed or gathered answer.";
  writer.histogram("vllm:inter_token_latency_seconds", gaps, &C::between_pieces_s);
  writer.histogram("vllm:time_per_output_token_seconds", gaps, &C::between_pieces_s);
  writer.histogram("vllm:request_time_per_output_token_seconds",
                   "A sequence's mean time for a token after the first.", &C::per_token_s);
  writer.histogram("vllm:e2e_request_latency_seconds", "From a sequence's arrival to its end.",
                   &C::whole_s);
  writer.histogram("vllm:request_queue_time_seconds", "Until a sequence was let in.", &C::queue_s);
  writer.histogram("vllm:request_inference_time_seconds", "From then to the last token.",
                   &C::inference_s);
  writer.histogram("vllm:request_prefill_time_seconds", "From then to the first token.",
                   &C::prefill_s);
  writer.histogram("vllm:request_decode_time_seconds", "From the first token to the last.",
                   &C::decode_s);
  writer.histogram("vllm:request_prompt_tokens", "Tokens of a sequence's prompt.",
                   &C::prompt_lengths);
  writer.histogram("vllm:request_generation_tokens", "Tokens of a sequence's answer.",
                   &C::answer_lengths);
  writer.steps();
}

}  // namespace

void write_vllm_metrics(PrometheusText& text, std::span<const ModelState> models) {
  Writer writer(text, models);
  write_gauges(writer);
  write_counters(writer);
  write_histograms(writer);
}

}  // namespace freehold::server
