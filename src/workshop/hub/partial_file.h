// A file that is being fetched: PATH.part holds bytes with holes, PATH.state says which of them can
// be trusted and what they belong to. Knows nothing of HTTP; the digest of the whole is the
// caller's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "freehold/result.h"
#include "hub/byte_set.h"

namespace freehold::hub {

// What the bytes belong to. Bytes of one identity are never mixed with those of another.
struct FileIdentity {
  std::string url;
  std::string validator;  // strong ETag or Last-Modified; may be empty
  std::string sha256;     // that the whole must have; may be empty
  std::optional<std::uint64_t> bytes;
};

class PartialFile {
 public:
  // Opens or creates the pair. A state that cannot be read means starting anew.
  static Result<PartialFile> open(std::filesystem::path path);
  PartialFile(PartialFile&& other) noexcept;
  PartialFile& operator=(PartialFile&&) = delete;
  ~PartialFile();

  // Keeps the bytes if they can belong to `wanted` (the same digest, or the same address with a
  // validator), else forgets them. Afterwards the identity is `wanted` with what was known kept.
  Result<void> adopt(const FileIdentity& wanted);
  // Forgets all bytes.
  Result<void> restart();

  Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes);
  // Makes what was written so far survive a crash.
  Result<void> save();
  std::uint64_t unsaved_bytes() const { return unsaved_bytes_; }

  bool complete() const;
  const ByteSet& present() const { return present_; }
  FileIdentity& identity() { return identity_; }
  const std::filesystem::path& data_path() const { return data_path_; }

  // The whole file takes its final name (PATH); the state goes away.
  Result<void> finish();
  // Both files go away.
  void discard();

 private:
  PartialFile() = default;
  std::filesystem::path path_, data_path_, state_path_;
  int descriptor_ = -1;
  FileIdentity identity_;
  ByteSet present_;
  std::uint64_t unsaved_bytes_ = 0;
};

}  // namespace freehold::hub
