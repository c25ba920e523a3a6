#include "engine/kernel_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "base/random.h"
#include "freehold/result.h"

namespace freehold::engine {
namespace {

using kernels::Kernels;

constexpr std::size_t columns = 512;  // two steps of every panel, whole blocks of every type
constexpr std::size_t extra_rows = 3;
constexpr std::array<std::size_t, 3> token_counts = {1, 4, 21};  // each has loops of its own
constexpr float tolerance = 1e-3f;  // of the greatest result: sums come in another order
// Where activations are rounded to BF16 themselves, each is off by up to its 512th part.
constexpr float bf16_tolerance = 4e-3f;

std::vector<float> random_floats(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> floats(count);
  for (float& value : floats) value = static_cast<float>(2 * random.uniform() - 1);
  return floats;
}

bool agree(std::span<const float> results, std::span<const float> expected,
           float allowed = tolerance) {
  float greatest = 0;
  for (const float value : expected) greatest = std::max(greatest, std::abs(value));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (!(std::abs(results[i] - expected[i]) <= allowed * greatest)) return false;
  }
  return true;
}

struct Sample {
  DType type;
  std::size_t rows;
  std::size_t row_bytes;
  std::vector<std::byte> weights;  // (rows, columns)
  std::vector<float> x;            // (the most tokens, columns)
};

std::vector<float> by_rows(const Kernels& table, const Sample& sample, std::size_t tokens) {
  std::vector<float> y(tokens * sample.rows);
  table.matmul(sample.type, sample.weights.data(), columns, 0, sample.rows, sample.x.data(),
               columns, tokens, y.data(), sample.rows);
  return y;
}

std::vector<std::byte> pack(const Kernels& table, const Sample& sample) {
  const std::size_t panels = (sample.rows + table.panel_rows - 1) / table.panel_rows;
  const std::size_t panel_bytes = table.panel_rows * sample.row_bytes;
  std::vector<std::byte> packed(panels * panel_bytes);
  for (std::size_t i = 0; i < panels; ++i) {
    table.pack_panel(sample.type, sample.weights.data() + i * panel_bytes,
                     std::min(table.panel_rows, sample.rows - i * table.panel_rows), columns,
                     packed.data() + i * panel_bytes);
  }
  return packed;
}

std::vector<float> by_panels(const Kernels& table, const Sample& sample, std::size_t tokens) {
  const std::vector<std::byte> packed = pack(table, sample);
  std::vector<float> y(tokens * sample.rows);
  if (table.has_float_panels(sample.type)) {
    table.multiply_float_panels(sample.type, packed.data(), columns, sample.rows, sample.x.data(),
                                columns, tokens, y.data(), sample.rows);
    return y;
  }
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  const std::size_t steps = columns / kernels::activation_step_columns;
  const std::size_t stride = tokens * kernels::activation_step_bytes;
  std::vector<Line> lines(steps * stride / sizeof(Line));
  std::byte* records = lines.data()->bytes;
  for (std::size_t t = 0; t < tokens; ++t) {
    table.quantize(sample.x.data() + t * columns, columns,
                   records + t * kernels::activation_step_bytes, stride);
  }
  table.multiply_panels(sample.type, packed.data(), columns, sample.rows, records, stride, tokens,
                        y.data(), sample.rows);
  return y;
}

bool has_panels(const Kernels& table, DType type) {
  return table.has_panels(type) || table.has_float_panels(type);
}

std::optional<std::string> wrong_products(const Kernels& table, const Kernels& reference) {
  const std::size_t rows = std::max(table.panel_rows, reference.panel_rows) + extra_rows;
  for (auto type = DType::f32; type <= DType::q2_0;
       type = static_cast<DType>(static_cast<unsigned>(type) + 1)) {
    if (!table.supports(type) || !reference.supports(type)) continue;
    const Sample sample = {type, rows, *bytes_of(type, columns),
                           random_weights(reference, type, rows, columns),
                           random_floats(token_counts.back() * columns, 2)};
    for (const std::size_t tokens : token_counts) {
      if (!agree(by_rows(table, sample, tokens), by_rows(reference, sample, tokens))) {
        return fmt::format("matmul of {}", traits(type).name);
      }
      if (!has_panels(table, type) || !has_panels(reference, type)) continue;
      const float allowed = type == DType::bf16 ? bf16_tolerance : tolerance;
      if (!agree(by_panels(table, sample, tokens), by_panels(reference, sample, tokens), allowed)) {
        return fmt::format("panels of {}", traits(type).name);
      }
    }
  }
  return std::nullopt;
}

// Three queries of two heads over the positions before them: mixed values, then softmax.
std::vector<float> attended(const Kernels& table, KvType type) {
  constexpr std::size_t head_dim = 80, heads = 2, rows = 3, position = 40;
  constexpr std::size_t blocks = 2;
  const std::vector<float> given = random_floats(2 * (position + rows) * head_dim, 3);
  std::vector<std::byte> memory(2 * blocks * kv_head_bytes(type, head_dim));
  const std::byte* places[2][kernels::attention_chunk / kv_block_positions] = {};
  for (std::size_t i = 0; i < 2 * blocks; ++i) {
    places[i / blocks][i % blocks] = memory.data() + i * kv_head_bytes(type, head_dim);
  }
  for (std::size_t i = 0; i < 2 * (position + rows); ++i) {
    const std::size_t at = i / 2;
    const std::size_t block = i % 2 * blocks + at / kv_block_positions;
    table.store_kv(type, given.data() + i * head_dim,
                   memory.data() + block * kv_head_bytes(type, head_dim), at % kv_block_positions,
                   head_dim);
  }
  const std::vector<float> q = random_floats(rows * heads * head_dim, 4);
  const kernels::QueryTile tile = {q.data(), rows, heads,    heads * head_dim,
                                   position, 0,    head_dim, 0.3f};
  std::vector<float> scratch(kernels::attention_scratch_floats(rows * heads, head_dim));
  std::vector<float> results(rows * heads * (head_dim + 2));
  table.attend_chunk(tile, {type, places[0], places[1]}, 0, scratch.data(), results.data(),
                     results.data() + rows * heads * head_dim);
  return results;
}

// The functions on vectors, one after the other; an odd size has a tail.
std::vector<float> vector_parts(const Kernels& table) {
  constexpr std::size_t count = 77, pairs = 19;
  const std::vector<float> x = random_floats(count, 5), other = random_floats(count, 6);
  std::vector<float> results(6 * count);
  float* out = results.data();
  table.rms_norm(x.data(), other.data(), 1e-5f, out, count);
  table.silu_multiply(x.data(), other.data(), out + count, count);
  table.gelu_tanh_multiply(x.data(), other.data(), out + 2 * count, count);
  std::ranges::copy(x, out + 3 * count);
  table.softmax(out + 3 * count, count);
  std::ranges::copy(x, out + 4 * count);
  table.rotate_half(out + 4 * count, other.data(), other.data() + pairs, pairs);
  table.rotate_adjacent(out + 4 * count + 2 * pairs, other.data(), other.data() + pairs, pairs);
  std::ranges::copy(x, out + 5 * count);
  table.add_scaled(other.data(), 0.7f, out + 5 * count, count);
  table.add(x.data(), out + 5 * count, count);
  return results;
}

bool is_moderate(std::span<const float> values) {
  float greatest = 0;
  for (const float value : values) {
    if (!std::isfinite(value)) return false;
    greatest = std::max(greatest, std::abs(value));
  }
  return greatest >= 0x1p-10f && greatest <= 4;
}

}  // namespace

std::vector<std::byte> random_weights(const Kernels& table, DType type, std::size_t rows,
                                      std::size_t row_columns) {
  const std::size_t elements = traits(type).block_elements, bytes = traits(type).block_bytes;
  CHECK(table.supports(type) && row_columns % elements == 0);
  Random random(1);
  std::vector<std::byte> weights(rows * row_columns / elements * bytes);
  std::vector<float> values(elements);
  for (std::size_t at = 0; at < weights.size(); at += bytes) {
    do {
      for (std::size_t i = 0; i < bytes; i += sizeof(std::uint64_t)) {
        const std::uint64_t bits = random.next();
        std::memcpy(&weights[at + i], &bits, std::min(sizeof bits, bytes - i));
      }
      table.dequantize(type, &weights[at], values.data(), elements);
    } while (!is_moderate(values));
  }
  return weights;
}

std::optional<std::string> wrong_result(const Kernels& table, const Kernels& reference) {
  if (auto wrong = wrong_products(table, reference)) return wrong;
  for (const KvTypeTraits& kv : kv_types) {
    if (!agree(attended(table, kv.type), attended(reference, kv.type))) {
      return fmt::format("attention over {}", kv.name);
    }
  }
  if (!agree(vector_parts(table), vector_parts(reference))) return "arithmetic on vectors";
  return std::nullopt;
}

}  // namespace freehold::engine
