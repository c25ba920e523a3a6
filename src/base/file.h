// Files: read whole within a bound, mapped, or replaced atomically. Not directories, not downloads.
#pragma once

#include <cstddef>
#include <cstdint>
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

// Tells the system that mapped bytes will not be needed soon: whole pages inside leave resident
// memory and are read again when touched. For mappings of files only.
void forget_pages(std::span<const std::byte> bytes);

// A large file that is written piece by piece and then appears under its name at once. Nothing
// stays behind when it is dropped before commit().
class FileReplacement {
 public:
  // Reserves the disk space, so that a full disk is known before the work (`absent`).
  static Result<FileReplacement> begin(const std::filesystem::path& path, std::uint64_t bytes);
  FileReplacement(FileReplacement&& other) noexcept;
  FileReplacement& operator=(FileReplacement&&) = delete;
  ~FileReplacement();

  Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes);
  Result<void> commit();  // synced and renamed

 private:
  FileReplacement(std::filesystem::path path, std::filesystem::path beside, int descriptor);
  std::filesystem::path path_, beside_;
  int descriptor_;
};

// The content of a regular file; `invalid` when it is missing, unreadable or longer than max_bytes.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes);

// Everything up to end-of-file from a descriptor (standard input), within max_bytes.
Result<std::string> read_descriptor(int descriptor, std::size_t max_bytes);

// Writes a file that a reader sees either as it was or whole: written beside, synced, renamed.
Result<void> replace_file(const std::filesystem::path& path, std::string_view content);

}  // namespace freehold
