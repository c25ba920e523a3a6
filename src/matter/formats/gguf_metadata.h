// The key-value section of a GGUF file. Not what the keys mean: that is for whoever asks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "formats/byte_reader.h"
#include "freehold/result.h"
#include "freehold/value.h"

namespace freehold::formats {

// What a file may hold at most. Real files stay below a hundredth of these in keys and tensors and
// below a quarter in values; the limits bound the memory that a hostile one can cost.
struct GgufLimits {
  static constexpr std::uint64_t metadata_count = 1 << 16;
  static constexpr std::uint64_t tensor_count = 1 << 20;
  static constexpr std::uint64_t key_bytes = (1 << 16) - 1;  // the specification's
  static constexpr std::uint64_t name_bytes = 1 << 10;
  static constexpr std::uint64_t string_bytes = 1 << 26;
  static constexpr std::uint64_t values = 1 << 23;  // all array elements of a file together
  static constexpr int nesting = 8;
  static constexpr std::uint32_t dimensions = 4;
};

struct GgufMetadata {
  Object values;                       // in the order of the file
  std::vector<std::uint64_t> offsets;  // of each key in the file
};

// Reads `count` pairs. Integers of every width become whole numbers; an unsigned 64-bit number that
// does not fit a signed one becomes the nearest double, as in base/json.h. Strings are kept byte
// for byte: some vocabularies hold pieces that are no UTF-8.
Result<GgufMetadata> read_gguf_metadata(ByteReader& in, std::uint64_t count);

// A string with its 64-bit length in front.
Result<std::string_view> read_gguf_string(ByteReader& in, std::uint64_t max_bytes);

// A string that names something: not empty and free of control characters.
Result<std::string_view> read_gguf_name(ByteReader& in, std::uint64_t max_bytes);

}  // namespace freehold::formats
