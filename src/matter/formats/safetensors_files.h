// Opens the weights of a model of one safetensors file, or of several (shards and their index).
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "formats/weights.h"
#include "freehold/result.h"

namespace freehold::formats {

constexpr std::string_view safetensors_index_name = "model.safetensors.index.json";

// Tensor name -> name of the file that holds it.
using WeightMap = std::map<std::string, std::string, std::less<>>;

// What an index file says. `invalid` unless every file is named by a plain file name.
Result<WeightMap> parse_safetensors_index(std::string_view json);

Result<Weights> open_safetensors(const std::filesystem::path& file);

// Of a directory that holds these files: model.safetensors; else the shards that the index names,
// each tensor from the shard it is said to be in; else all *.safetensors, whose numbering
// (…-00001-of-00003) must then be complete.
Result<Weights> open_safetensors_directory(const std::filesystem::path& directory,
                                           std::span<const std::string> names);

}  // namespace freehold::formats
