// Rotary position embedding: the angles by which queries and keys are turned at a position, with
// every scaling that stretches them. Not the turning itself (kernels).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/recipe.h"

namespace freehold::model {

// The angle a pair turns by per position: (rope.dimensions / 2) of them. `length` matters to
// dynamic NTK alone: the length of the sequence as it is when the token is computed.
std::vector<double> rope_frequencies(const Rope& rope, std::uint64_t length);

// Cosines and sines, computed when asked for.
class RopeAngles {
 public:
  // `factors`: what the checkpoint divides its frequencies by, (pairs), or empty.
  RopeAngles(const Rope& rope, std::span<const float> factors);

  std::size_t pairs() const { return frequencies_.size(); }
  // Of the token at `position` in a sequence of `length` tokens; cosine and sine are (pairs).
  void at(std::uint32_t position, std::uint64_t length, std::span<float> cosine,
          std::span<float> sine);

 private:
  void stretch(std::uint64_t length);

  Rope rope_;
  std::vector<float> factors_;
  std::vector<double> frequencies_;
  std::uint64_t length_ = 0;  // that the frequencies are for
};

}  // namespace freehold::model
