// The kind of a processor: its microarchitecture in one word, such as "zen3". Speeds are compared
// only within a kind, since the name that a virtual machine shows ("AMD EPYC") does not tell it.
#pragma once

#include <string>
#include <string_view>

namespace freehold::engine {

// From the text of /proc/cpuinfo. What is not listed gets its numbers: "intel-6-207", "arm-41-d0c";
// "unknown" when there are none.
std::string cpu_kind(std::string_view cpuinfo);

}  // namespace freehold::engine
