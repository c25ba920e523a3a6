// Two schemas that must hold together as one: what allOf means. Not for keywords whose
// conjunction has no single schema: those are errors.
#pragma once

#include <string>

#include "freehold/result.h"
#include "freehold/value.h"

namespace freehold::grammar {

// Both must be objects. The message of an error has no place in it yet.
Result<Value> merged(const Value& a, const Value& b);

}  // namespace freehold::grammar
