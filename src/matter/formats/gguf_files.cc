#include "formats/gguf_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <unordered_set>
#include <utility>

#include "formats/directory.h"
#include "formats/gguf.h"
#include "formats/gguf_metadata.h"
#include "formats/names.h"

namespace freehold::formats {
namespace {

constexpr std::uint32_t max_parts = 4096;
constexpr std::size_t part_digits = 5;

std::optional<std::uint32_t> part_number(std::string_view digits) {
  std::uint32_t number = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, number);
  if (digits.size() != part_digits || error != std::errc() || stop != end) return std::nullopt;
  return number;
}

// The split.* keys; a lone file has none, or a count of one.
struct Split {
  std::uint32_t number = 0;  // from zero
  std::uint32_t count = 1;
  std::optional<std::uint64_t> tensors;  // of all parts together
};

Result<std::optional<std::uint64_t>> whole_number(const Value& metadata, std::string_view key,
                                                  std::uint64_t limit) {
  const Value* value = metadata.find(key);
  if (value == nullptr) return std::nullopt;
  const std::int64_t* number = value->as_integer();
  if (number != nullptr && *number >= 0 && static_cast<std::uint64_t>(*number) <= limit) {
    return static_cast<std::uint64_t>(*number);
  }
  return fail(ErrorCode::invalid,
              fmt::format("metadata \"{}\" is not a whole number up to {}", key, limit));
}

Result<Split> read_split(const Value& metadata) {
  const auto number = TRY(whole_number(metadata, "split.no", max_parts - 1));
  const auto count = TRY(whole_number(metadata, "split.count", max_parts));
  Split split;
  split.tensors = TRY(whole_number(metadata, "split.tensors.count", GgufLimits::tensor_count));
  if (!count || *count <= 1) return split;
  split.count = static_cast<std::uint32_t>(*count);
  if (!number || *number >= *count) {
    return fail(
        ErrorCode::invalid,
        fmt::format("metadata \"split.no\" is missing or not below \"split.count\", {}", *count));
  }
  split.number = static_cast<std::uint32_t>(*number);
  return split;
}

struct Part {
  MappedFile file;
  Gguf gguf;
  Split split;
};

Result<Part> open_part(const std::filesystem::path& path) {
  MappedFile file = TRY(MappedFile::open(path));
  Gguf gguf = TRY_IN(path.string(), parse_gguf(file.bytes()));
  const Split split = TRY_IN(path.string(), read_split(gguf.metadata));
  return Part{std::move(file), std::move(gguf), split};
}

Result<PartName> name_of_part(const std::filesystem::path& path, const Split& split) {
  const auto name = parse_part_name(path.filename().string(), ".gguf");
  if (name && name->parts == split.count && name->part == split.number + 1) return *name;
  return fail(ErrorCode::invalid,
              fmt::format("{}: the file says it is part {} of {}, its name does not", path.string(),
                          split.number + 1, split.count),
              fmt::format("give the parts their names back: NAME-{:05}-of-{:05}.gguf",
                          split.number + 1, split.count));
}

void append(Weights& weights, Part part) {
  const auto index = static_cast<std::uint32_t>(weights.files.size());
  for (NamedTensor& tensor : part.gguf.tensors) {
    tensor.file = index;
    weights.tensors.push_back(std::move(tensor));
  }
  if (index == 0) weights.metadata = std::move(part.gguf.metadata);
  weights.files.push_back(std::move(part.file));
}

Result<void> refuse_duplicates(const Weights& weights) {
  std::unordered_set<std::string_view> names;
  for (const NamedTensor& tensor : weights.tensors) {
    if (names.insert(tensor.name).second) continue;
    return fail(ErrorCode::invalid,
                fmt::format("{}: tensor {} is also in an earlier part",
                            weights.files[tensor.file].path().string(), in_quotes(tensor.name)));
  }
  return {};
}

Result<Weights> open_parts(const std::filesystem::path& path, const PartName& name) {
  Weights weights;
  Split first;
  for (std::uint32_t i = 0; i < name.parts; ++i) {
    const std::string sibling_name = part_name(name.stem, i + 1, name.parts, ".gguf");
    const auto sibling = TRY(find_in(path.parent_path(), sibling_name));
    if (!sibling) {
      return fail(ErrorCode::invalid, fmt::format("{}: part {} of {} is missing: {}", path.string(),
                                                  i + 1, name.parts, sibling_name));
    }
    Part part = TRY(open_part(*sibling));
    TRY(name_of_part(*sibling, part.split));
    if (i == 0) first = part.split;
    append(weights, std::move(part));
    if (weights.tensors.size() > GgufLimits::tensor_count) {
      return fail(ErrorCode::invalid, fmt::format("{}: more than {} tensors in all parts",
                                                  sibling->string(), GgufLimits::tensor_count));
    }
  }
  TRY(refuse_duplicates(weights));
  if (first.tensors && *first.tensors != weights.tensors.size()) {
    return fail(ErrorCode::invalid,
                fmt::format("{}: \"split.tensors.count\" promises {} tensors, the {} parts hold {}",
                            weights.files.front().path().string(), *first.tensors, name.parts,
                            weights.tensors.size()));
  }
  return weights;
}

}  // namespace

std::optional<PartName> parse_part_name(std::string_view name, std::string_view extension) {
  constexpr std::string_view between = "-of-";
  constexpr std::size_t tail = 1 + part_digits + between.size() + part_digits;
  if (!name.ends_with(extension)) return std::nullopt;
  name.remove_suffix(extension.size());
  if (name.size() <= tail) return std::nullopt;
  const std::string_view stem = name.substr(0, name.size() - tail);
  const std::string_view numbers = name.substr(stem.size());
  const auto part = part_number(numbers.substr(1, part_digits));
  const auto parts = part_number(numbers.substr(tail - part_digits));
  if (numbers[0] != '-' || numbers.substr(1 + part_digits, between.size()) != between || !part ||
      !parts || *part == 0 || *part > *parts) {
    return std::nullopt;
  }
  return PartName{std::string(stem), *part, *parts};
}

std::string part_name(std::string_view stem, std::uint32_t part, std::uint32_t parts,
                      std::string_view extension) {
  return fmt::format("{}-{:05}-of-{:05}{}", stem, part, parts, extension);
}

Result<Weights> open_gguf(const std::filesystem::path& path) {
  Part part = TRY(open_part(path));
  if (part.split.count > 1) return open_parts(path, TRY(name_of_part(path, part.split)));
  Weights weights;
  append(weights, std::move(part));
  return weights;
}

}  // namespace freehold::formats
