// A set of bytes. Not of characters: those are sequences of byte sets (code_points.h).
#pragma once

#include <array>
#include <cstdint>

namespace freehold::grammar {

class ByteSet {
 public:
  static ByteSet range(unsigned low, unsigned high) {
    ByteSet set;
    for (unsigned byte = low; byte <= high; ++byte) set.add(byte);
    return set;
  }

  void add(unsigned byte) { words_[byte >> 6] |= std::uint64_t{1} << (byte & 63); }
  bool has(unsigned byte) const { return (words_[byte >> 6] >> (byte & 63) & 1) != 0; }
  bool operator==(const ByteSet&) const = default;

 private:
  std::array<std::uint64_t, 4> words_{};
};

}  // namespace freehold::grammar
