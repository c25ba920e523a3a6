// The table for 64-bit Arm with dot products (compiled with those flags: cmake/rooms.cmake).
// clang-format off: the arithmetic is written in the words of the vocabulary before it
#include "kernels/isa/tables.h"
#include "kernels/vec/neon.h"
#include "kernels/generic/table.inl.h"
#include "kernels/generic/matmul.inl.h"
// clang-format on

namespace freehold::kernels {

constinit const Kernels neon_kernels = table("neon", row_kernels);

}  // namespace freehold::kernels
