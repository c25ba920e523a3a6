// Seeded random numbers that are the same on every machine. Not for secrets.
#pragma once

#include <array>
#include <cstdint>

namespace freehold {

// xoshiro256** (Blackman and Vigna, 2018), seeded through splitmix64.
class Random {
 public:
  explicit Random(std::uint64_t seed);

  std::uint64_t next();                      // uniform over 64 bits
  double uniform();                          // in [0, 1), 53 bits
  std::uint64_t below(std::uint64_t bound);  // in [0, bound), without bias; bound > 0

  // A seed from the operating system.
  static std::uint64_t fresh_seed();

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace freehold
