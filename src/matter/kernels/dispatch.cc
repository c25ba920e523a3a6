#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "kernels/isa/tables.h"
#include "kernels/kernels.h"

namespace freehold::kernels {
namespace {

constexpr int unsupported = 3;  // the exit code for "this machine cannot do that" (see Error)

bool runs_anywhere() {
  return true;
}

#if defined(__x86_64__)
// The builtin asks CPUID and, for AVX, whether the operating system keeps the wide registers.
bool runs_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("f16c") && __builtin_cpu_supports("bmi2");
}

bool runs_avxvnni() {
  return runs_avx2() && __builtin_cpu_supports("avxvnni");
}

bool runs_avx512() {
  return runs_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vnni");
}

bool runs_avx512bf16() {
  return runs_avx512() && __builtin_cpu_supports("avx512bf16");
}
#elif defined(__aarch64__)
// The kernel says so; instructions that read this from the CPU are not open to programs.
bool runs_neon() {
  return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
}
#endif

constexpr std::array built = {
#if defined(__x86_64__)
    // The best first: what is used unless whoever measures (engine/tuning.h) finds it wrong or
    // another clearly faster.
    Candidate{&avx512bf16_kernels, runs_avx512bf16}, Candidate{&avx512_kernels, runs_avx512},
    Candidate{&avxvnni_kernels, runs_avxvnni},       Candidate{&avx2_kernels, runs_avx2},
#elif defined(__aarch64__)
    Candidate{&neon_kernels, runs_neon},
#endif
    Candidate{&scalar_kernels, runs_anywhere},
};

struct Available {
  std::array<const Kernels*, built.size()> tables{};
  std::size_t count = 0;

  Available() {
    for (const Candidate& candidate : built) {
      if (candidate.runs()) tables[count++] = candidate.table;
    }
  }
};

[[noreturn]] void refuse(std::string_view name) {
  std::string possible;
  for (const Kernels* table : available_kernels()) {
    if (!possible.empty()) possible += ", ";
    possible += table->name;
  }
  std::fprintf(stderr,
               "freehold: FREEHOLD_KERNELS=%.*s: no such kernels on this machine (possible: %s)\n",
               static_cast<int>(name.size()), name.data(), possible.c_str());
  std::fflush(nullptr);
  std::_Exit(unsupported);
}

std::atomic<const Kernels*> wanted_table{nullptr};

// Empty when the environment leaves the choice to us.
std::string_view forced_name() {
  const char* forced = std::getenv("FREEHOLD_KERNELS");
  return forced == nullptr ? "" : forced;
}

const Kernels& choose() {
  const std::string_view forced = forced_name();
  if (forced.empty()) {
    const Kernels* wanted = wanted_table.load();
    return wanted != nullptr ? *wanted : *available_kernels().front();
  }
  for (const Kernels* table : available_kernels()) {
    if (table->name == forced) return *table;
  }
  refuse(forced);
}

}  // namespace

std::span<const Candidate> candidates() {
  return built;
}

std::span<const Kernels* const> available_kernels() {
  static const Available available;
  return {available.tables.data(), available.count};
}

const Kernels& kernels() {
  static const Kernels& chosen = choose();
  return chosen;
}

const Kernels& settle_kernels(const Kernels& wanted) {
  wanted_table = &wanted;
  return kernels();
}

bool kernels_are_forced() {
  return !forced_name().empty();
}

}  // namespace freehold::kernels
