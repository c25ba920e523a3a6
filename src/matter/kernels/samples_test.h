// Random but repeatable inputs for tests: activations, and weights of every format that the tables
// take, with scales that keep values ordinary.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "tensor/dtype.h"

namespace freehold::kernels {

// Evenly spread over [-reach, reach).
std::vector<float> sample_floats(std::size_t count, float reach, unsigned seed);

struct SampleFormat {
  DType type;
  const char* name;
  std::size_t elements;  // to a block
  std::size_t bytes;
  void (*tame)(std::byte* block);  // gives a block of random bytes an ordinary scale
};

// Plain types first: f32, f16, bf16; then the quantized, whose blocks have many elements.
std::span<const SampleFormat> sample_formats();

struct SampleWeights {
  DType type;
  std::size_t rows;
  std::size_t columns;
  std::vector<std::byte> bytes;

  const std::byte* data() const { return bytes.data(); }
};

// Columns must fill whole blocks.
SampleWeights sample_weights(const SampleFormat& format, std::size_t rows, std::size_t columns);

}  // namespace freehold::kernels
