#include "server/process_metrics.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <vector>

#include "base/file.h"

namespace freehold::server {
namespace {

constexpr std::size_t max_proc_bytes = 64u << 10;

// Fields of /proc/self/stat from the third on, the second one being a name that may hold anything.
std::vector<std::string> stat_fields() {
  const auto text = read_file("/proc/self/stat", max_proc_bytes);
  std::vector<std::string> fields;
  const std::size_t name_end = text ? text->rfind(')') : std::string::npos;
  if (name_end == std::string::npos) return fields;
  for (std::size_t at = name_end + 2; at < text->size();) {
    const std::size_t end = std::min(text->find(' ', at), text->size());
    fields.push_back(text->substr(at, end - at));
    at = end + 1;
  }
  return fields;
}

// Seconds since 1970 at which the system started.
std::optional<double> boot_time() {
  const auto text = read_file("/proc/stat", max_proc_bytes);
  constexpr std::string_view key = "\nbtime ";
  const std::size_t at = text ? text->find(key) : std::string::npos;
  if (at == std::string::npos) return {};
  return std::strtod(text->c_str() + at + key.size(), nullptr);
}

std::optional<std::uint64_t> open_descriptors() {
  std::error_code error;
  std::uint64_t count = 0;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", error), end;
       !error && entry != end; entry.increment(error)) {
    ++count;
  }
  if (error || count == 0) return {};
  return count - 1;  // the one that reads the folder
}

}  // namespace

void write_process_metrics(PrometheusText& text) {
  const auto one = [&text](std::string_view name, std::string_view type, std::string_view help,
                           auto value) {
    text.family(name, type, help);
    text.sample({}, value);
  };
  timespec cpu{};
  if (::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0) {
    one("process_cpu_seconds_total", "counter", "User and system time.",
        static_cast<double>(cpu.tv_sec) + static_cast<double>(cpu.tv_nsec) * 1e-9);
  }
  // Of proc(5), counted from the third field: 20 starttime, 21 vsize, 22 rss.
  const std::vector<std::string> fields = stat_fields();
  if (fields.size() > 21) {
    const double ticks = std::strtod(fields[19].c_str(), nullptr);
    const double ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
    one("process_virtual_memory_bytes", "gauge", "Virtual memory.",
        std::strtoull(fields[20].c_str(), nullptr, 10));
    one("process_resident_memory_bytes", "gauge", "Resident memory, mapped weights included.",
        std::strtoull(fields[21].c_str(), nullptr, 10) *
            static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
    if (const auto boot = boot_time()) {
      one("process_start_time_seconds", "gauge", "Start, in seconds since 1970.",
          *boot + ticks / ticks_per_second);
    }
  }
  if (const auto count = open_descriptors()) {
    one("process_open_fds", "gauge", "Open file descriptors.", *count);
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    one("process_max_fds", "gauge", "Most file descriptors that may be open.",
        std::uint64_t{limit.rlim_cur});
  }
}

}  // namespace freehold::server
