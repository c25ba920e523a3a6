// A bar for long work: what, how far, how fast, how long still. Writes to standard error when that
// is a terminal, else nothing; never to standard output.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace freehold {

class Progress {
 public:
  // `total` 0: unknown. `unit` "B" shows binary sizes; anything else plain counts ("tokens").
  Progress(std::string what, std::uint64_t total, std::string unit = "B",
           const Clock& clock = Clock::system());
  ~Progress();  // clears the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(std::uint64_t done);
  void set_total(std::uint64_t total) { total_ = total; }
  void set_what(std::string what) { what_ = std::move(what); }

  // The line as it would be drawn `elapsed` after the start, at most `columns` wide.
  std::string line(std::uint64_t done, Duration elapsed, std::size_t columns) const;

 private:
  std::string amount(std::uint64_t count) const;

  std::string what_;
  std::uint64_t total_;
  std::string unit_;
  const Clock& clock_;
  const bool visible_;
  Duration started_;
  Duration drawn_{-1};
};

// "1.5 GiB", "312 MiB", "17 B".
std::string human_bytes(std::uint64_t bytes);
// "135M", "30.5B", "1.04T": how models' parameters are told.
std::string human_count(std::uint64_t count);
// "3 s", "2 min 5 s", "1 h 4 min".
std::string human_duration(double seconds);

}  // namespace freehold
