#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace freehold {
namespace {

constexpr std::size_t read_chunk_bytes = 1 << 16;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int get() const { return number_; }

 private:
  int number_;
};

std::unexpected<Error> system_error(std::string_view what, const std::filesystem::path& path) {
  const int number = errno;
  const bool disk = number == ENOSPC || number == EDQUOT || number == EROFS;
  return fail(disk ? ErrorCode::absent : ErrorCode::invalid,
              fmt::format("{} {}: {}", what, path.string(), std::strerror(number)));
}

Result<struct stat> regular_file(int descriptor, const std::filesystem::path& path) {
  struct stat info{};
  if (::fstat(descriptor, &info) != 0) return system_error("cannot examine", path);
  if (!S_ISREG(info.st_mode)) {
    return fail(ErrorCode::invalid, fmt::format("{} is not a regular file", path.string()));
  }
  return info;
}

Result<void> write_all(int descriptor, std::string_view content,
                       const std::filesystem::path& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return system_error("cannot write", path);
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(descriptor) != 0) return system_error("cannot sync", path);
  return {};
}

}  // namespace

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (descriptor.get() < 0) return system_error("cannot open", path);
  const struct stat info = TRY(regular_file(descriptor.get(), path));
  if (info.st_size == 0) {
    return fail(ErrorCode::invalid, fmt::format("{} is empty", path.string()));
  }
  const auto size = static_cast<std::size_t>(info.st_size);
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor.get(), 0);
  if (address == MAP_FAILED) return system_error("cannot map", path);
  MappedFile file;
  file.path_ = path;
  file.bytes_ = {static_cast<const std::byte*>(address), size};
  return file;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)), bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

Result<std::string> read_descriptor(int descriptor, std::size_t max_bytes) {
  std::string content;
  while (true) {
    const std::size_t old_size = content.size();
    content.resize(old_size + read_chunk_bytes);
    const ssize_t got = ::read(descriptor, content.data() + old_size, read_chunk_bytes);
    content.resize(old_size + static_cast<std::size_t>(got > 0 ? got : 0));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return fail(ErrorCode::invalid, fmt::format("cannot read: {}", std::strerror(errno)));
    if (got == 0) return content;
    if (content.size() > max_bytes) {
      return fail(ErrorCode::invalid, fmt::format("longer than the limit of {} bytes", max_bytes));
    }
  }
}

Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes) {
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (descriptor.get() < 0) return system_error("cannot open", path);
  TRY(regular_file(descriptor.get(), path));
  return TRY_IN(path.string(), read_descriptor(descriptor.get(), max_bytes));
}

Result<void> replace_file(const std::filesystem::path& path, std::string_view content) {
  std::string beside = path.string() + ".XXXXXX";
  const Descriptor descriptor(::mkostemp(beside.data(), O_CLOEXEC));
  if (descriptor.get() < 0) return system_error("cannot create a file beside", path);
  Result<void> written = write_all(descriptor.get(), content, path);
  if (written && ::fchmod(descriptor.get(), 0644) != 0)
    written = system_error("cannot chmod", path);
  if (written && ::rename(beside.c_str(), path.c_str()) != 0) {
    written = system_error("cannot replace", path);
  }
  if (!written) ::unlink(beside.c_str());
  return written;
}

}  // namespace freehold
