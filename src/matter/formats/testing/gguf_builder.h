// Writes GGUF files for tests, byte by byte, so that a test can also write wrong ones. Not for
// anything else: it trusts its caller.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace freehold::formats::testing {

// clang-format off
enum class GgufType : std::uint32_t {
  u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64,
};
// clang-format on

class GgufBuilder {
 public:
  std::uint32_t version = 3;
  std::uint64_t alignment = 32;    // of the layout; general.alignment is the caller's to write
  std::uint64_t tensor_count = 0;  // what the header says: kept in step, the caller's to falsify
  std::uint64_t metadata_count = 0;

  // A pair whose value is these bytes.
  GgufBuilder& raw(std::string_view key, GgufType type, std::string_view bytes) {
    ++metadata_count;
    put_text(metadata_, key);
    put(metadata_, type);
    metadata_ += bytes;
    return *this;
  }
  template <class T>
  GgufBuilder& number(std::string_view key, GgufType type, T value) {
    return raw(key, type, bytes_of(value));
  }
  GgufBuilder& text(std::string_view key, std::string_view value) {
    return raw(key, GgufType::string, counted(value));
  }
  GgufBuilder& texts(std::string_view key, std::span<const std::string> values) {
    std::string bytes = bytes_of(GgufType::string) + bytes_of(std::uint64_t{values.size()});
    for (const std::string& value : values) put_text(bytes, value);
    return raw(key, GgufType::array, bytes);
  }
  template <class T>
  GgufBuilder& numbers(std::string_view key, GgufType type, std::span<const T> values) {
    std::string bytes = bytes_of(type) + bytes_of(std::uint64_t{values.size()});
    for (const T value : values) put(bytes, value);
    return raw(key, GgufType::array, bytes);
  }

  // `extents` innermost first, as in the file; placed behind the tensor before, aligned.
  GgufBuilder& tensor(std::string_view name, const std::vector<std::uint64_t>& extents,
                      std::uint32_t type, std::string_view content) {
    pad(data_);
    describe(name, extents, type, data_.size());
    return data(content);
  }
  // Only the description of a tensor, at any offset.
  GgufBuilder& describe(std::string_view name, const std::vector<std::uint64_t>& extents,
                        std::uint32_t type, std::uint64_t offset) {
    ++tensor_count;
    put_text(descriptions_, name);
    put(descriptions_, static_cast<std::uint32_t>(extents.size()));
    for (const std::uint64_t extent : extents) put(descriptions_, extent);
    put(descriptions_, type);
    put(descriptions_, offset);
    return *this;
  }
  GgufBuilder& data(std::string_view bytes) {
    data_ += bytes;
    return *this;
  }

  std::string bytes() const {
    std::string file = "GGUF" + bytes_of(version) + bytes_of(tensor_count) +
                       bytes_of(metadata_count) + metadata_ + descriptions_;
    if (!descriptions_.empty()) pad(file);
    return file + data_;
  }

  template <class T>
  static std::string bytes_of(T value) {
    std::string bytes(sizeof(T), '\0');
    std::memcpy(bytes.data(), &value, sizeof(T));
    return bytes;
  }
  static std::string counted(std::string_view text) {
    return bytes_of(std::uint64_t{text.size()}).append(text);
  }

 private:
  template <class T>
  static void put(std::string& to, T value) {
    to += bytes_of(value);
  }
  static void put_text(std::string& to, std::string_view text) { to += counted(text); }
  void pad(std::string& bytes) const {
    bytes.resize((bytes.size() + alignment - 1) / alignment * alignment);
  }

  std::string metadata_;
  std::string descriptions_;
  std::string data_;
};

}  // namespace freehold::formats::testing
