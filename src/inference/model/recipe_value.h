// A recipe as a JSON-shaped value, every field of it: for people (`inspect`, failing tests). Not a
// file format: recipes are always read anew from the model's own keys.
#pragma once

#include "freehold/value.h"
#include "model/recipe.h"

namespace freehold::model {

Value to_value(const Recipe& recipe);

}  // namespace freehold::model
