#include "formats/gguf.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "base/json.h"
#include "formats/byte_reader.h"
#include "formats/gguf_metadata.h"
#include "formats/names.h"

namespace freehold::formats {
namespace {

constexpr std::string_view magic = "GGUF";
constexpr std::uint64_t default_alignment = 32;
constexpr std::uint64_t least_alignment = 8;  // the specification's
constexpr std::uint64_t most_alignment = std::uint64_t{1} << 30;

// The fewest bytes of a key-value pair (an empty string's length, one letter, a type, a byte) and
// of a tensor's description (a one-letter name, no dimensions, type, offset).
constexpr std::uint64_t least_pair_bytes = 8 + 1 + 4 + 1;
constexpr std::uint64_t least_tensor_bytes = 8 + 1 + 4 + 4 + 8;

Result<std::uint32_t> read_version(ByteReader& in) {
  const std::string_view found = TRY(in.text(magic.size(), "magic"));
  if (found != magic) {
    return fail(ErrorCode::invalid,
                fmt::format("not a GGUF file: begins with {}, not \"GGUF\"", in_quotes(found)));
  }
  const auto version = TRY(in.read<std::uint32_t>("version"));
  if (version == 2 || version == 3) return version;
  if (const auto swapped = std::byteswap(version); swapped >= 1 && swapped <= 3) {
    return fail(ErrorCode::invalid, "version at byte 4: this is a big-endian GGUF file",
                "convert it to little-endian, or fetch the ordinary file of this model");
  }
  return fail(ErrorCode::invalid,
              fmt::format("version at byte 4 is {}; 2 and 3 can be read", version),
              version == 1 ? "convert the model again: version 1 was replaced in 2023" : "");
}

Result<std::uint64_t> read_count(ByteReader& in, std::string_view field, std::uint64_t limit,
                                 std::uint64_t least_bytes) {
  const std::size_t at = in.offset();
  const auto count = TRY(in.read<std::uint64_t>(field));
  if (count > limit) {
    return fail(ErrorCode::invalid,
                fmt::format("{} at byte {} is {}; the limit is {}", field, at, count, limit));
  }
  if (count > in.remaining() / least_bytes) {
    return fail(ErrorCode::invalid, fmt::format("{} at byte {} is {}, but only {} bytes follow",
                                                field, at, count, in.remaining()));
  }
  return count;
}

Result<std::uint64_t> alignment_of(const GgufMetadata& metadata) {
  const auto found =
      std::ranges::find(metadata.values, "general.alignment", &Object::value_type::first);
  if (found == metadata.values.end()) return default_alignment;
  const std::uint64_t at = metadata.offsets[found - metadata.values.begin()];
  const std::int64_t* given = found->second.as_integer();
  const auto alignment = given == nullptr ? 0 : static_cast<std::uint64_t>(*given);
  if (std::has_single_bit(alignment) && alignment >= least_alignment &&
      alignment <= most_alignment) {
    return alignment;
  }
  return fail(ErrorCode::invalid,
              fmt::format("general.alignment at byte {} is {}, not a power of two from {} to {}",
                          at, to_json(found->second), least_alignment, most_alignment));
}

// Extents come innermost first; the product is checked so that elements() can be trusted.
Result<std::vector<std::uint64_t>> read_shape(ByteReader& in) {
  const std::size_t at = in.offset();
  const auto dimensions = TRY(in.read<std::uint32_t>("number of dimensions"));
  if (dimensions > GgufLimits::dimensions) {
    return fail(ErrorCode::invalid, fmt::format("{} dimensions at byte {}; the limit is {}",
                                                dimensions, at, GgufLimits::dimensions));
  }
  std::vector<std::uint64_t> shape(dimensions);
  std::uint64_t elements = 1;
  for (std::uint32_t i = 0; i < dimensions; ++i) {
    const std::size_t here = in.offset();
    const auto extent = TRY(in.read<std::uint64_t>("dimension"));
    if (extent == 0) {
      return fail(ErrorCode::invalid, fmt::format("dimension {} at byte {} is zero", i, here));
    }
    if (__builtin_mul_overflow(elements, extent, &elements)) {
      return fail(ErrorCode::invalid,
                  fmt::format("dimension {} at byte {} is {}: the number of elements overflows", i,
                              here, extent));
    }
    shape[dimensions - 1 - i] = extent;
  }
  return shape;
}

Result<DType> read_type(ByteReader& in) {
  const std::size_t at = in.offset();
  const auto number = TRY(in.read<std::uint32_t>("type"));
  if (const auto type = dtype_from_gguf(number)) return *type;
  return fail(ErrorCode::invalid, fmt::format("unknown tensor type {} at byte {}", number, at),
              "the file is newer than this program, or comes from a private fork");
}

// All of a tensor's description but its name. `offset` is still relative to the data section.
Result<void> read_description(ByteReader& in, NamedTensor& tensor) {
  TensorView& view = tensor.view;
  view.shape = TRY(read_shape(in));
  const std::size_t at = in.offset();
  view.type = TRY(read_type(in));
  const DTypeTraits& type = traits(view.type);
  const std::uint64_t row = view.shape.empty() ? 1 : view.shape.back();
  if (row % type.block_elements != 0) {
    return fail(ErrorCode::invalid,
                fmt::format("rows of {} elements are no whole blocks of {} for type {} at byte {}",
                            row, type.block_elements, type.name, at));
  }
  const auto bytes = bytes_of(view.type, view.elements());
  if (!bytes) {
    return fail(ErrorCode::invalid,
                fmt::format("its size in bytes overflows (type {} at byte {})", type.name, at));
  }
  tensor.bytes = *bytes;
  tensor.offset = TRY(in.read<std::uint64_t>("offset"));
  return {};
}

Result<std::vector<NamedTensor>> read_descriptions(ByteReader& in, std::uint64_t count) {
  std::vector<NamedTensor> tensors;
  std::unordered_set<std::string_view> names;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::size_t at = in.offset();
    const std::string_view name =
        TRY_IN(fmt::format("tensor {}", i), read_gguf_name(in, GgufLimits::name_bytes));
    if (!names.insert(name).second) {
      return fail(ErrorCode::invalid,
                  fmt::format("tensor {} at byte {} appears twice", in_quotes(name), at));
    }
    NamedTensor tensor;
    tensor.name = name;
    TRY_IN("tensor " + in_quotes(name), read_description(in, tensor));
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

Result<void> place(NamedTensor& tensor, std::span<const std::byte> file, std::uint64_t data_start,
                   std::uint64_t alignment) {
  if (tensor.offset % alignment != 0) {
    return fail(ErrorCode::invalid,
                fmt::format("tensor {}: offset {} in the data section (byte {}) is not a multiple "
                            "of the alignment {}",
                            in_quotes(tensor.name), tensor.offset, data_start, alignment));
  }
  const std::uint64_t room = file.size() - data_start;
  if (tensor.offset > room || tensor.bytes > room - tensor.offset) {
    return fail(
        ErrorCode::invalid,
        fmt::format("tensor {}: {} bytes at offset {} of the data section (byte {}) run "
                    "past the end of the file at byte {}",
                    in_quotes(tensor.name), tensor.bytes, tensor.offset, data_start, file.size()),
        "the file is cut short: fetch it again");
  }
  tensor.offset += data_start;
  tensor.view.data = file.data() + tensor.offset;
  return {};
}

Result<void> refuse_overlaps(std::span<const NamedTensor> tensors) {
  std::vector<const NamedTensor*> order;
  for (const NamedTensor& tensor : tensors) order.push_back(&tensor);
  std::ranges::sort(order, {}, &NamedTensor::offset);
  for (std::size_t i = 1; i < order.size(); ++i) {
    const NamedTensor& before = *order[i - 1];
    if (before.offset + before.bytes > order[i]->offset) {
      return fail(ErrorCode::invalid,
                  fmt::format("tensor {} at byte {} overlaps tensor {}, which ends at byte {}",
                              in_quotes(order[i]->name), order[i]->offset, in_quotes(before.name),
                              before.offset + before.bytes));
    }
  }
  return {};
}

}  // namespace

bool looks_like_gguf(std::span<const std::byte> bytes) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

Result<Gguf> parse_gguf(std::span<const std::byte> bytes) {
  ByteReader in(bytes);
  Gguf gguf;
  gguf.version = TRY(read_version(in));
  const auto tensor_count =
      TRY(read_count(in, "tensor count", GgufLimits::tensor_count, least_tensor_bytes));
  const auto metadata_count =
      TRY(read_count(in, "metadata count", GgufLimits::metadata_count, least_pair_bytes));
  GgufMetadata metadata = TRY(read_gguf_metadata(in, metadata_count));
  gguf.alignment = TRY(alignment_of(metadata));
  gguf.metadata = std::move(metadata.values);
  gguf.tensors = TRY(read_descriptions(in, tensor_count));

  const std::uint64_t padding = (gguf.alignment - in.offset() % gguf.alignment) % gguf.alignment;
  if (!gguf.tensors.empty()) TRY(in.text(padding, "padding before the data section"));
  for (NamedTensor& tensor : gguf.tensors) TRY(place(tensor, bytes, in.offset(), gguf.alignment));
  TRY(refuse_overlaps(gguf.tensors));
  return gguf;
}

}  // namespace freehold::formats
