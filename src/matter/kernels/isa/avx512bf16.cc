// What CPUs with AVX-512 BF16 do otherwise than those of isa/avx512.cc, which makes a table of it:
// products of BF16 weights (compiled with those flags: cmake/rooms.cmake).
// clang-format off: the arithmetic is written in the words of the vocabulary before it
#include "kernels/isa/tables.h"
#include "kernels/vec/avx512bf16.h"
#include "kernels/generic/table.inl.h"
#include "kernels/generic/bf16_panels.inl.h"
// clang-format on

namespace freehold::kernels {

void avx512bf16_multiply_float_panels(DType type, const std::byte* panels, std::size_t columns,
                                      std::size_t rows, const float* x, std::size_t x_stride,
                                      std::size_t tokens, float* y, std::size_t y_stride) {
  if (type == DType::bf16) {
    multiply_bf16_panels(panels, columns, rows, x, x_stride, tokens, y, y_stride);
  } else {
    multiply_float_panels(type, panels, columns, rows, x, x_stride, tokens, y, y_stride);
  }
}

}  // namespace freehold::kernels
