// What the server counts, in Prometheus' text format under the names that schedulers scrape.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "freehold/generator.h"

namespace freehold::server {

struct ModelCounters {
  std::atomic<std::int64_t> running{0};  // past their first token
  std::atomic<std::int64_t> waiting{0};  // queued or reading their prompt
  std::atomic<std::uint64_t> prompt_tokens{0};
  std::atomic<std::uint64_t> cached_tokens{0};
  std::atomic<std::uint64_t> generation_tokens{0};
  std::atomic<std::uint64_t> stopped{0};
  std::atomic<std::uint64_t> reached_length{0};
  std::atomic<std::uint64_t> aborted{0};
};

class Metrics {
 public:
  ModelCounters& model(const std::string& name);  // stays valid as long as this
  std::string to_prometheus() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<ModelCounters>> models_;
};

}  // namespace freehold::server
