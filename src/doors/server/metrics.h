// What the server counts of every model, and tells in Prometheus' text format under the names that
// schedulers scrape: vLLM's, of both generations, and llama.cpp's. What only the engine knows comes
// from Generator::status().
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "freehold/generator.h"
#include "server/histogram.h"

namespace freehold::server {

// Bounds of vLLM's histograms, so that its dashboards and alerts fit.
struct MetricBounds {
  static const std::span<const double> first_token_s;
  static const std::span<const double> token_s;
  static const std::span<const double> request_s;
  static const std::span<const double> tokens;
};

struct ModelCounters {
  // Sequences of this server, for generators that do not tell their state.
  std::atomic<std::int64_t> running{0};  // past their first token
  std::atomic<std::int64_t> waiting{0};  // queued or reading their prompt
  std::atomic<std::uint64_t> prompt_tokens{0};
  std::atomic<std::uint64_t> cached_tokens{0};
  std::atomic<std::uint64_t> generation_tokens{0};
  std::atomic<std::uint64_t> stopped{0};
  std::atomic<std::uint64_t> reached_length{0};
  std::atomic<std::uint64_t> aborted{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> longest{0};  // tokens of the longest sequence, prompt and answer

  Histogram first_token_s{MetricBounds::first_token_s};
  Histogram between_pieces_s{MetricBounds::token_s};  // as they are told, mostly a token each
  Histogram per_token_s{MetricBounds::token_s};       // a sequence's mean
  Histogram whole_s{MetricBounds::request_s};
  Histogram queue_s{MetricBounds::request_s};
  Histogram inference_s{MetricBounds::request_s};
  Histogram prefill_s{MetricBounds::request_s};
  Histogram decode_s{MetricBounds::request_s};
  Histogram prompt_lengths{MetricBounds::tokens};
  Histogram answer_lengths{MetricBounds::tokens};

  // A sequence ended by itself, `seconds` after it was asked for.
  void count_end(const Outcome& outcome, double seconds);
};

class Metrics {
 public:
  ModelCounters& model(const std::string& name);  // stays valid as long as this
  // Sequences under way in all models.
  std::int64_t load() const;
  // Whoever is in `generators` is asked for its state.
  std::string to_prometheus(const std::vector<Generator*>& generators) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<ModelCounters>> models_;
};

}  // namespace freehold::server
