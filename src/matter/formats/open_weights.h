// Finds out what a path is and opens the weights behind it with the reader of their container.
#pragma once

#include <filesystem>
#include <optional>

#include "formats/checkpoint.h"
#include "formats/weights.h"
#include "freehold/result.h"

namespace freehold::formats {

struct OpenedWeights {
  Container container = Container::gguf;
  Weights weights;                                 // metadata: GGUF's own, or what config.json says
  std::optional<std::filesystem::path> directory;  // where the model's other files are
};

// See Checkpoint::open. A lone .safetensors file takes config.json and the other files from its
// directory, but can do without.
Result<OpenedWeights> open_weights(const std::filesystem::path& path);

}  // namespace freehold::formats
