#include "hub/partial_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "hub/fields.h"

namespace freehold::hub {
namespace {

constexpr std::size_t max_state_bytes = 1 << 20;

struct State {
  FileIdentity identity;
  ByteSet present;
};

// Nothing when it is not a state that we wrote: then the bytes cannot be trusted either.
std::optional<State> parse_state(std::string_view text) {
  const auto value = parse_json(text, {.max_bytes = max_state_bytes, .max_depth = 8});
  if (!value) return std::nullopt;
  State state;
  state.identity = {text_at(*value, "url"), text_at(*value, "validator"), text_at(*value, "sha256"),
                    count_at(*value, "bytes")};
  const List* present = list_at(*value, "present");
  if (present == nullptr) return std::nullopt;
  for (const Value& pair : *present) {
    const List* ends = pair.as_list();
    if (ends == nullptr || ends->size() != 2) return std::nullopt;
    const auto* begin = (*ends)[0].as_integer();
    const auto* end = (*ends)[1].as_integer();
    if (begin == nullptr || end == nullptr || *begin < 0 || *end < *begin) return std::nullopt;
    state.present.add({static_cast<std::uint64_t>(*begin), static_cast<std::uint64_t>(*end)});
  }
  return state;
}

std::string print_state(const FileIdentity& identity, const ByteSet& present) {
  Value state;
  state.set("url", identity.url);
  state.set("validator", identity.validator);
  state.set("sha256", identity.sha256);
  if (identity.bytes) state.set("bytes", *identity.bytes);
  List ranges;
  for (const ByteRange& range : present.ranges()) {
    ranges.emplace_back(List{Value(range.begin), Value(range.end)});
  }
  state.set("present", std::move(ranges));
  return to_json(state);
}

}  // namespace

Result<PartialFile> PartialFile::open(std::filesystem::path path) {
  PartialFile file;
  file.data_path_ = path.string() + ".part";
  file.state_path_ = path.string() + ".state";
  file.path_ = std::move(path);
  file.descriptor_ = ::open(file.data_path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file.descriptor_ < 0) {
    return fail(ErrorCode::absent, fmt::format("cannot create {}: {}", file.data_path_.string(),
                                               std::strerror(errno)));
  }
  struct stat info{};
  const bool sized = ::fstat(file.descriptor_, &info) == 0;
  const auto text = read_file(file.state_path_, max_state_bytes);
  auto state = text ? parse_state(*text) : std::nullopt;
  // A state that claims bytes beyond the file's end was not written about this file.
  const bool plausible =
      sized && state &&
      (state->present.ranges().empty() ||
       state->present.ranges().back().end <= static_cast<std::uint64_t>(info.st_size));
  if (plausible) {
    file.identity_ = std::move(state->identity);
    file.present_ = std::move(state->present);
  }
  return file;
}

PartialFile::PartialFile(PartialFile&& other) noexcept
    : path_(std::move(other.path_)),
      data_path_(std::move(other.data_path_)),
      state_path_(std::move(other.state_path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      identity_(std::move(other.identity_)),
      present_(std::move(other.present_)),
      unsaved_bytes_(other.unsaved_bytes_) {}

PartialFile::~PartialFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> PartialFile::adopt(const FileIdentity& wanted) {
  const bool same_content = !wanted.sha256.empty() && identity_.sha256 == wanted.sha256;
  const bool same_place = identity_.url == wanted.url;
  const bool same_bytes = !wanted.bytes || !identity_.bytes || *wanted.bytes == *identity_.bytes;
  const bool validated = same_place && !identity_.validator.empty() &&
                         (wanted.sha256.empty() || identity_.sha256.empty());
  const bool keep = same_bytes && (same_content || validated);
  if (!keep) {
    identity_ = wanted;
    return restart();
  }
  // Another mirror's validator means nothing here; the digest of the whole decides in the end.
  if (!same_place) identity_.validator.clear();
  identity_.url = wanted.url;
  identity_.sha256 = wanted.sha256;
  if (wanted.bytes) identity_.bytes = wanted.bytes;
  return {};
}

Result<void> PartialFile::restart() {
  present_.clear();
  unsaved_bytes_ = 0;
  if (::ftruncate(descriptor_, 0) != 0) {
    return fail(ErrorCode::absent,
                fmt::format("cannot shorten {}: {}", data_path_.string(), std::strerror(errno)));
  }
  return save();
}

Result<void> PartialFile::write(std::uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0) {
      if (errno == EINTR) continue;
      return fail(ErrorCode::absent,
                  fmt::format("cannot write {}: {}", data_path_.string(), std::strerror(errno)));
    }
    const auto count = static_cast<std::uint64_t>(written);
    present_.add({offset, offset + count});
    unsaved_bytes_ += count;
    offset += count;
    bytes = bytes.subspan(count);
  }
  return {};
}

Result<void> PartialFile::save() {
  // The bytes first: the state must never promise what a power cut took back.
  if (unsaved_bytes_ > 0 && ::fdatasync(descriptor_) != 0) {
    return fail(ErrorCode::absent,
                fmt::format("cannot sync {}: {}", data_path_.string(), std::strerror(errno)));
  }
  TRY(replace_file(state_path_, print_state(identity_, present_)));
  unsaved_bytes_ = 0;
  return {};
}

bool PartialFile::complete() const {
  return identity_.bytes && present_.contains({0, *identity_.bytes});
}

Result<void> PartialFile::finish() {
  CHECK(complete());
  const bool done = ::fsync(descriptor_) == 0 &&
                    ::ftruncate(descriptor_, static_cast<off_t>(*identity_.bytes)) == 0 &&
                    ::rename(data_path_.c_str(), path_.c_str()) == 0;
  if (!done) {
    return fail(ErrorCode::absent,
                fmt::format("cannot finish {}: {}", path_.string(), std::strerror(errno)));
  }
  ::unlink(state_path_.c_str());
  return {};
}

void PartialFile::discard() {
  ::unlink(state_path_.c_str());
  ::unlink(data_path_.c_str());
}

}  // namespace freehold::hub
