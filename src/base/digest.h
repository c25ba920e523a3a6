// SHA-256 digests (FIPS 180-4), as lower-case hexadecimal text.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "freehold/result.h"

namespace freehold {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::span<const std::byte> bytes);
  void update(std::string_view text) { update(std::as_bytes(std::span(text))); }
  std::string finish();  // 64 hexadecimal digits; the object is spent afterwards

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string sha256(std::string_view text);

// The digest of a file, read in pieces. `progress` is told the bytes done so far; may be empty.
Result<std::string> sha256_file(const std::filesystem::path& path,
                                const std::function<void(std::size_t)>& progress = {});

}  // namespace freehold
