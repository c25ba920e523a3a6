// Counts of values by size, as Prometheus' histograms hold them: any thread adds, any thread reads.
// Not a quantile: whoever scrapes computes those.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

namespace freehold::server {

class Histogram {
 public:
  // Upper bounds of the buckets, rising; values above the last one are counted, too. They must
  // outlive the histogram.
  explicit Histogram(std::span<const double> bounds)
      : bounds_(bounds), counts_(bounds.size() + 1, 0) {}

  void add(double value);

  struct Snapshot {
    std::span<const double> bounds;
    std::vector<std::uint64_t> counts;  // of each bucket alone, one more than there are bounds
    double sum = 0;
  };
  Snapshot snapshot() const;

 private:
  const std::span<const double> bounds_;
  mutable std::mutex mutex_;
  std::vector<std::uint64_t> counts_;
  double sum_ = 0;
};

}  // namespace freehold::server
