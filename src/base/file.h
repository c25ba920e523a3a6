// Files: read whole within a bound, mapped, or replaced atomically. Not directories, not downloads.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "freehold/result.h"

namespace freehold {

// A whole file mapped read-only; the mapping lives as long as the object. Moves keep addresses.
class MappedFile {
 public:
  // `invalid` when it cannot be opened, is no regular file, or is empty.
  static Result<MappedFile> open(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return bytes_; }
  std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  MappedFile() = default;
  std::filesystem::path path_;
  std::span<const std::byte> bytes_;
};

// The content of a regular file; `invalid` when it is missing, unreadable or longer than max_bytes.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes);

// Everything up to end-of-file from a descriptor (standard input), within max_bytes.
Result<std::string> read_descriptor(int descriptor, std::size_t max_bytes);

// Writes a file that a reader sees either as it was or whole: written beside, synced, renamed.
Result<void> replace_file(const std::filesystem::path& path, std::string_view content);

}  // namespace freehold
