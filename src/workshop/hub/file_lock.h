// An advisory lock between processes on this machine, held through a file. Goes away with the
// process that holds it, however that ends.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>

#include "base/clock.h"
#include "freehold/result.h"

namespace freehold::hub {

class FileLock {
 public:
  // Waits until nobody else holds it; `on_wait` is called once if that takes time. `interrupted`
  // when cancelled meanwhile.
  static Result<FileLock> acquire(const std::filesystem::path& path, const Clock& clock,
                                  const std::atomic<bool>* cancelled,
                                  const std::function<void()>& on_wait = {});
  // Nothing when somebody holds it.
  static Result<std::optional<FileLock>> try_acquire(const std::filesystem::path& path);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace freehold::hub
