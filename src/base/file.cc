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

Result<void> write_all(int descriptor, std::uint64_t offset, std::span<const std::byte> bytes,
                       const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written =
        ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0) {
      if (errno == EINTR) continue;
      return system_error("cannot write", path);
    }
    offset += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
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

void forget_pages(std::span<const std::byte> bytes) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<std::uintptr_t>(bytes.data()) + page - 1) / page * page;
  const auto end = reinterpret_cast<std::uintptr_t>(bytes.data() + bytes.size()) / page * page;
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

FileReplacement::FileReplacement(std::filesystem::path path, std::filesystem::path beside,
                                 int descriptor)
    : path_(std::move(path)), beside_(std::move(beside)), descriptor_(descriptor) {}

FileReplacement::FileReplacement(FileReplacement&& other) noexcept
    : path_(std::move(other.path_)),
      beside_(std::move(other.beside_)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

FileReplacement::~FileReplacement() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(beside_.c_str());
}

Result<FileReplacement> FileReplacement::begin(const std::filesystem::path& path,
                                               std::uint64_t bytes) {
  std::string beside = path.string() + ".XXXXXX";
  const int descriptor = ::mkostemp(beside.data(), O_CLOEXEC);
  if (descriptor < 0) return system_error("cannot create a file beside", path);
  FileReplacement file(path, beside, descriptor);
  if (bytes > 0) {
    const int failed = ::posix_fallocate(descriptor, 0, static_cast<off_t>(bytes));
    if (failed != 0) {
      errno = failed;
      return system_error(fmt::format("no room for {} bytes in", bytes), path);
    }
  }
  return file;
}

Result<void> FileReplacement::write(std::uint64_t offset, std::span<const std::byte> bytes) {
  return write_all(descriptor_, offset, bytes, path_);
}

Result<void> FileReplacement::commit() {
  if (::fsync(descriptor_) != 0) return system_error("cannot sync", path_);
  if (::fchmod(descriptor_, 0644) != 0) return system_error("cannot chmod", path_);
  if (::rename(beside_.c_str(), path_.c_str()) != 0) return system_error("cannot replace", path_);
  ::close(std::exchange(descriptor_, -1));
  return {};
}

Result<void> replace_file(const std::filesystem::path& path, std::string_view content) {
  FileReplacement file = TRY(FileReplacement::begin(path, 0));
  TRY(file.write(0, std::as_bytes(std::span(content))));
  return file.commit();
}

}  // namespace freehold
