// The weights of one model as its container's reader hands them over: files mapped, every tensor
// placed. Not the model's other files (Checkpoint adds those).
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/file.h"
#include "freehold/value.h"
#include "tensor/tensor.h"

namespace freehold::formats {

struct Weights {
  std::vector<MappedFile> files;
  // Copies of tensors that lie in their file at an address no processor reads numbers from.
  std::vector<std::unique_ptr<std::byte[]>> realigned;
  std::vector<NamedTensor> tensors;  // in the order of the files
  Value metadata;                    // GGUF: of the first file; safetensors: nothing
};

}  // namespace freehold::formats
