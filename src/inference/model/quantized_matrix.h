// A quantized matrix of safetensors as rows that kernels multiply: the block type that holds its
// codes, scales and zeros without loss, and the writing of rows in it when they are packed. The
// rows are never kept: the packed weights are their only copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "freehold/result.h"
#include "model/quantized_tensors.h"
#include "tensor/dtype.h"

namespace freehold::model {

class QuantizedMatrix {
 public:
  explicit QuantizedMatrix(std::unique_ptr<const QuantizedTensors> tensors);

  // q4_0 and q8_0 where zeros are in the middle and scales are halves; else int4_zero where scales
  // are halves, int8_float where codes less zeros are signed bytes. f32 where no block fits: groups
  // that are no multiples of 32 columns, bytes with zeros.
  DType type() const { return type_; }

  // Which column of the activations each column of the rows is multiplied with, because columns of
  // a group must be neighbours; empty: their own.
  const std::vector<std::uint32_t>& column_order() const { return column_order_; }

  const QuantizedTensors& tensors() const { return *tensors_; }

  // Rows [begin, end) in blocks of type().
  void write_rows(std::size_t begin, std::size_t end, std::byte* out) const;

 private:
  bool sort_columns();
  DType choose_type() const;

  std::unique_ptr<const QuantizedTensors> tensors_;
  std::vector<std::uint32_t> column_order_;
  DType type_ = DType::f32;
};

}  // namespace freehold::model
