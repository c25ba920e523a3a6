#include "engine/cpu_kind.h"

#include <gtest/gtest.h>

namespace freehold::engine {
namespace {

std::string x86(std::string_view vendor, int family, int model) {
  return "processor\t: 0\nvendor_id\t: " + std::string(vendor) +
         "\ncpu family\t: " + std::to_string(family) + "\nmodel\t\t: " + std::to_string(model) +
         "\nmodel name\t: AMD EPYC\nstepping\t: 1\n";
}

TEST(CpuKind, TellsProcessorsApartThatShowTheSameName) {
  EXPECT_EQ(cpu_kind(x86("AuthenticAMD", 25, 1)), "zen3");
  EXPECT_EQ(cpu_kind(x86("AuthenticAMD", 25, 17)), "zen4");
}

TEST(CpuKind, NamesIntelServers) {
  EXPECT_EQ(cpu_kind(x86("GenuineIntel", 6, 0x8f)), "sapphire-rapids");
}

TEST(CpuKind, GivesTheNumbersOfWhatIsNotListed) {
  EXPECT_EQ(cpu_kind(x86("GenuineIntel", 6, 250)), "intel-6-250");
  EXPECT_EQ(cpu_kind(x86("AuthenticAMD", 99, 3)), "amd-99-3");
  EXPECT_EQ(cpu_kind(x86("HygonGenuine", 24, 1)), "x86-24-1");
}

TEST(CpuKind, NamesArmByImplementerAndPart) {
  EXPECT_EQ(cpu_kind("processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n"), "arm-41-d0c");
}

TEST(CpuKind, SaysWhenNothingTellsIt) {
  EXPECT_EQ(cpu_kind(""), "unknown");
  EXPECT_EQ(cpu_kind("vendor_id"), "unknown");
  EXPECT_EQ(cpu_kind("model name : 25\ncpu family : x\nvendor_id : AuthenticAMD\n"), "unknown");
}

}  // namespace
}  // namespace freehold::engine
