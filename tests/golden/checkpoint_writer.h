// Writes small checkpoints for tests: those of the fixtures with something changed. Not for users.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "formats/checkpoint.h"
#include "freehold/value.h"
#include "tensor/dtype.h"

namespace freehold::golden {

struct Draft {
  std::string name;
  DType type = DType::f32;
  std::vector<std::uint64_t> shape;  // outermost first
  std::vector<std::byte> bytes;
};

struct CheckpointDraft {
  formats::Container container;
  Value metadata;  // config.json, or all GGUF metadata
  std::vector<Draft> tensors;

  static CheckpointDraft from(const formats::Checkpoint& checkpoint);
  Draft* find(std::string_view name);
  bool remove(std::string_view name);

  // Into a folder, which is made; returns what Checkpoint::open takes.
  std::filesystem::path write(const std::filesystem::path& folder) const;
};

// Rounds an f32 matrix to blocks of 32 bytes with one half-precision scale: Q8_0.
void quantize_q8_0(Draft& draft);

}  // namespace freehold::golden
