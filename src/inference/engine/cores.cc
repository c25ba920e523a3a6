#include "engine/cores.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <string>

namespace freehold::engine {

std::uint32_t physical_cores(const std::filesystem::path& folder) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 1;
  std::set<std::string> cores;  // each by the list of the processors that share it
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    std::string siblings;
    std::ifstream(folder / fmt::format("cpu{}/topology/thread_siblings_list", cpu)) >> siblings;
    cores.insert(siblings.empty() ? std::to_string(cpu) : siblings);
  }
  return std::max<std::uint32_t>(1, static_cast<std::uint32_t>(cores.size()));
}

}  // namespace freehold::engine
