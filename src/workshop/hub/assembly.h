// A file put together from bytes at hand (an archive's members, a local file), digested on the way.
// For bytes that come over HTTP see transfer.h.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "base/digest.h"
#include "hub/transfer.h"

namespace freehold::hub {

class Assembly {
 public:
  // Writes beside `destination`; `name` is for messages.
  static Result<Assembly> create(TransferContext& context, std::filesystem::path destination,
                                 std::string name);
  Assembly(Assembly&&) noexcept = default;
  ~Assembly();

  // How much will come in all, when that becomes known; checks the disk.
  Result<void> expect(std::uint64_t more_bytes);
  // `interrupted` when cancelled.
  Result<void> append(std::span<const std::byte> bytes);
  std::uint64_t bytes() const { return bytes_; }

  // The file takes its name if it has this digest, or whatever it has when `sha256` is empty.
  Result<FetchedFile> finish(const std::string& sha256);

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  Assembly() = default;

  TransferContext* context_ = nullptr;
  std::filesystem::path destination_;
  std::filesystem::path beside_;
  std::string name_;
  std::unique_ptr<std::FILE, Closer> file_;
  Sha256 digest_;
  std::uint64_t bytes_ = 0;
  std::uint64_t expected_bytes_ = 0;
};

}  // namespace freehold::hub
