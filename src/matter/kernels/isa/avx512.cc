// The table for CPUs with AVX-512 F, BW, DQ, VL and VNNI (compiled with those flags:
// cmake/rooms.cmake). Rows are read with the functions of AVX2, which these CPUs have too: formats
// are published in eights, and rows are what is not multiplied often.
// clang-format off: the arithmetic is written in the words of the vocabulary before it
#include "kernels/isa/tables.h"
#include "kernels/vec/avx512.h"
#include "kernels/generic/table.inl.h"
// clang-format on

namespace freehold::kernels {

constinit const Kernels avx512_kernels =
    table("avx512vnni", {avx2_supports, avx2_dequantize, avx2_matmul});

}  // namespace freehold::kernels
