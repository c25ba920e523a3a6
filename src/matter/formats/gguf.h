// Reads GGUF, versions 2 and 3, from bytes in memory. Not split files and not the file system
// (gguf_files.h), and not what the tensors and keys mean.
// Source: the GGUF specification, docs/gguf.md of the ggml project.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "freehold/result.h"
#include "freehold/value.h"
#include "tensor/tensor.h"

namespace freehold::formats {

struct Gguf {
  std::uint32_t version = 0;
  std::uint64_t alignment = 0;
  Value metadata;                    // an object; keys in the order of the file
  std::vector<NamedTensor> tensors;  // in the order of the file; data points into the input
};

// Whether the bytes begin like a GGUF file of any version and byte order.
bool looks_like_gguf(std::span<const std::byte> bytes);

// `invalid`, with the field or tensor and the byte offset, unless every length, count, type, shape
// and offset holds, names are unique and no two tensors share a byte. Gaps between tensors are
// allowed, as is missing padding behind the last one: writers differ in both.
Result<Gguf> parse_gguf(std::span<const std::byte> bytes);

}  // namespace freehold::formats
