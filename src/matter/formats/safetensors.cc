#include "formats/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "formats/bounded_json.h"
#include "formats/byte_reader.h"
#include "formats/names.h"

namespace freehold::formats {
namespace {

constexpr std::uint64_t max_header_bytes = 100'000'000;  // the reference implementation's
constexpr std::size_t max_dimensions = 16;
constexpr std::size_t length_bytes = 8;

const Value* member(const Value& entry, std::string_view name) {
  return entry.as_object() == nullptr ? nullptr : entry.find(name);
}

Result<std::uint64_t> natural(const Value& value, std::string_view field) {
  const std::int64_t* number = value.as_integer();
  if (number != nullptr && *number >= 0) return static_cast<std::uint64_t>(*number);
  return fail(ErrorCode::invalid, fmt::format("{} is not a whole number from 0", field));
}

Result<DType> read_type(const Value& entry) {
  const Value* value = member(entry, "dtype");
  const std::string* name = value == nullptr ? nullptr : value->as_string();
  if (name == nullptr) return fail(ErrorCode::invalid, "\"dtype\" is missing or no string");
  if (const auto type = dtype_from_safetensors(*name)) return *type;
  return fail(ErrorCode::invalid, fmt::format("unknown dtype {}", in_quotes(*name)));
}

// The number of elements is checked so that TensorView::elements() can be trusted.
Result<std::vector<std::uint64_t>> read_shape(const Value& entry) {
  const Value* value = member(entry, "shape");
  const List* list = value == nullptr ? nullptr : value->as_list();
  if (list == nullptr) return fail(ErrorCode::invalid, "\"shape\" is missing or no list");
  if (list->size() > max_dimensions) {
    return fail(ErrorCode::invalid,
                fmt::format("{} dimensions; the limit is {}", list->size(), max_dimensions));
  }
  std::vector<std::uint64_t> shape;
  std::uint64_t elements = 1;
  for (const Value& extent : *list) {
    shape.push_back(TRY(natural(extent, fmt::format("shape[{}]", shape.size()))));
    if (__builtin_mul_overflow(elements, shape.back(), &elements)) {
      return fail(ErrorCode::invalid, "\"shape\": the number of elements overflows");
    }
  }
  return shape;
}

struct Range {
  std::uint64_t begin;
  std::uint64_t end;
};

Result<Range> read_range(const Value& entry) {
  const Value* value = member(entry, "data_offsets");
  const List* list = value == nullptr ? nullptr : value->as_list();
  if (list == nullptr || list->size() != 2) {
    return fail(ErrorCode::invalid, "\"data_offsets\" is missing or no list of two numbers");
  }
  const Range range{TRY(natural((*list)[0], "data_offsets[0]")),
                    TRY(natural((*list)[1], "data_offsets[1]"))};
  if (range.begin <= range.end) return range;
  return fail(ErrorCode::invalid, fmt::format("\"data_offsets\" end at {}, before they begin at {}",
                                              range.end, range.begin));
}

// One entry of the header; `data` is what follows it, from byte `data_start` of the file on.
Result<NamedTensor> read_tensor(const std::string& name, const Value& entry,
                                std::span<const std::byte> data, std::uint64_t data_start) {
  NamedTensor tensor;
  tensor.name = name;
  tensor.view.type = TRY(read_type(entry));
  tensor.view.shape = TRY(read_shape(entry));
  const Range range = TRY(read_range(entry));
  if (range.end > data.size()) {
    return fail(ErrorCode::invalid,
                fmt::format("its data ends at byte {} of the {} that follow the header at byte {}",
                            range.end, data.size(), data_start),
                "the file is cut short: fetch it again");
  }
  const auto bytes = bytes_of(tensor.view.type, tensor.view.elements());
  if (!bytes || *bytes != range.end - range.begin) {
    return fail(ErrorCode::invalid,
                fmt::format("its data at byte {} is {} bytes long, its shape and dtype need {}",
                            data_start + range.begin, range.end - range.begin,
                            bytes ? fmt::to_string(*bytes) : "another number"));
  }
  tensor.bytes = *bytes;
  tensor.offset = data_start + range.begin;
  tensor.view.data = data.data() + range.begin;
  return tensor;
}

Result<void> check_metadata(const Value& metadata) {
  const Object* members = metadata.as_object();
  if (members == nullptr) return fail(ErrorCode::invalid, "not an object");
  for (const auto& [key, value] : *members) {
    if (value.as_string() == nullptr) {
      return fail(ErrorCode::invalid, fmt::format("the value of {} is no string", in_quotes(key)));
    }
  }
  return {};
}

// Sorts by place and demands that every byte of the data belongs to exactly one tensor.
Result<void> check_cover(std::vector<NamedTensor>& tensors, std::uint64_t data_start,
                         std::uint64_t file_bytes) {
  // Tensors without elements share their offset with the next one and come first.
  std::ranges::sort(tensors, {}, [](const NamedTensor& tensor) {
    return std::tuple(tensor.offset, tensor.bytes, std::string_view(tensor.name));
  });
  std::uint64_t covered = data_start;
  for (const NamedTensor& tensor : tensors) {
    if (tensor.offset != covered) {
      return fail(ErrorCode::invalid,
                  fmt::format("tensor {} at byte {} {} byte {}, where the one before it ends",
                              in_quotes(tensor.name), tensor.offset,
                              tensor.offset < covered ? "overlaps: it begins before"
                                                      : "leaves a hole behind",
                              covered));
    }
    covered += tensor.bytes;
  }
  if (covered == file_bytes) return {};
  return fail(ErrorCode::invalid, fmt::format("{} bytes from byte {} on belong to no tensor",
                                              file_bytes - covered, covered));
}

Result<std::string_view> read_header(ByteReader& in) {
  const auto size = TRY(in.read<std::uint64_t>("header length"));
  if (size > max_header_bytes) {
    return fail(ErrorCode::invalid, fmt::format("header length at byte 0 is {}; the limit is {}",
                                                size, max_header_bytes));
  }
  const std::string_view header = TRY(in.text(size, "header"));
  if (header.starts_with('{')) return header;
  return fail(ErrorCode::invalid, "header at byte 8 does not begin with a brace");
}

}  // namespace

bool looks_like_safetensors(std::span<const std::byte> bytes) {
  ByteReader in(bytes);
  const auto size = in.read<std::uint64_t>("header length");
  return size && *size <= max_header_bytes && bytes.size() > length_bytes &&
         bytes[length_bytes] == std::byte{'{'};
}

Result<Safetensors> parse_safetensors(std::span<const std::byte> bytes) {
  ByteReader in(bytes);
  const std::string_view header = TRY(read_header(in));
  Value entries = TRY_IN("header at byte 8", parse_json_object(header));
  const std::span<const std::byte> data = bytes.subspan(in.offset());

  Safetensors file;
  for (auto& [name, entry] : *entries.as_object()) {
    if (name == "__metadata__") {
      TRY_IN("header: __metadata__", check_metadata(entry));
      file.metadata = std::move(entry);
      continue;
    }
    if (!is_proper_name(name)) {
      return fail(ErrorCode::invalid,
                  fmt::format("header: the tensor name {} is empty or has control characters",
                              in_quotes(name)));
    }
    file.tensors.push_back(
        TRY_IN("tensor " + in_quotes(name), read_tensor(name, entry, data, in.offset())));
  }
  TRY(check_cover(file.tensors, in.offset(), bytes.size()));
  return file;
}

}  // namespace freehold::formats
