#include "tensor/dtype.h"

#include <array>
#include <limits>

#include "freehold/result.h"

namespace freehold {
namespace {

constexpr std::int32_t no_gguf = -1;

// In the order of the enumeration. GGUF's numbers 4, 5, 31–33 and 36–38 belonged to types that were
// withdrawn (Q4_2, Q4_3, and Q4_0 and IQ4_NL repacked for certain CPUs), so they are unknown on
// purpose. Q8_1 and Q8_K hold activations while a model runs; Q2_0 is the published block of 64.
// clang-format off
constexpr std::array table = {
    //            type                name        safetensors    GGUF     block: elements, bytes
    DTypeTraits{DType::f32,         "F32",         "F32",              0,   1,   4},
    DTypeTraits{DType::f16,         "F16",         "F16",              1,   1,   2},
    DTypeTraits{DType::bf16,        "BF16",        "BF16",            30,   1,   2},
    DTypeTraits{DType::f64,         "F64",         "F64",             28,   1,   8},
    DTypeTraits{DType::i8,          "I8",          "I8",              24,   1,   1},
    DTypeTraits{DType::i16,         "I16",         "I16",             25,   1,   2},
    DTypeTraits{DType::i32,         "I32",         "I32",             26,   1,   4},
    DTypeTraits{DType::i64,         "I64",         "I64",             27,   1,   8},
    DTypeTraits{DType::u8,          "U8",          "U8",         no_gguf,   1,   1},
    DTypeTraits{DType::u16,         "U16",         "U16",        no_gguf,   1,   2},
    DTypeTraits{DType::u32,         "U32",         "U32",        no_gguf,   1,   4},
    DTypeTraits{DType::u64,         "U64",         "U64",        no_gguf,   1,   8},
    DTypeTraits{DType::boolean,     "BOOL",        "BOOL",       no_gguf,   1,   1},
    DTypeTraits{DType::f8_e4m3,     "F8_E4M3",     "F8_E4M3",    no_gguf,   1,   1},
    DTypeTraits{DType::f8_e5m2,     "F8_E5M2",     "F8_E5M2",    no_gguf,   1,   1},
    DTypeTraits{DType::f8_e4m3fnuz, "F8_E4M3FNUZ", "F8_E4M3FNUZ", no_gguf,  1,   1},
    DTypeTraits{DType::f8_e5m2fnuz, "F8_E5M2FNUZ", "F8_E5M2FNUZ", no_gguf,  1,   1},
    DTypeTraits{DType::f8_e8m0,     "F8_E8M0",     "F8_E8M0",    no_gguf,   1,   1},
    DTypeTraits{DType::f6_e2m3,     "F6_E2M3",     "F6_E2M3",    no_gguf,   4,   3},
    DTypeTraits{DType::f6_e3m2,     "F6_E3M2",     "F6_E3M2",    no_gguf,   4,   3},
    DTypeTraits{DType::f4,          "F4",          "F4",         no_gguf,   2,   1},
    DTypeTraits{DType::c64,         "C64",         "C64",        no_gguf,   1,   8},
    DTypeTraits{DType::q4_0,        "Q4_0",        "",                 2,  32,  18},
    DTypeTraits{DType::q4_1,        "Q4_1",        "",                 3,  32,  20},
    DTypeTraits{DType::q5_0,        "Q5_0",        "",                 6,  32,  22},
    DTypeTraits{DType::q5_1,        "Q5_1",        "",                 7,  32,  24},
    DTypeTraits{DType::q8_0,        "Q8_0",        "",                 8,  32,  34},
    DTypeTraits{DType::q8_1,        "Q8_1",        "",                 9,  32,  36},
    DTypeTraits{DType::q2_k,        "Q2_K",        "",                10, 256,  84},
    DTypeTraits{DType::q3_k,        "Q3_K",        "",                11, 256, 110},
    DTypeTraits{DType::q4_k,        "Q4_K",        "",                12, 256, 144},
    DTypeTraits{DType::q5_k,        "Q5_K",        "",                13, 256, 176},
    DTypeTraits{DType::q6_k,        "Q6_K",        "",                14, 256, 210},
    DTypeTraits{DType::q8_k,        "Q8_K",        "",                15, 256, 292},
    DTypeTraits{DType::iq1_s,       "IQ1_S",       "",                19, 256,  50},
    DTypeTraits{DType::iq1_m,       "IQ1_M",       "",                29, 256,  56},
    DTypeTraits{DType::iq2_xxs,     "IQ2_XXS",     "",                16, 256,  66},
    DTypeTraits{DType::iq2_xs,      "IQ2_XS",      "",                17, 256,  74},
    DTypeTraits{DType::iq2_s,       "IQ2_S",       "",                22, 256,  82},
    DTypeTraits{DType::iq3_xxs,     "IQ3_XXS",     "",                18, 256,  98},
    DTypeTraits{DType::iq3_s,       "IQ3_S",       "",                21, 256, 110},
    DTypeTraits{DType::iq4_nl,      "IQ4_NL",      "",                20,  32,  18},
    DTypeTraits{DType::iq4_xs,      "IQ4_XS",      "",                23, 256, 136},
    DTypeTraits{DType::tq1_0,       "TQ1_0",       "",                34, 256,  54},
    DTypeTraits{DType::tq2_0,       "TQ2_0",       "",                35, 256,  66},
    DTypeTraits{DType::mxfp4,       "MXFP4",       "",                39,  32,  17},
    DTypeTraits{DType::nvfp4,       "NVFP4",       "",                40,  64,  36},
    DTypeTraits{DType::q1_0,        "Q1_0",        "",                41, 128,  18},
    DTypeTraits{DType::q2_0,        "Q2_0",        "",                42,  64,  18},
    DTypeTraits{DType::int4_zero,   "INT4_ZERO",   "",           no_gguf,  32,  20},
    DTypeTraits{DType::int8_float,  "INT8_FLOAT",  "",           no_gguf,  32,  36},
};
// clang-format on

constexpr bool in_the_order_of_the_enumeration() {
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (static_cast<std::size_t>(table[i].type) != i) return false;
  }
  return static_cast<std::size_t>(DType::int8_float) + 1 == table.size();
}
static_assert(in_the_order_of_the_enumeration());

}  // namespace

const DTypeTraits& traits(DType type) {
  const auto index = static_cast<std::size_t>(type);
  CHECK(index < table.size());
  return table[index];
}

std::optional<DType> dtype_from_gguf(std::uint32_t id) {
  for (const DTypeTraits& row : table) {
    if (row.gguf_id != no_gguf && static_cast<std::uint32_t>(row.gguf_id) == id) return row.type;
  }
  return std::nullopt;
}

std::optional<DType> dtype_from_safetensors(std::string_view name) {
  if (name.empty()) return std::nullopt;
  for (const DTypeTraits& row : table) {
    if (row.safetensors_name == name) return row.type;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> bytes_of(DType type, std::uint64_t elements) {
  const DTypeTraits& row = traits(type);
  if (elements % row.block_elements != 0) return std::nullopt;
  const std::uint64_t blocks = elements / row.block_elements;
  if (blocks > std::numeric_limits<std::uint64_t>::max() / row.block_bytes) return std::nullopt;
  return blocks * row.block_bytes;
}

}  // namespace freehold
