// The table for CPUs with AVX2, FMA, F16C and BMI2 (compiled with those flags: cmake/rooms.cmake).
// clang-format off: the arithmetic is written in the words of the vocabulary before it
#include "kernels/isa/tables.h"
#include "kernels/vec/avx2.h"
#include "kernels/generic/table.inl.h"
// clang-format on

namespace freehold::kernels {

constinit const Kernels avx2_kernels = table("avx2");

}  // namespace freehold::kernels
