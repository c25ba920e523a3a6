#include "hub/byte_set.h"

#include <algorithm>

namespace freehold::hub {

void ByteSet::add(ByteRange range) {
  if (range.begin >= range.end) return;
  // Everything that touches the new range melts into it.
  const auto first = std::find_if(ranges_.begin(), ranges_.end(),
                                  [&](const ByteRange& old) { return old.end >= range.begin; });
  auto last = first;
  for (; last != ranges_.end() && last->begin <= range.end; ++last) {
    range.begin = std::min(range.begin, last->begin);
    range.end = std::max(range.end, last->end);
  }
  ranges_.insert(ranges_.erase(first, last), range);
}

std::uint64_t ByteSet::count() const {
  std::uint64_t total = 0;
  for (const ByteRange& range : ranges_) total += range.size();
  return total;
}

bool ByteSet::contains(ByteRange range) const {
  if (range.begin >= range.end) return true;
  return std::any_of(ranges_.begin(), ranges_.end(), [&](const ByteRange& have) {
    return have.begin <= range.begin && have.end >= range.end;
  });
}

ByteRange ByteSet::first_missing(std::uint64_t limit) const {
  std::uint64_t at = 0;
  for (const ByteRange& range : ranges_) {
    if (range.begin > at) return {at, std::min(range.begin, limit)};
    at = range.end;
  }
  return {std::min(at, limit), limit};
}

}  // namespace freehold::hub
