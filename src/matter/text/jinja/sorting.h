// A stable sort whose order may fail: values of different types have none.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "freehold/result.h"

namespace freehold::text::jinja {

// Merge sort, bottom up. `before(a, b)` returns Result<bool>; its first error ends the sort.
template <class T, class Before>
Result<void> sort_by(std::vector<T>& items, Before before) {
  std::vector<T> merged;
  for (std::size_t width = 1; width < items.size(); width *= 2) {
    merged.clear();
    merged.reserve(items.size());
    for (std::size_t begin = 0; begin < items.size(); begin += 2 * width) {
      std::size_t left = begin;
      const std::size_t middle = std::min(begin + width, items.size());
      std::size_t right = middle;
      const std::size_t end = std::min(begin + 2 * width, items.size());
      while (left < middle || right < end) {
        const bool takes_right =
            left == middle || (right < end && TRY(before(items[right], items[left])));
        merged.push_back(std::move(items[takes_right ? right++ : left++]));
      }
    }
    items.swap(merged);
  }
  return {};
}

}  // namespace freehold::text::jinja
