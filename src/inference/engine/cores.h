// How many physical cores there are to this process: logical processors that share one count once.
#pragma once

#include <cstdint>
#include <filesystem>

namespace freehold::engine {

// Of the processors that this process may run on; `folder` is the system's description of them, one
// folder cpuN each. What is not described counts as a core of its own.
std::uint32_t physical_cores(const std::filesystem::path& folder = "/sys/devices/system/cpu");

}  // namespace freehold::engine
