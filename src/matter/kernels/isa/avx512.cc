// The tables for CPUs with AVX-512 F, BW, DQ, VL and VNNI (compiled with those flags:
// cmake/rooms.cmake), one of them for those that multiply BF16 too. Rows are read with the
// functions of AVX2, which these CPUs have too: formats are published in eights, and rows are what
// is not multiplied often.
// clang-format off: the arithmetic is written in the words of the vocabulary before it
#include "kernels/isa/tables.h"
#include "kernels/vec/avx512.h"
#include "kernels/generic/table.inl.h"
// clang-format on

namespace freehold::kernels {
namespace {

constexpr RowKernels rows_of_avx2 = {avx2_supports, avx2_dequantize, avx2_matmul};

constexpr Kernels with_bf16_products() {
  Kernels result = table("avx512bf16", rows_of_avx2);
  result.multiply_float_panels = avx512bf16_multiply_float_panels;
  result.rounds_to_bf16 = true;
  return result;
}

}  // namespace

constinit const Kernels avx512_kernels = table("avx512vnni", rows_of_avx2);
constinit const Kernels avx512bf16_kernels = with_bf16_products();

}  // namespace freehold::kernels
