// The table for CPUs with AVX-VNNI besides AVX2 (compiled with those flags: cmake/rooms.cmake).
// Rows are read with the functions of AVX2: bytes are not multiplied there.
// clang-format off: the arithmetic is written in the words of the vocabulary before it
#include "kernels/isa/tables.h"
#include "kernels/vec/avxvnni.h"
#include "kernels/generic/table.inl.h"
// clang-format on

namespace freehold::kernels {

constinit const Kernels avxvnni_kernels =
    table("avxvnni", {avx2_supports, avx2_dequantize, avx2_matmul});

}  // namespace freehold::kernels
