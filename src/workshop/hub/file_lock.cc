#include "hub/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace freehold::hub {

Result<std::optional<FileLock>> FileLock::try_acquire(const std::filesystem::path& path) {
  FileLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (lock.descriptor_ < 0) {
    return fail(ErrorCode::absent,
                fmt::format("cannot open {}: {}", path.string(), std::strerror(errno)));
  }
  while (::flock(lock.descriptor_, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK) return std::nullopt;
    return fail(ErrorCode::absent,
                fmt::format("cannot lock {}: {}", path.string(), std::strerror(errno)));
  }
  return std::optional<FileLock>(std::move(lock));
}

Result<FileLock> FileLock::acquire(const std::filesystem::path& path, const Clock& clock,
                                   const std::atomic<bool>* cancelled,
                                   const std::function<void()>& on_wait) {
  constexpr Duration between_tries = std::chrono::milliseconds(50);
  for (bool told = false;; clock.sleep(between_tries)) {
    if (cancelled != nullptr && cancelled->load()) {
      return fail(ErrorCode::interrupted, "interrupted while waiting for " + path.string());
    }
    auto lock = TRY(try_acquire(path));
    if (lock) return std::move(*lock);
    if (!told && on_wait) on_wait();
    told = true;
  }
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace freehold::hub
