// The table of arithmetic that every instruction set provides. No allocation, no threads, no files;
// callers split work over rows or tokens. Every function gives the same bits for one token whether
// it is alone in the call or one of many (batch invariance), so that an answer never depends on
// what else is running. Weights and caches may lie at any address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tensor/dtype.h"

namespace freehold::kernels {

// Keys or values of one head, in blocks of positions as the paged cache lays them out.
struct HeadBlocks {
  DType type;                     // f32, f16 or bf16
  const std::byte* const* block;  // block[i]: (block_positions, head_dim), contiguous
  std::size_t block_positions;
};

// Of one token's 256 columns: 256 codes, 8 scales, and sums over 32 and over 16 columns.
constexpr std::size_t activation_step_columns = 256;
constexpr std::size_t activation_step_bytes = 384;

struct Kernels {
  const char* name;  // "scalar", "avx2", "avx512vnni", "neon"

  // Whether matmul and dequantize take weights of this type.
  bool (*supports)(DType type);

  // count elements, whole blocks; bit-exact to the published block definition (of not-a-numbers,
  // only that they are).
  void (*dequantize)(DType type, const std::byte* blocks, float* out, std::size_t count);

  // y[t, r] = sum over c of weights[r, c] * x[t, c], for rows row_begin..row_end and all tokens, in
  // float32. Uses 16 KiB of stack.
  void (*matmul)(DType type,
                 const std::byte* weights,  // (rows, columns), rows contiguous
                 std::size_t columns, std::size_t row_begin, std::size_t row_end,
                 const float* x,  // (tokens, columns), rows x_stride floats apart
                 std::size_t x_stride, std::size_t tokens,
                 float* y,  // (tokens, rows), rows y_stride floats apart
                 std::size_t y_stride);

  // ---- weights in panels: panel_rows rows side by side, in the order in which they are read
  // ------

  std::size_t panel_rows;  // rows to a panel; the last panel is filled up with zeros

  // Whether weights of this type have a packed form, multiplied with records of activations
  // (quantized types) or with floats (plain types); the others are multiplied by matmul.
  bool (*has_panels)(DType type);
  bool (*has_float_panels)(DType type);

  // Packs up to panel_rows rows; takes panel_rows times the bytes of a row. Lossless.
  void (*pack_panel)(DType type,
                     const std::byte* weights,  // (rows, columns), rows contiguous
                     std::size_t rows, std::size_t columns, std::byte* panel);

  // One token's activations as signed bytes with a scale for each 32: a record of
  // activation_step_bytes for each 256 columns, records step_stride bytes apart, 64-byte aligned.
  // A block of columns that holds something not finite makes every product with it undefined.
  void (*quantize)(const float* x, std::size_t columns, std::byte* out, std::size_t step_stride);

  // y[t, r] = sum over c of weights[r, c] * x[t, c] for the first `rows` rows of the panels, summed
  // in whole numbers over 32 columns and in float32 over those sums. Uses 40 KiB of stack.
  void (*multiply_panels)(DType type, const std::byte* panels, std::size_t columns,
                          std::size_t rows,
                          const std::byte* x,  // records of `tokens` tokens, contiguous; the next
                          std::size_t step_stride,  // 256 columns step_stride bytes further on
                          std::size_t tokens,
                          float* y,  // (tokens, rows), rows y_stride floats apart
                          std::size_t y_stride);

  // The same with plain weights and activations as they are, all in float32.
  void (*multiply_float_panels)(DType type, const std::byte* panels, std::size_t columns,
                                std::size_t rows,
                                const float* x,  // (tokens, columns), rows x_stride floats apart
                                std::size_t x_stride, std::size_t tokens, float* y,
                                std::size_t y_stride);

  // out[i] = x[i] / sqrt(mean(x²) + epsilon) * weight[i]; out may be x.
  void (*rms_norm)(const float* x, const float* weight, float epsilon, float* out,
                   std::size_t count);

  // Rotates the first 2 * pairs elements of one head in place; cosine and sine are (pairs).
  // half: element i pairs with i + pairs (NeoX); adjacent: 2i pairs with 2i + 1.
  void (*rotate_half)(float* x, const float* cosine, const float* sine, std::size_t pairs);
  void (*rotate_adjacent)(float* x, const float* cosine, const float* sine, std::size_t pairs);

  // One query of one head over positions [begin, end):
  // out = sum_p softmax_p(scale * q·k_p) v_p, the softmax computed around its maximum.
  void (*attend)(const float* q,  // (head_dim)
                 const HeadBlocks& keys, const HeadBlocks& values, std::size_t begin,
                 std::size_t end, std::size_t head_dim, float scale,
                 float* scores,  // scratch (end - begin)
                 float* out);    // (head_dim)

  void (*silu_multiply)(const float* gate, const float* up, float* out, std::size_t count);
  void (*gelu_tanh_multiply)(const float* gate, const float* up, float* out, std::size_t count);
  void (*softmax)(float* x, std::size_t count);                                    // in place
  void (*add)(const float* x, float* sum, std::size_t count);                      // sum += x
  void (*add_scaled)(const float* x, float scale, float* sum, std::size_t count);  // sum += scale*x

  // Plain conversions for the key-value cache; type is f32, f16 or bf16 (round to nearest even).
  void (*store)(DType type, const float* x, std::byte* out, std::size_t count);

  // The instruction set's own limits, for measuring: reads memory in order; multiplies and adds
  // bytes or floats in registers and returns the operations done (two for each product).
  void (*probe_read)(const std::byte* data, std::size_t bytes);
  std::uint64_t (*probe_int8)(std::size_t rounds);
  std::uint64_t (*probe_fp32)(std::size_t rounds);
};

// The best table this CPU can run; FREEHOLD_KERNELS=NAME forces one (an unknown or
// impossible name ends the process with exit code 3 and the list of possible ones).
const Kernels& kernels();

// Every table this CPU can run, best first: for tests and `doctor`.
std::span<const Kernels* const> available_kernels();

}  // namespace freehold::kernels
