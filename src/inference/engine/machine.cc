#include "engine/machine.h"

#include <sys/resource.h>

#include <array>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "engine/cpu_kind.h"
#include "engine/median.h"
#include "kernels/kernels.h"

namespace freehold::engine {
namespace {

constexpr int repetitions = 7;
constexpr std::size_t probe_rounds = 400'000;

// The value of the first line of a /proc file that begins with `key`, without the key and colon.
std::string proc_line(const char* path, std::string_view key) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (!line.starts_with(key)) continue;
    const std::size_t colon = line.find(':');
    if (colon == line.npos) continue;
    const std::size_t start = line.find_first_not_of(" \t", colon + 1);
    return start == line.npos ? "" : line.substr(start);
  }
  return "";
}

std::uint64_t memory_line(const char* path, std::string_view key) {
  const std::string text = proc_line(path, key);
  std::uint64_t kilobytes = 0;
  std::from_chars(text.data(), text.data() + text.size(), kilobytes);
  return kilobytes * 1024;
}

// `work` says how much it did; the median of that per second, in billions.
template <class Work>
double billions_per_second(const Work& work) {
  std::vector<double> rates;
  for (int i = 0; i < repetitions; ++i) {
    const Duration started = Clock::system().now();
    const double done = work();
    rates.push_back(done / seconds(Clock::system().now() - started) * 1e-9);
  }
  return median(std::move(rates));
}

}  // namespace

ProcessorFacts processor_facts() {
  std::ifstream file("/proc/cpuinfo");
  return {proc_line("/proc/cpuinfo", "model name"),
          cpu_kind(std::string(std::istreambuf_iterator<char>(file), {}))};
}

MachineFacts machine_facts() {
  MachineFacts facts;
  const ProcessorFacts processor = processor_facts();
  facts.cpu = processor.name;
  facts.kind = processor.kind;
  facts.kernels = kernels::kernels().name;
  facts.cores = machine_threads();
  facts.memory_bytes = memory_line("/proc/meminfo", "MemTotal");
  facts.memory_available_bytes = memory_line("/proc/meminfo", "MemAvailable");
  return facts;
}

MachineLimits measure_machine(ThreadPool& pool, std::uint64_t buffer_bytes) {
  const auto table = kernels::kernels();
  const std::size_t share = buffer_bytes / pool.threads() & ~std::size_t{63};
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(share * pool.threads());
  std::memset(buffer.get(), 1, share * pool.threads());
  MachineLimits limits;
  limits.read_gb_s = billions_per_second([&] {
    pool.run([&](std::uint32_t thread) { table.probe_read(buffer.get() + thread * share, share); });
    return static_cast<double>(share * pool.threads());
  });
  const auto all_threads = [&](std::uint64_t (*probe)(std::size_t)) {
    std::vector<std::uint64_t> done(pool.threads());
    pool.run([&](std::uint32_t thread) { done[thread] = probe(probe_rounds); });
    double sum = 0;
    for (const std::uint64_t operations : done) sum += static_cast<double>(operations);
    return sum;
  };
  limits.int8_gops = billions_per_second([&] { return all_threads(table.probe_int8); });
  limits.fp32_gflops = billions_per_second([&] { return all_threads(table.probe_fp32); });
  return limits;
}

void forget_peak_resident() {
  std::ofstream("/proc/self/clear_refs")
      << "5";  // needs Linux 4.0; without it nothing is forgotten
}

std::uint64_t peak_resident_bytes() {
  const std::uint64_t peak = memory_line("/proc/self/status", "VmHWM");
  if (peak > 0) return peak;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

}  // namespace freehold::engine
