#include "base/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace freehold {
namespace {

constexpr Duration redraw_every = std::chrono::milliseconds(100);
constexpr std::size_t bar_columns = 24;

std::size_t terminal_columns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

}  // namespace

std::string human_bytes(std::uint64_t bytes) {
  constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  auto amount = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (amount >= 1024 && unit + 1 < std::size(units)) {
    amount /= 1024;
    ++unit;
  }
  if (unit == 0) return fmt::format("{} B", bytes);
  return fmt::format("{:.{}f} {}", amount, amount < 10 ? 2 : amount < 100 ? 1 : 0, units[unit]);
}

std::string human_count(std::uint64_t count) {
  constexpr const char* units[] = {"", "K", "M", "B", "T"};
  auto amount = static_cast<double>(count);
  std::size_t unit = 0;
  while (amount >= 999.5 && unit + 1 < std::size(units)) {
    amount /= 1000;
    ++unit;
  }
  return fmt::format("{:.3g}{}", amount, units[unit]);
}

std::string human_duration(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::llround(std::clamp(seconds, 0.0, 1e15)));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

Progress::Progress(std::string what, std::uint64_t total, std::string unit, const Clock& clock)
    : what_(std::move(what)),
      total_(total),
      unit_(std::move(unit)),
      clock_(clock),
      visible_(::isatty(STDERR_FILENO) == 1),
      started_(clock.now()) {}

Progress::~Progress() {
  if (visible_ && drawn_ >= Duration::zero()) std::fputs("\r\x1b[K", stderr);
}

void Progress::update(std::uint64_t done) {
  if (!visible_) return;
  const Duration elapsed = clock_.now() - started_;
  if (drawn_ >= Duration::zero() && elapsed - drawn_ < redraw_every) return;
  drawn_ = elapsed;
  std::fputs(("\r" + line(done, elapsed, terminal_columns() - 1) + "\x1b[K").c_str(), stderr);
}

std::string Progress::amount(std::uint64_t count) const {
  return unit_ == "B" ? human_bytes(count) : fmt::format("{} {}", count, unit_);
}

std::string Progress::line(std::uint64_t done, Duration elapsed, std::size_t columns) const {
  const double took = seconds(elapsed);
  const double rate = took > 0 ? static_cast<double>(done) / took : 0;
  std::string text = what_;
  if (total_ > 0) {
    const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total_));
    const auto filled = static_cast<std::size_t>(share * bar_columns);
    text += fmt::format("  {}{} {:3.0f} %  {} of {}", std::string(filled, '#'),
                        std::string(bar_columns - filled, '.'), share * 100, amount(done),
                        amount(total_));
  } else {
    text += "  " + amount(done);
  }
  if (rate > 0) text += fmt::format("  {}/s", amount(static_cast<std::uint64_t>(rate)));
  if (rate > 0 && total_ > done) {
    text += "  " + human_duration(static_cast<double>(total_ - done) / rate) + " left";
  }
  return text.substr(0, columns);
}

}  // namespace freehold
