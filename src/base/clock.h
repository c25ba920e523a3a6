// Time that can be replaced in tests. Two readings: `now` never jumps, `unix_time` is the calendar.
#pragma once

#include <chrono>
#include <cstdint>

namespace freehold {

using Duration = std::chrono::nanoseconds;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Duration now() const = 0;              // since some fixed moment, monotonic
  virtual std::int64_t unix_time_s() const = 0;  // seconds since 1970-01-01 UTC
  virtual void sleep(Duration duration) const = 0;

  static const Clock& system();
};

// Stands still until told otherwise; sleeping moves it.
class ManualClock : public Clock {
 public:
  Duration now() const override { return now_; }
  std::int64_t unix_time_s() const override {
    return std::chrono::duration_cast<std::chrono::seconds>(now_).count();
  }
  void sleep(Duration duration) const override { now_ += duration; }
  void advance(Duration duration) { now_ += duration; }

 private:
  mutable Duration now_{};
};

inline double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace freehold
