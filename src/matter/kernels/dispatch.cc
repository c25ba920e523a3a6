#include <array>
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

// The builtin asks CPUID and, for AVX, whether the operating system keeps the wide registers.
bool runs_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("f16c") && __builtin_cpu_supports("bmi2");
}

struct Candidate {
  const Kernels& table;
  bool (*runs)();
};

constexpr std::array candidates = {
    // best first
    Candidate{avx2_kernels, runs_avx2},
    Candidate{scalar_kernels, runs_anywhere},
};

struct Available {
  std::array<const Kernels*, candidates.size()> tables{};
  std::size_t count = 0;

  Available() {
    for (const Candidate& candidate : candidates) {
      if (candidate.runs()) tables[count++] = &candidate.table;
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

const Kernels& choose() {
  const char* forced = std::getenv("FREEHOLD_KERNELS");
  if (forced == nullptr || *forced == '\0') return *available_kernels().front();
  for (const Kernels* table : available_kernels()) {
    if (std::string_view(table->name) == forced) return *table;
  }
  refuse(forced);
}

}  // namespace

std::span<const Kernels* const> available_kernels() {
  static const Available available;
  return {available.tables.data(), available.count};
}

const Kernels& kernels() {
  static const Kernels& chosen = choose();
  return chosen;
}

}  // namespace freehold::kernels
