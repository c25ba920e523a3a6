// Writes matrices the way compressed-tensors, GPTQ and AWQ store them, element by element and with
// nothing of what reads them. Not a quantizer of quality: scales are the greatest weight's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "golden/checkpoint_writer.h"

namespace freehold::golden {

enum class Storage { int8, packed, packed_with_zeros, gptq, gptq_v2, awq };

// weight[r][c] = scale * (code - zero), the last two of row r and the group of column c.
struct QuantizedSample {
  std::size_t rows = 0, columns = 0, groups = 1;
  unsigned bits = 4;
  std::vector<std::uint8_t> codes;      // (rows, columns)
  std::vector<float> scales;            // (rows, groups)
  std::vector<std::uint32_t> zeros;     // (rows, groups)
  std::vector<std::uint32_t> group_of;  // (columns)

  float weight(std::size_t row, std::size_t column) const;
};

// Random codes; scales that halves and bfloats hold.
QuantizedSample random_sample(std::size_t rows, std::size_t columns, std::size_t groups,
                              unsigned bits, bool centred);

// Rounds an f32 matrix.
QuantizedSample rounded(const Draft& matrix, std::size_t groups, unsigned bits);

// The tensors that stand for `name`, "….weight".
std::vector<Draft> stored(const std::string& name, const QuantizedSample& sample, Storage storage,
                          DType scale_type);

// `quantization_config` for it.
Value quantization_config(const QuantizedSample& sample, Storage storage);

}  // namespace freehold::golden
