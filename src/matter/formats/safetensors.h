// Reads one safetensors file from bytes in memory. Not the index of a sharded model and not the
// file system (safetensors_files.h).
// Source: the format section of the safetensors project's README.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "freehold/result.h"
#include "freehold/value.h"
#include "tensor/tensor.h"

namespace freehold::formats {

struct Safetensors {
  Value metadata;                    // `__metadata__`, an object of strings; null without it
  std::vector<NamedTensor> tensors;  // in the order of the data; data points into the input
};

// Whether the bytes can be a safetensors file: a plausible header length and then a brace.
bool looks_like_safetensors(std::span<const std::byte> bytes);

// `invalid`, with the tensor and the byte offset, unless every length, type, shape and offset holds
// and the tensors cover the data exactly: no overlap, no hole, nothing behind the last.
// A tensor's data may lie at any address: the format promises no alignment.
Result<Safetensors> parse_safetensors(std::span<const std::byte> bytes);

}  // namespace freehold::formats
