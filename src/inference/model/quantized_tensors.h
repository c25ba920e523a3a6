// A quantized matrix as compressed-tensors, GPTQ or AWQ store it in safetensors, in one vocabulary:
// weight = scale * (code - zero), codes and zeros from 0 on, a scale and a zero for each row and
// group of columns. Everything is checked when it is found. Not what kernels multiply
// (quantized_matrix.h).
// Sources: the packing functions of compressed-tensors (pack_quantized.py), of GPTQModel
// (quantized linear of torch) and of AutoAWQ (WQLinear_GEMM), and their dequantization.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "formats/checkpoint.h"
#include "freehold/result.h"
#include "model/quantization.h"

namespace freehold::model {

// Numbers of a few bits in a matrix of words (or of signed bytes, that count from -128).
struct Cells {
  const std::byte* data = nullptr;
  unsigned bits = 0;
  bool bytes = false;
  bool interleaved = false;                   // eight to a word: even ones, then odd ones
  std::size_t row_pack = 1, column_pack = 1;  // how many of them share a word; one of both is 1
  std::size_t row_step = 0, column_step = 0;  // in words

  std::uint32_t at(std::size_t row, std::size_t column) const;
  void row(std::size_t row, std::size_t columns, std::uint8_t* out) const;

 private:
  std::uint32_t word(std::size_t index) const;
  unsigned shift(std::size_t place) const;
};

class QuantizedTensors {
 public:
  // Of the matrix that would be called `name` ("….weight") if it were not quantized; nullptr when
  // it is not. `invalid` names the tensor that is missing or not as it must be.
  static Result<std::unique_ptr<const QuantizedTensors>> find(const formats::Checkpoint& checkpoint,
                                                              const Quantization& quantization,
                                                              const std::string& name,
                                                              std::size_t rows,
                                                              std::size_t columns);

  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }
  std::size_t groups() const { return groups_; }
  unsigned bits() const { return codes_.bits; }
  std::uint32_t group_of(std::size_t column) const { return group_of_[column]; }

  void codes(std::size_t row, std::uint8_t* out /* (columns) */) const {
    codes_.row(row, columns_, out);
  }
  std::uint32_t zero(std::size_t row, std::size_t group) const;  // 0..2^bits
  float scale(std::size_t row, std::size_t group) const;         // finite
  bool scales_are_halves() const { return scales_->view.type == DType::f16; }

  const std::vector<const NamedTensor*>& tensors() const { return tensors_; }

 private:
  friend class TensorFinder;

  std::size_t rows_ = 0, columns_ = 0, groups_ = 0;
  Cells codes_, zeros_;  // zeros_.data == nullptr: half of all codes
  std::uint32_t added_to_zeros_ = 0;
  const NamedTensor* scales_ = nullptr;
  std::size_t scale_row_step_ = 0, scale_group_step_ = 0;
  std::vector<std::uint32_t> group_of_;  // (columns)
  std::vector<const NamedTensor*> tensors_;
};

// Calls visit(tensor) for what there is besides the tensor `name` itself.
void for_each_part(const formats::Checkpoint& checkpoint, const std::string& name,
                   const std::function<void(const NamedTensor&)>& visit);

}  // namespace freehold::model
