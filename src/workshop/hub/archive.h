// One member of a zip or a gzipped tar, as a stream of bytes: the wall around libarchive. Writes no
// file and uses no path from the archive; the member is asked for by its exact name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "freehold/result.h"

namespace freehold::hub {

struct ArchiveMember {
  std::string name;
  std::uint64_t max_bytes = 0;
  // The size that the archive announces, before the first byte; it may lie.
  std::function<Result<void>(std::optional<std::uint64_t> bytes)> on_size;
  std::function<Result<void>(std::span<const std::byte> bytes)> on_bytes;
};

// `invalid` when this is no such archive, the member is missing, no regular file, or longer than
// max_bytes.
Result<void> read_member(const std::filesystem::path& archive, const ArchiveMember& member);

}  // namespace freehold::hub
