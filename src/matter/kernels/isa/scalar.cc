// The table that every CPU can run.
// clang-format off: the arithmetic is written in the words of the vocabulary before it
#include "kernels/isa/tables.h"
#include "kernels/vec/scalar.h"
#include "kernels/generic/table.inl.h"
#include "kernels/generic/matmul.inl.h"
// clang-format on

namespace freehold::kernels {

constinit const Kernels scalar_kernels = table("scalar", row_kernels);

}  // namespace freehold::kernels
