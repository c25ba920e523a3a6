// One table per instruction set. Not for callers, who ask kernels() (dispatch.cc), because a table
// whose instructions the CPU lacks must not be called.
#pragma once

#include "kernels/kernels.h"

namespace freehold::kernels {

extern const Kernels scalar_kernels;
#if defined(__x86_64__)
extern const Kernels avx2_kernels;
extern const Kernels avxvnni_kernels;
extern const Kernels avx512_kernels;
extern const Kernels avx512bf16_kernels;
#elif defined(__aarch64__)
extern const Kernels neon_kernels;
#endif

// Reading and multiplying weights row by row, which every format can: what is written for eight
// floats at a time, and taken over as it is by a table whose own vectors are longer.
struct RowKernels {
  decltype(Kernels::supports) supports;
  decltype(Kernels::dequantize) dequantize;
  decltype(Kernels::matmul) matmul;
};

#if defined(__x86_64__)
// By name, for a table that is complete before anything runs can hold their addresses.
bool avx2_supports(DType type);
void avx2_dequantize(DType type, const std::byte* blocks, float* out, std::size_t count);
void avx2_matmul(DType type, const std::byte* weights, std::size_t columns, std::size_t row_begin,
                 std::size_t row_end, const float* x, std::size_t x_stride, std::size_t tokens,
                 float* y, std::size_t y_stride);
void avx512bf16_multiply_float_panels(DType type, const std::byte* panels, std::size_t columns,
                                      std::size_t rows, const float* x, std::size_t x_stride,
                                      std::size_t tokens, float* y, std::size_t y_stride);
#endif

// A table that this program was built with, and whether the CPU it runs on can run it.
struct Candidate {
  const Kernels* table;
  bool (*runs)();
};

// In the order of choice.
std::span<const Candidate> candidates();

}  // namespace freehold::kernels
