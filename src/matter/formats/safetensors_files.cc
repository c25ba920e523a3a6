#include "formats/safetensors_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "formats/bounded_json.h"
#include "formats/directory.h"
#include "formats/gguf_files.h"
#include "formats/names.h"
#include "formats/safetensors.h"

namespace freehold::formats {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view extension = ".safetensors";
constexpr std::string_view single_name = "model.safetensors";
constexpr std::size_t max_shards = 4096;
constexpr std::size_t max_tensors = 1 << 20;

using Wanted = std::function<bool(const NamedTensor&)>;

// Numbers must lie at multiples of their size; files whose header has an odd length put them
// anywhere. Those tensors are copied, the others stay mapped.
void realign(NamedTensor& tensor, Weights& weights) {
  const DTypeTraits& type = traits(tensor.view.type);
  const std::uint64_t alignment = type.block_elements == 1 ? type.block_bytes : 1;
  if (tensor.bytes == 0 || std::bit_cast<std::uintptr_t>(tensor.view.data) % alignment == 0) return;
  auto copy = std::make_unique_for_overwrite<std::byte[]>(tensor.bytes);
  std::memcpy(copy.get(), tensor.view.data, tensor.bytes);
  tensor.view.data = copy.get();
  weights.realigned.push_back(std::move(copy));
}

Result<void> append(Weights& weights, const fs::path& path, const Wanted& wanted) {
  MappedFile file = TRY(MappedFile::open(path));
  Safetensors content = TRY_IN(path.string(), parse_safetensors(file.bytes()));
  const auto index = static_cast<std::uint32_t>(weights.files.size());
  for (NamedTensor& tensor : content.tensors) {
    if (!wanted(tensor)) continue;
    tensor.file = index;
    realign(tensor, weights);
    weights.tensors.push_back(std::move(tensor));
  }
  weights.files.push_back(std::move(file));
  if (weights.tensors.size() <= max_tensors) return {};
  return fail(ErrorCode::invalid,
              fmt::format("{}: more than {} tensors in the model", path.string(), max_tensors));
}

Result<void> refuse_duplicates(const Weights& weights) {
  std::unordered_set<std::string_view> names;
  for (const NamedTensor& tensor : weights.tensors) {
    if (names.insert(tensor.name).second) continue;
    return fail(ErrorCode::invalid,
                fmt::format("{}: tensor {} is also in an earlier file",
                            weights.files[tensor.file].path().string(), in_quotes(tensor.name)));
  }
  return {};
}

Result<void> require_all(const WeightMap& map, const Weights& weights) {
  std::unordered_set<std::string_view> names;
  for (const NamedTensor& tensor : weights.tensors) names.insert(tensor.name);
  for (const auto& [tensor, file] : map) {
    if (names.contains(tensor)) continue;
    return fail(ErrorCode::invalid, fmt::format("tensor {} is not in {}, where the index puts it",
                                                in_quotes(tensor), file));
  }
  return {};
}

Result<Weights> open_shards(const fs::path& directory, const WeightMap& map) {
  std::set<std::string_view> shards;
  for (const auto& [tensor, file] : map) shards.insert(file);
  if (shards.size() > max_shards) {
    return fail(ErrorCode::invalid, fmt::format("more than {} shards", max_shards));
  }
  Weights weights;
  for (const std::string_view shard : shards) {
    const auto path = TRY(find_in(directory, shard));
    if (!path) {
      return fail(ErrorCode::invalid, fmt::format("the shard {} is missing", in_quotes(shard)),
                  "fetch the model again: an interrupted download leaves such gaps");
    }
    TRY(append(weights, *path, [&](const NamedTensor& tensor) {
      const auto entry = map.find(tensor.name);
      return entry == map.end() || entry->second == shard;
    }));
  }
  TRY(require_all(map, weights));
  TRY(refuse_duplicates(weights));
  return weights;
}

// Without an index, numbered names tell whether a shard is missing.
Result<void> require_complete(std::span<const std::string> names) {
  for (const std::string& name : names) {
    const auto part = parse_part_name(name, extension);
    if (!part) continue;
    for (std::uint32_t i = 1; i <= part->parts; ++i) {
      const std::string sibling = part_name(part->stem, i, part->parts, extension);
      if (std::ranges::binary_search(names, sibling)) continue;
      return fail(ErrorCode::invalid, fmt::format("the shard {} is missing", in_quotes(sibling)));
    }
  }
  return {};
}

}  // namespace

Result<WeightMap> parse_safetensors_index(std::string_view json) {
  const Value index = TRY(parse_json_object(json));
  const Value* member = index.find("weight_map");
  const Object* entries = member == nullptr ? nullptr : member->as_object();
  if (entries == nullptr) {
    return fail(ErrorCode::invalid, "\"weight_map\" is missing or no object");
  }
  WeightMap map;
  for (const auto& [tensor, file] : *entries) {
    const std::string* name = file.as_string();
    if (name == nullptr) {
      return fail(ErrorCode::invalid,
                  fmt::format("weight_map[{}] is no string", in_quotes(tensor)));
    }
    if (name->find_first_of("/\\") != name->npos || !name->ends_with(extension)) {
      return fail(ErrorCode::invalid,
                  fmt::format("weight_map[{}] is {}, not the plain name of a {} file",
                              in_quotes(tensor), in_quotes(*name), extension));
    }
    map.emplace(tensor, *name);
  }
  if (map.empty()) return fail(ErrorCode::invalid, "\"weight_map\" is empty");
  return map;
}

Result<Weights> open_safetensors(const fs::path& file) {
  Weights weights;
  TRY(append(weights, file, [](const NamedTensor&) { return true; }));
  return weights;
}

Result<Weights> open_safetensors_directory(const fs::path& directory,
                                           std::span<const std::string> names) {
  if (const auto single = TRY(find_in(directory, single_name))) return open_safetensors(*single);
  if (const auto path = TRY(find_in(directory, safetensors_index_name))) {
    const std::string text = TRY(read_file(*path, max_json_bytes));
    const WeightMap map = TRY_IN(path->string(), parse_safetensors_index(text));
    return TRY_IN(path->string(), open_shards(directory, map));
  }
  TRY_IN(directory.string(), require_complete(names));
  Weights weights;
  for (const std::string& name : names) {
    if (!name.ends_with(extension)) continue;
    const auto path = TRY(find_in(directory, name));
    if (path) TRY(append(weights, *path, [](const NamedTensor&) { return true; }));
  }
  TRY(refuse_duplicates(weights));
  return weights;
}

}  // namespace freehold::formats
