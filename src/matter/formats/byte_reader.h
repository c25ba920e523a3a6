// A cursor over bytes that nobody vouches for: little-endian numbers and counted strings, each
// checked against the end before it is touched. Not a parser; it knows no format.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "freehold/result.h"

namespace freehold::formats {

static_assert(std::endian::native == std::endian::little, "weights are read where they are mapped");

class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::size_t offset() const { return offset_; }
  std::size_t remaining() const { return bytes_.size() - offset_; }

  // The next number; `field` names it in the error when the bytes end before it does.
  template <class T>
    requires std::is_arithmetic_v<T>
  Result<T> read(std::string_view field) {
    if (remaining() < sizeof(T)) [[unlikely]]
      return cut_short(field, sizeof(T));
    T value;
    std::memcpy(&value, bytes_.data() + offset_, sizeof(T));
    offset_ += sizeof(T);
    return value;
  }

  // The next `size` bytes as text. The view points into the input.
  Result<std::string_view> text(std::uint64_t size, std::string_view field) {
    if (remaining() < size) [[unlikely]]
      return cut_short(field, size);
    const auto* start = reinterpret_cast<const char*>(bytes_.data() + offset_);
    offset_ += size;
    return std::string_view(start, size);
  }

 private:
  std::unexpected<Error> cut_short(std::string_view field, std::uint64_t size) const;

  std::span<const std::byte> bytes_;
  std::size_t offset_ = 0;
};

}  // namespace freehold::formats
