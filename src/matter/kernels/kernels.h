// The table of arithmetic that every instruction set provides. No allocation, no threads, no files;
// callers split work over rows or tokens. Every function gives the same bits for one token whether
// it is alone in the call or one of many (batch invariance), so that an answer never depends on
// what else is running. Weights and caches may lie at any address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tensor/dtype.h"
#include "tensor/kv_type.h"

namespace freehold::kernels {

// --- attention ------------------------------------------------------------------------------
// The cache of one key-value head in one chunk of positions: block i holds the 32 positions from
// 32 i on, counted from the chunk's first, as tensor/kv_type.h lays them out. Blocks are whole: all
// their positions may be read, whatever is in them. Blocks that no query sees are not looked at.
struct HeadBlocks {
  KvType type;
  const std::byte* const* keys;    // (attention_chunk / 32)
  const std::byte* const* values;  // the same
};

// Queries of neighbouring positions, of all heads that share one key-value head. The query at
// position p sees positions (p - window, p], or all up to p when window is 0.
struct QueryTile {
  const float* q;          // (rows, heads, head_dim), rows row_stride floats apart
  std::size_t rows;        //
  std::size_t heads;       //
  std::size_t row_stride;  //
  std::size_t position;    // of the first row; the next rows follow it
  std::size_t window;
  std::size_t head_dim;
  float scale;  // of a score, before the softmax
};

// Positions are attended to in chunks [512 i, 512 i + 512), each with a softmax of its own, which
// are merged in ascending order. Where chunks begin depends on nothing else, so neither does the
// order of any sum.
inline constexpr std::size_t attention_chunk = 512;

// What attend_chunk needs for `queries` = rows * heads.
constexpr std::size_t attention_scratch_floats(std::size_t queries, std::size_t head_dim) {
  const std::size_t padded = (head_dim + 15) / 16 * 16;
  return 16 + (2 * queries + kv_block_positions) * padded + (queries + 2) * attention_chunk +
         queries;
}

// Of one token's 256 columns: 256 codes, 8 scales, and sums over 32 and over 16 columns.
constexpr std::size_t activation_step_columns = 256;
constexpr std::size_t activation_step_bytes = 416;

struct Kernels {
  const char* name;  // "scalar", "avx2", "avxvnni", "avx512vnni", "avx512bf16", "neon"

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

  // The same of columns begin..end of `columns`, into that token's records from its first on: begin
  // is a multiple of 32, and so is end unless it is the last, after which records are zero.
  void (*quantize_part)(const float* x,  // (end - begin)
                        std::size_t begin, std::size_t end, std::size_t columns, std::byte* out,
                        std::size_t step_stride);

  // y[t, r] = sum over c of weights[r, c] * x[t, c] for the first `rows` rows of the panels, summed
  // in whole numbers over 32 columns and in float32 over those sums. Uses at most 80 KiB of stack.
  void (*multiply_panels)(DType type, const std::byte* panels, std::size_t columns,
                          std::size_t rows,
                          const std::byte* x,  // records of `tokens` tokens, contiguous; the next
                          std::size_t step_stride,  // 256 columns step_stride bytes further on
                          std::size_t tokens,
                          float* y,  // (tokens, rows), rows y_stride floats apart
                          std::size_t y_stride);

  // The same with plain weights and activations as they are, all in float32; but where
  // rounds_to_bf16 says so, activations that meet BF16 weights are rounded to BF16 first.
  void (*multiply_float_panels)(DType type, const std::byte* panels, std::size_t columns,
                                std::size_t rows,
                                const float* x,  // (tokens, columns), rows x_stride floats apart
                                std::size_t x_stride, std::size_t tokens, float* y,
                                std::size_t y_stride);
  bool rounds_to_bf16;

  // out[i] = x[i] / sqrt(mean(x²) + epsilon) * weight[i]; out may be x.
  void (*rms_norm)(const float* x, const float* weight, float epsilon, float* out,
                   std::size_t count);

  // Rotates the first 2 * pairs elements of one head in place; cosine and sine are (pairs).
  // half: element i pairs with i + pairs (NeoX); adjacent: 2i pairs with 2i + 1.
  void (*rotate_half)(float* x, const float* cosine, const float* sine, std::size_t pairs);
  void (*rotate_adjacent)(float* x, const float* cosine, const float* sine, std::size_t pairs);

  // Every query over what it sees of one chunk: mixed = sum_p e^(s_p - m) v_p, and softmax = (m,
  // sum_p e^(s_p - m)), where s_p = scale * q·k_p and m is the greatest of them. A query that sees
  // nothing of the chunk gets the sum 0.
  void (*attend_chunk)(const QueryTile& tile, const HeadBlocks& cache, std::size_t chunk,
                       float* scratch,   // (attention_scratch_floats)
                       float* mixed,     // (rows, heads, head_dim)
                       float* softmax);  // (rows, heads, 2)

  // Adds one query's result for one chunk to that for the chunks before it; before the first,
  // softmax_sum is (-infinity, 0) and mixed_sum is zero.
  void (*merge_chunk)(const float* mixed, const float* softmax, float* mixed_sum,
                      float* softmax_sum, std::size_t head_dim);

  // A key or value into its place in the cache: rounded to nearest even, for int8 in steps of a
  // 127th of its greatest element.
  void (*store_kv)(KvType type, const float* x,  // (head_dim)
                   std::byte* block, std::size_t position, std::size_t head_dim);

  void (*silu_multiply)(const float* gate, const float* up, float* out, std::size_t count);
  void (*gelu_tanh_multiply)(const float* gate, const float* up, float* out, std::size_t count);
  void (*softmax)(float* x, std::size_t count);  // in place
  // out[i] = e^((x[i] - greatest) * factor); returns their sum; out may be x.
  float (*exponentials)(const float* x, float greatest, float factor, float* out,
                        std::size_t count);
  void (*add)(const float* x, float* sum, std::size_t count);                      // sum += x
  void (*add_scaled)(const float* x, float scale, float* sum, std::size_t count);  // sum += scale*x

  // The instruction set's own limits, for measuring: reads memory in order; multiplies and adds
  // bytes or floats in registers and returns the operations done (two for each product).
  void (*probe_read)(const std::byte* data, std::size_t bytes);
  std::uint64_t (*probe_int8)(std::size_t rounds);
  std::uint64_t (*probe_fp32)(std::size_t rounds);
};

// The table that is chosen, once, at first use: what settle_kernels asked for, else the first of
// available_kernels(). FREEHOLD_KERNELS=NAME forces one (an unknown or impossible name ends the
// process with exit code 3 and the list of possible ones).
const Kernels& kernels();

// Makes the choice now, for `wanted` (one of available_kernels()) unless the environment forces
// another or a choice was made before. Returns what is chosen.
const Kernels& settle_kernels(const Kernels& wanted);

bool kernels_are_forced();  // by FREEHOLD_KERNELS

// Every table this CPU can run, first the one to take where none was measured, scalar last.
std::span<const Kernels* const> available_kernels();

}  // namespace freehold::kernels
