// Opens a model of one GGUF file, or of several that were split (NAME-00001-of-00003.gguf).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "formats/weights.h"
#include "freehold/result.h"

namespace freehold::formats {

// What the name of one part of a split model says; parts are numbered from one.
struct PartName {
  std::string stem;  // "model" of "model-00001-of-00003.gguf"
  std::uint32_t part = 0;
  std::uint32_t parts = 0;
};

// nullopt when the name does not end in -NNNNN-of-NNNNN and the extension.
std::optional<PartName> parse_part_name(std::string_view name, std::string_view extension);
std::string part_name(std::string_view stem, std::uint32_t part, std::uint32_t parts,
                      std::string_view extension);

// Any part of a split model opens all of it: each part must be there, say the number that its name
// says, and together they must hold as many tensors as they promise, no name twice.
Result<Weights> open_gguf(const std::filesystem::path& path);

}  // namespace freehold::formats
