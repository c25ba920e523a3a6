// One table per instruction set. Not for callers, who ask kernels() (dispatch.cc), because a table
// whose instructions the CPU lacks must not be called.
#pragma once

#include "kernels/kernels.h"

namespace freehold::kernels {

extern const Kernels scalar_kernels;
extern const Kernels avx2_kernels;

}  // namespace freehold::kernels
