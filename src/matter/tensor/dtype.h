// Element types of weights: what they are called, how they are numbered in GGUF, how many bytes a
// block of them takes. Not their arithmetic (kernels) and not their byte layout (tensor/blocks.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace freehold {

// Every type published for GGUF (numbers as in the specification) and for safetensors; the last two
// are what quantized checkpoints of safetensors become (model/quantized_matrix.h): in no file.
// clang-format off
enum class DType : std::uint8_t {
  f32, f16, bf16, f64, i8, i16, i32, i64, u8, u16, u32, u64, boolean, f8_e4m3, f8_e5m2,
  f8_e4m3fnuz, f8_e5m2fnuz, f8_e8m0, f6_e2m3, f6_e3m2, f4, c64,
  q4_0, q4_1, q5_0, q5_1, q8_0, q8_1,
  q2_k, q3_k, q4_k, q5_k, q6_k, q8_k,
  iq1_s, iq1_m, iq2_xxs, iq2_xs, iq2_s, iq3_xxs, iq3_s, iq4_nl, iq4_xs,
  tq1_0, tq2_0, mxfp4, nvfp4, q1_0, q2_0,
  int4_zero, int8_float,
};
// clang-format on

struct DTypeTraits {
  DType type;
  std::string_view name;              // as GGUF tools print it: "Q4_K", "BF16"
  std::string_view safetensors_name;  // "" when safetensors has no such type
  std::int32_t gguf_id;               // -1 when GGUF has no such type
  std::uint32_t block_elements;       // 1 for plain types
  std::uint32_t block_bytes;
};

const DTypeTraits& traits(DType type);
std::optional<DType> dtype_from_gguf(std::uint32_t id);
std::optional<DType> dtype_from_safetensors(std::string_view name);

// Bytes of `elements` consecutive elements; elements must fill whole blocks and the product must
// not overflow, else nothing.
std::optional<std::uint64_t> bytes_of(DType type, std::uint64_t elements);

}  // namespace freehold
