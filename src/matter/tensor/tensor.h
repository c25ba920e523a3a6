// A non-owning, shaped view of weights in memory. Shapes are outermost first (rows, columns), rows
// contiguous: element (r, c) of a plain matrix is data[r * columns + c].
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tensor/dtype.h"

namespace freehold {

struct TensorView {
  DType type = DType::f32;
  std::vector<std::uint64_t> shape;  // outermost first; empty for a scalar
  const std::byte* data = nullptr;

  std::uint64_t elements() const {
    std::uint64_t product = 1;
    for (const std::uint64_t extent : shape) product *= extent;
    return product;
  }
};

struct NamedTensor {
  std::string name;
  TensorView view;
  std::uint64_t bytes = 0;
  std::uint64_t offset = 0;  // of the first byte in its file
  std::uint32_t file = 0;    // which of the checkpoint's files holds it
};

}  // namespace freehold
