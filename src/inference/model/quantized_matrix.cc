#include "model/quantized_matrix.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>
#include <optional>
#include <utility>

#include "tensor/blocks.h"

namespace freehold::model {
namespace {

constexpr std::size_t block_columns = 32;

// The half that is exactly `x`, which is finite.
std::optional<std::uint16_t> exact_half(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000);
  const float size = std::abs(x);
  if (size < 0x1p-14f) {  // whole multiples of the smallest
    const float count = size * 0x1p24f;
    if (count != std::floor(count)) return std::nullopt;
    return static_cast<std::uint16_t>(sign | static_cast<std::uint16_t>(count));
  }
  if (size > 65504.0f || (bits & 0x1fff) != 0) return std::nullopt;
  return static_cast<std::uint16_t>(sign | ((bits & 0x7fffffff) - (112u << 23)) >> 13);
}

std::uint16_t half_of(float x) {
  const auto half = exact_half(x);
  CHECK(half.has_value());
  return *half;
}

template <class AnyBlock>
void put(std::byte* out, const AnyBlock& block) {
  std::memcpy(out, &block, sizeof block);
}

template <class AnyBlock>
void put_nibbles(const std::uint8_t* codes, AnyBlock& block) {
  for (std::size_t i = 0; i < 16; ++i) {
    block.codes[i] = static_cast<std::uint8_t>(codes[i] | codes[i + 16] << 4);
  }
}

template <class AnyBlock>
void put_bytes(const std::uint8_t* codes, std::uint32_t zero, AnyBlock& block) {
  for (std::size_t i = 0; i < block_columns; ++i) {
    block.codes[i] = static_cast<std::int8_t>(int{codes[i]} - static_cast<int>(zero));
  }
}

void write_block(DType type, const std::uint8_t* codes, float scale, std::uint32_t zero,
                 std::byte* out) {
  if (type == DType::q4_0) {
    Block<DType::q4_0> block = {};
    block.scale = half_of(scale);
    put_nibbles(codes, block);
    put(out, block);
  } else if (type == DType::int4_zero) {
    Block<DType::int4_zero> block = {};
    block.scale = half_of(scale);
    block.zero = half_of(static_cast<float>(zero));
    put_nibbles(codes, block);
    put(out, block);
  } else if (type == DType::q8_0) {
    Block<DType::q8_0> block = {};
    block.scale = half_of(scale);
    put_bytes(codes, zero, block);
    put(out, block);
  } else {
    CHECK(type == DType::int8_float);
    Block<DType::int8_float> block = {};
    block.scale = scale;
    put_bytes(codes, zero, block);
    put(out, block);
  }
}

}  // namespace

QuantizedMatrix::QuantizedMatrix(std::unique_ptr<const QuantizedTensors> tensors)
    : tensors_(std::move(tensors)) {
  if (!sort_columns()) {
    column_order_.clear();
    return;  // f32
  }
  type_ = choose_type();
  if (type_ == DType::f32) column_order_.clear();
}

// Brings the columns of each group together; false when a block would hold parts of two.
bool QuantizedMatrix::sort_columns() {
  const std::size_t columns = tensors_->columns();
  if (columns % block_columns != 0) return false;
  column_order_.resize(columns);
  std::iota(column_order_.begin(), column_order_.end(), 0u);
  std::ranges::sort(column_order_, {},
                    [&](std::uint32_t c) { return std::pair(tensors_->group_of(c), c); });
  for (std::size_t c = 0; c < columns; ++c) {
    const std::uint32_t first = column_order_[c / block_columns * block_columns];
    if (tensors_->group_of(column_order_[c]) != tensors_->group_of(first)) return false;
  }
  if (std::ranges::is_sorted(column_order_)) column_order_.clear();
  return true;
}

DType QuantizedMatrix::choose_type() const {
  const bool four = tensors_->bits() == 4;
  const std::uint32_t middle = four ? 8 : 128;
  const bool known = tensors_->scales_are_halves();
  bool halves = true, centred = true;
  for (std::size_t row = 0; row < tensors_->rows(); ++row) {
    for (std::size_t group = 0; group < tensors_->groups(); ++group) {
      halves = halves && (known || exact_half(tensors_->scale(row, group)).has_value());
      centred = centred && tensors_->zero(row, group) == middle;
    }
    if (!halves && !centred) break;
  }
  if (four && halves) return centred ? DType::q4_0 : DType::int4_zero;
  if (!four && !centred) return DType::f32;
  return !four && halves ? DType::q8_0 : DType::int8_float;
}

void QuantizedMatrix::write_rows(std::size_t begin, std::size_t end, std::byte* out) const {
  const std::size_t columns = tensors_->columns();
  CHECK(begin <= end && end <= tensors_->rows());
  std::vector<std::uint8_t> stored(columns), codes(columns);
  const auto source = [&](std::size_t c) { return column_order_.empty() ? c : column_order_[c]; };
  for (std::size_t row = begin; row < end; ++row) {
    tensors_->codes(row, stored.data());
    for (std::size_t c = 0; c < columns; ++c) codes[c] = stored[source(c)];
    if (type_ == DType::f32) {
      for (std::size_t c = 0; c < columns; ++c, out += sizeof(float)) {
        const std::uint32_t group = tensors_->group_of(c);
        const int code = int{codes[c]} - static_cast<int>(tensors_->zero(row, group));
        const float weight = tensors_->scale(row, group) * static_cast<float>(code);
        std::memcpy(out, &weight, sizeof weight);
      }
      continue;
    }
    for (std::size_t c = 0; c < columns; c += block_columns, out += traits(type_).block_bytes) {
      const std::uint32_t group = tensors_->group_of(source(c));
      write_block(type_, codes.data() + c, tensors_->scale(row, group), tensors_->zero(row, group),
                  out);
    }
  }
}

}  // namespace freehold::model
