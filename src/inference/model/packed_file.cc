#include "model/packed_file.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/digest.h"
#include "base/file.h"

namespace freehold::model {
namespace {

constexpr std::size_t samples = 32;
constexpr std::size_t sample_bytes = 4096;

Result<void> add_identity(const std::filesystem::path& path, Sha256& digest) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) {
    return fail(ErrorCode::invalid, fmt::format("cannot examine {}", path.string()));
  }
  digest.update(fmt::format("{} {} {} {}.{}\n", info.st_dev, info.st_ino, info.st_size,
                            info.st_mtim.tv_sec, info.st_mtim.tv_nsec));
  const MappedFile file = TRY(MappedFile::open(path));
  const std::span<const std::byte> bytes = file.bytes();
  const std::size_t last = bytes.size() - std::min(sample_bytes, bytes.size());
  for (std::size_t i = 0; i < samples; ++i) {
    const std::size_t at = last / (samples - 1) * i;
    digest.update(bytes.subspan(at, std::min(sample_bytes, bytes.size() - at)));
  }
  return {};
}

}  // namespace

Result<std::filesystem::path> packed_file(const std::filesystem::path& folder,
                                          const formats::Checkpoint& checkpoint,
                                          std::size_t panel_rows) {
  Sha256 digest;
  for (const std::filesystem::path& path : checkpoint.files()) TRY(add_identity(path, digest));
  return folder / fmt::format("{}-{}.panels", digest.finish().substr(0, 32), panel_rows);
}

std::string packed_header(std::string_view contents, const formats::Checkpoint& checkpoint) {
  std::string header = fmt::format("freehold panels\ncontents {}\n", sha256(contents));
  for (const std::filesystem::path& path : checkpoint.files()) {
    std::error_code unknown;
    const std::filesystem::path whole = std::filesystem::absolute(path, unknown).lexically_normal();
    const std::string line = fmt::format("source {}\n", whole.string());
    if (header.size() + line.size() > packed_header_bytes) break;
    header += line;
  }
  header.resize(packed_header_bytes);
  return header;
}

}  // namespace freehold::model
