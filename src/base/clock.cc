#include "base/clock.h"

#include <thread>

namespace freehold {
namespace {

class SystemClock : public Clock {
 public:
  Duration now() const override { return std::chrono::steady_clock::now().time_since_epoch(); }
  std::int64_t unix_time_s() const override {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  void sleep(Duration duration) const override { std::this_thread::sleep_for(duration); }
};

}  // namespace

const Clock& Clock::system() {
  static const SystemClock clock;
  return clock;
}

}  // namespace freehold
