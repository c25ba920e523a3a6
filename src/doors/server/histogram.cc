#include "server/histogram.h"

#include <algorithm>

namespace freehold::server {

void Histogram::add(double value) {
  const auto bound = std::ranges::lower_bound(bounds_, value);
  const std::lock_guard lock(mutex_);
  ++counts_[static_cast<std::size_t>(bound - bounds_.begin())];
  sum_ += value;
}

Histogram::Snapshot Histogram::snapshot() const {
  const std::lock_guard lock(mutex_);
  return {bounds_, counts_, sum_};
}

}  // namespace freehold::server
