#include "golden/quantized_checkpoint.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "kernels/kernels.h"

namespace freehold::golden {
namespace {

template <class Number>
Draft draft(std::string name, DType type, std::vector<std::uint64_t> shape,
            const std::vector<Number>& numbers) {
  Draft result{std::move(name), type, std::move(shape), {}};
  result.bytes.resize(numbers.size() * sizeof(Number));
  std::memcpy(result.bytes.data(), numbers.data(), result.bytes.size());
  return result;
}

Draft draft_of_floats(std::string name, DType type, std::vector<std::uint64_t> shape,
                      const std::vector<float>& numbers) {
  if (type == DType::f32) return draft(std::move(name), type, std::move(shape), numbers);
  std::vector<std::uint16_t> halves(numbers.size());
  kernels::kernels().store_kv(type == DType::f16 ? KvType::f16 : KvType::bf16, numbers.data(),
                              reinterpret_cast<std::byte*>(halves.data()), 0, numbers.size());
  return draft(std::move(name), type, std::move(shape), halves);
}

struct Words {
  unsigned bits;
  std::vector<std::uint32_t> of;

  void put(std::size_t word, std::size_t place, std::uint32_t value) {
    of.at(word) |= (value & ((1u << bits) - 1)) << (place * bits);
  }
};

constexpr std::size_t awq_place[8] = {0, 4, 1, 5, 2, 6, 3, 7};

std::vector<Draft> stored_packed(const std::string& prefix, const QuantizedSample& of,
                                 bool with_zeros, DType scale_type) {
  const std::size_t pack = 32 / of.bits, width = (of.columns + pack - 1) / pack;
  Words words{of.bits, std::vector<std::uint32_t>(of.rows * width)};
  for (std::size_t r = 0; r < of.rows; ++r) {
    for (std::size_t c = 0; c < of.columns; ++c) {
      words.put(r * width + c / pack, c % pack, of.codes[r * of.columns + c]);
    }
  }
  std::vector<Draft> drafts;
  drafts.push_back(draft(prefix + "weight_packed", DType::i32, {of.rows, width}, words.of));
  drafts.push_back(
      draft_of_floats(prefix + "weight_scale", scale_type, {of.rows, of.groups}, of.scales));
  drafts.push_back(draft(prefix + "weight_shape", DType::i64, {2},
                         std::vector<std::int64_t>{static_cast<std::int64_t>(of.rows),
                                                   static_cast<std::int64_t>(of.columns)}));
  if (with_zeros) {
    const std::size_t height = (of.rows + pack - 1) / pack;
    Words zeros{of.bits, std::vector<std::uint32_t>(height * of.groups)};
    for (std::size_t r = 0; r < of.rows; ++r) {
      for (std::size_t g = 0; g < of.groups; ++g) {
        zeros.put(r / pack * of.groups + g, r % pack, of.zeros[r * of.groups + g]);
      }
    }
    drafts.push_back(
        draft(prefix + "weight_zero_point", DType::i32, {height, of.groups}, zeros.of));
  }
  return drafts;
}

std::vector<Draft> stored_int8(const std::string& prefix, const QuantizedSample& of,
                               DType scale_type) {
  std::vector<std::int8_t> bytes;
  for (const std::uint8_t code : of.codes) bytes.push_back(static_cast<std::int8_t>(code - 128));
  std::vector<Draft> drafts;
  drafts.push_back(draft(prefix + "weight", DType::i8, {of.rows, of.columns}, bytes));
  drafts.push_back(
      draft_of_floats(prefix + "weight_scale", scale_type, {of.rows, of.groups}, of.scales));
  if (std::ranges::any_of(of.zeros, [](std::uint32_t zero) { return zero != 128; })) {
    std::vector<std::int8_t> zeros;
    for (const std::uint32_t zero : of.zeros) {
      zeros.push_back(static_cast<std::int8_t>(static_cast<int>(zero) - 128));
    }
    drafts.push_back(draft(prefix + "weight_zero_point", DType::i8, {of.rows, of.groups}, zeros));
  }
  return drafts;
}

std::vector<Draft> stored_transposed(const std::string& prefix, const QuantizedSample& of,
                                     Storage storage, DType scale_type) {
  const bool awq = storage == Storage::awq;
  const std::size_t pack = 32 / of.bits, width = of.rows / pack;
  Words words{of.bits, std::vector<std::uint32_t>(of.rows * of.columns / pack)};
  Words zeros{of.bits, std::vector<std::uint32_t>(of.groups * width)};
  std::vector<float> scales(of.groups * of.rows);
  for (std::size_t r = 0; r < of.rows; ++r) {
    for (std::size_t c = 0; c < of.columns; ++c) {
      const std::uint32_t code = of.codes[r * of.columns + c];
      if (awq) words.put(c * width + r / pack, awq_place[r % 8], code);
      if (!awq) words.put(c / pack * of.rows + r, c % pack, code);
    }
    for (std::size_t g = 0; g < of.groups; ++g) {
      const std::uint32_t less = storage == Storage::gptq ? 1 : 0;
      zeros.put(g * width + r / pack, awq ? awq_place[r % 8] : r % pack,
                of.zeros[r * of.groups + g] - less);
      scales[g * of.rows + r] = of.scales[r * of.groups + g];
    }
  }
  std::vector<Draft> drafts;
  drafts.push_back(draft(prefix + "qweight", DType::i32,
                         awq ? std::vector<std::uint64_t>{of.columns, width}
                             : std::vector<std::uint64_t>{of.columns / pack, of.rows},
                         words.of));
  drafts.push_back(draft(prefix + "qzeros", DType::i32, {of.groups, width}, zeros.of));
  drafts.push_back(draft_of_floats(prefix + "scales", scale_type, {of.groups, of.rows}, scales));
  if (!awq) drafts.push_back(draft(prefix + "g_idx", DType::i32, {of.columns}, of.group_of));
  return drafts;
}

}  // namespace

float QuantizedSample::weight(std::size_t row, std::size_t column) const {
  const std::size_t at = row * groups + group_of[column];
  const int code = int{codes[row * columns + column]} - static_cast<int>(zeros[at]);
  return scales[at] * static_cast<float>(code);
}

QuantizedSample random_sample(std::size_t rows, std::size_t columns, std::size_t groups,
                              unsigned bits, bool centred) {
  std::mt19937 random(static_cast<unsigned>(rows + 7 * columns + 31 * groups + bits));
  QuantizedSample of;
  of.rows = rows;
  of.columns = columns;
  of.groups = groups;
  of.bits = bits;
  const std::uint32_t levels = 1u << bits;
  for (std::size_t i = 0; i < rows * columns; ++i) {
    of.codes.push_back(static_cast<std::uint8_t>(random() % levels));
  }
  for (std::size_t i = 0; i < rows * groups; ++i) {
    of.scales.push_back(static_cast<float>(1 + random() % 255) * 0x1p-14f);
    const auto zero = static_cast<std::uint32_t>(1 + random() % (levels - 1));
    of.zeros.push_back(centred ? levels / 2 : zero);
  }
  for (std::size_t c = 0; c < columns; ++c) {
    of.group_of.push_back(static_cast<std::uint32_t>(c / (columns / groups)));
  }
  return of;
}

QuantizedSample rounded(const Draft& matrix, std::size_t groups, unsigned bits) {
  QuantizedSample of = random_sample(matrix.shape[0], matrix.shape[1], groups, bits, true);
  std::vector<float> values(matrix.bytes.size() / sizeof(float));
  std::memcpy(values.data(), matrix.bytes.data(), matrix.bytes.size());
  const int half = 1 << (bits - 1);
  for (std::size_t r = 0; r < of.rows; ++r) {
    std::vector<float> most(groups);
    for (std::size_t c = 0; c < of.columns; ++c) {
      float& greatest = most[of.group_of[c]];
      greatest = std::max(greatest, std::abs(values[r * of.columns + c]));
    }
    for (std::size_t g = 0; g < groups; ++g) {  // in 64ths of a power of two, as a half holds
      int exponent = 0;
      const float part = std::frexp(most[g] / static_cast<float>(half - 1), &exponent);
      of.scales[r * groups + g] = std::ldexp(std::ceil(part * 64) / 64, exponent);
    }
    for (std::size_t c = 0; c < of.columns; ++c) {
      const float scale = of.scales[r * groups + of.group_of[c]];
      const float code = std::round(values[r * of.columns + c] / scale) + static_cast<float>(half);
      of.codes[r * of.columns + c] = static_cast<std::uint8_t>(code);
    }
  }
  return of;
}

std::vector<Draft> stored(const std::string& name, const QuantizedSample& sample, Storage storage,
                          DType scale_type) {
  const std::string prefix = name.substr(0, name.size() - std::string_view("weight").size());
  switch (storage) {
    case Storage::int8:
      return stored_int8(prefix, sample, scale_type);
    case Storage::packed:
      return stored_packed(prefix, sample, false, scale_type);
    case Storage::packed_with_zeros:
      return stored_packed(prefix, sample, true, scale_type);
    case Storage::gptq:
    case Storage::gptq_v2:
    case Storage::awq:
      return stored_transposed(prefix, sample, storage, scale_type);
  }
  return {};
}

Value quantization_config(const QuantizedSample& sample, Storage storage) {
  const int bits = static_cast<int>(sample.bits);
  const auto group_size = static_cast<std::int64_t>(
      sample.groups == 1 ? std::size_t{0} - 1 : sample.columns / sample.groups);
  Value config = Object{};
  if (storage == Storage::gptq || storage == Storage::gptq_v2 || storage == Storage::awq) {
    config.set("quant_method", storage == Storage::awq ? "awq" : "gptq");
    config.set("bits", bits);
    config.set("group_size", group_size);
    if (storage == Storage::awq) config.set("version", "gemm");
    if (storage == Storage::gptq_v2) config.set("checkpoint_format", "gptq_v2");
    return config;
  }
  Value weights = Object{}, group = Object{}, groups = Object{};
  weights.set("num_bits", bits);
  weights.set("type", "int");
  group.set("weights", std::move(weights));
  groups.set("group_0", std::move(group));
  config.set("quant_method", "compressed-tensors");
  config.set("format", storage == Storage::int8 ? "int-quantized" : "pack-quantized");
  config.set("config_groups", std::move(groups));
  return config;
}

}  // namespace freehold::golden
