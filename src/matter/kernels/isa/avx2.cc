// The table for CPUs with AVX2, FMA, F16C and BMI2 (compiled with those flags: cmake/rooms.cmake).
// clang-format off: the arithmetic is written in the words of the vocabulary before it
#include "kernels/isa/tables.h"
#include "kernels/vec/avx2.h"
#include "kernels/generic/table.inl.h"
#include "kernels/generic/matmul.inl.h"
// clang-format on

namespace freehold::kernels {

constinit const Kernels avx2_kernels = table("avx2", row_kernels);

bool avx2_supports(DType type) {
  return supports(type);
}

void avx2_dequantize(DType type, const std::byte* blocks, float* out, std::size_t count) {
  dequantize(type, blocks, out, count);
}

void avx2_matmul(DType type, const std::byte* weights, std::size_t columns, std::size_t row_begin,
                 std::size_t row_end, const float* x, std::size_t x_stride, std::size_t tokens,
                 float* y, std::size_t y_stride) {
  matmul(type, weights, columns, row_begin, row_end, x, x_stride, tokens, y, y_stride);
}

}  // namespace freehold::kernels
