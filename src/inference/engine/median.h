// The middle of measured values; of an even number the mean of the two in the middle. Not for empty
// lists.
#pragma once

#include <algorithm>
#include <vector>

#include "freehold/result.h"

namespace freehold::engine {

inline double median(std::vector<double> values) {
  CHECK(!values.empty());
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace freehold::engine
