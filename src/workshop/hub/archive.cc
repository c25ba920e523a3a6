#include "hub/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <memory>
#include <vector>

namespace freehold::hub {
namespace {

constexpr std::size_t max_entries = 100'000;
constexpr std::size_t read_bytes = 1 << 20;

struct Release {
  void operator()(struct ::archive* reader) const { ::archive_read_free(reader); }
};
using Reader = std::unique_ptr<struct ::archive, Release>;

std::unexpected<Error> broken(const std::filesystem::path& path, struct ::archive* reader) {
  const char* reason = ::archive_error_string(reader);
  return fail(ErrorCode::invalid, fmt::format("{}: {}", path.filename().string(),
                                              reason != nullptr ? reason : "cannot be read"));
}

Result<void> pass_on(struct ::archive* reader, const std::filesystem::path& path,
                     const ArchiveMember& member) {
  std::vector<std::byte> piece(read_bytes);
  for (std::uint64_t done = 0;;) {
    const la_ssize_t got = ::archive_read_data(reader, piece.data(), piece.size());
    if (got < 0) return broken(path, reader);
    if (got == 0) return {};
    const auto count = static_cast<std::size_t>(got);
    if (count > member.max_bytes - done) {
      return fail(ErrorCode::invalid,
                  fmt::format("{} is longer than {} bytes", member.name, member.max_bytes));
    }
    done += count;
    TRY(member.on_bytes(std::span(piece).first(count)));
  }
}

}  // namespace

Result<void> read_member(const std::filesystem::path& path, const ArchiveMember& member) {
  const Reader reader(::archive_read_new());
  CHECK(reader != nullptr);
  // Nothing else: every further format is a parser that hostile bytes would reach.
  ::archive_read_support_format_zip(reader.get());
  ::archive_read_support_format_tar(reader.get());
  ::archive_read_support_filter_gzip(reader.get());
  if (::archive_read_open_filename(reader.get(), path.c_str(), read_bytes) != ARCHIVE_OK) {
    return broken(path, reader.get());
  }
  for (std::size_t entries = 0; entries < max_entries; ++entries) {
    struct ::archive_entry* entry = nullptr;
    const int state = ::archive_read_next_header(reader.get(), &entry);
    if (state == ARCHIVE_EOF) {
      return fail(ErrorCode::invalid,
                  fmt::format("{} has no {}", path.filename().string(), member.name));
    }
    if (state != ARCHIVE_OK && state != ARCHIVE_WARN) return broken(path, reader.get());
    const char* name = ::archive_entry_pathname(entry);
    if (name == nullptr || member.name != name) continue;
    if (::archive_entry_filetype(entry) != AE_IFREG || ::archive_entry_hardlink(entry) != nullptr) {
      return fail(ErrorCode::invalid, fmt::format("{} is no regular file", member.name));
    }
    const bool sized = ::archive_entry_size_is_set(entry) != 0;
    const auto size = static_cast<std::uint64_t>(::archive_entry_size(entry));
    if (sized && size > member.max_bytes) {
      return fail(ErrorCode::invalid, fmt::format("{} has {} bytes, more than the expected {}",
                                                  member.name, size, member.max_bytes));
    }
    TRY(member.on_size(sized ? std::optional(size) : std::nullopt));
    return pass_on(reader.get(), path, member);
  }
  return fail(ErrorCode::invalid,
              fmt::format("{} has more than {} entries", path.filename().string(), max_entries));
}

}  // namespace freehold::hub
