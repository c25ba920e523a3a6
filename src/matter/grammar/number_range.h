// Numbers between bounds, and multiples, as automata over their decimal digits: a comparison of
// numbers is one of their digits, from the left.
#pragma once

#include <cstdint>
#include <optional>

#include "freehold/result.h"
#include "grammar/nodes.h"

namespace freehold::grammar {

struct Bound {
  double value;
  bool exclusive;
};

struct NumberRange {
  std::optional<Bound> low;
  std::optional<Bound> high;
  std::optional<double> multiple_of;
  bool whole = false;
};

// At most 18 digits before the point, and behind it 18, or as many as the bounds and the multiple
// have; no exponent. `invalid` for bounds and multiples that have too many digits.
Result<NodeId> numbers_in(Nodes& nodes, const NumberRange& range);

}  // namespace freehold::grammar
