// Which bytes of a file are there: sorted half-open ranges that neither touch nor overlap.
#pragma once

#include <cstdint>
#include <vector>

namespace freehold::hub {

struct ByteRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;  // exclusive
  std::uint64_t size() const { return end - begin; }
  bool operator==(const ByteRange&) const = default;
};

class ByteSet {
 public:
  void add(ByteRange range);
  void clear() { ranges_.clear(); }
  std::uint64_t count() const;
  bool contains(ByteRange range) const;
  // The first range of [0, limit) that is not there; empty when all of it is.
  ByteRange first_missing(std::uint64_t limit) const;
  const std::vector<ByteRange>& ranges() const { return ranges_; }

 private:
  std::vector<ByteRange> ranges_;
};

}  // namespace freehold::hub
