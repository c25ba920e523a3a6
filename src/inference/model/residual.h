// The residual stream between the slots of the layers. What the last slot made is added to it, and
// it is normed for the next one, token by token while it is in the first-level cache: a region of
// its own for many tokens, the caller's work for few.
#pragma once

#include "model/pass.h"

namespace freehold::model {

// What is added to a token's residual before it is normed.
struct Addend {
  enum class Kind { embedding, slot, experts };
  Kind kind;
  const Matrix* embedding = nullptr;  // the residual becomes the token's row of it
  const Vector* bias = nullptr;       // of the slot's last product
};

// Makes pass.input for the next slot, in these forms.
void enter_slot(Pass& pass, const Addend& addend, const Vector& norm, Forms forms);

// After the last attention only the rows whose logits are wanted go on: they move to the front, and
// pass.tokens is their number.
void keep_wanted(Pass& pass);

}  // namespace freehold::model
