#include "engine/cpu_kind.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace freehold::engine {
namespace {

struct Range {
  unsigned family, first_model, last_model;
  const char* name;
};

// Models as the kernel's tables of processor families group them.
constexpr Range amd[] = {
    {23, 0x00, 0x2f, "zen"},  {23, 0x30, 0xff, "zen2"}, {25, 0x00, 0x0f, "zen3"},
    {25, 0x10, 0x1f, "zen4"}, {25, 0x20, 0x5f, "zen3"}, {25, 0x60, 0x7f, "zen4"},
    {25, 0xa0, 0xaf, "zen4"}, {26, 0x00, 0x7f, "zen5"},
};
constexpr Range intel[] = {
    {6, 0x3c, 0x3c, "haswell"},         {6, 0x3f, 0x3f, "haswell"},
    {6, 0x4f, 0x4f, "broadwell"},       {6, 0x55, 0x55, "skylake-sp"},
    {6, 0x6a, 0x6a, "ice-lake-sp"},     {6, 0x6c, 0x6c, "ice-lake-sp"},
    {6, 0x8f, 0x8f, "sapphire-rapids"}, {6, 0xcf, 0xcf, "emerald-rapids"},
    {6, 0xad, 0xad, "granite-rapids"},  {6, 0x97, 0x97, "alder-lake"},
    {6, 0x9a, 0x9a, "alder-lake"},      {6, 0xb7, 0xb7, "raptor-lake"},
};

// What follows the colon on the first line whose key is exactly `key`.
std::string_view value_of(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.starts_with(key)) continue;
    const std::size_t colon = line.find_first_not_of(" \t", key.size());
    if (colon == line.npos || line[colon] != ':') continue;
    const std::size_t start = line.find_first_not_of(" \t", colon + 1);
    return start == line.npos ? std::string_view() : line.substr(start);
  }
  return {};
}

std::optional<unsigned> number_of(std::string_view text, std::string_view key) {
  const std::string_view digits = value_of(text, key);
  unsigned number = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (read.ec != std::errc()) return std::nullopt;
  return number;
}

// "0xd0c" without its prefix.
std::string_view hexadecimal(std::string_view text) {
  return text.starts_with("0x") ? text.substr(2) : text;
}

}  // namespace

std::string cpu_kind(std::string_view cpuinfo) {
  const std::string_view vendor = value_of(cpuinfo, "vendor_id");
  const auto family = number_of(cpuinfo, "cpu family");
  const auto model = number_of(cpuinfo, "model");
  if (!vendor.empty() && family && model) {
    const auto named = [&](const auto& list) -> const char* {
      for (const Range& range : list) {
        if (range.family == *family && range.first_model <= *model && *model <= range.last_model) {
          return range.name;
        }
      }
      return nullptr;
    };
    const bool is_amd = vendor == "AuthenticAMD";
    const bool is_intel = vendor == "GenuineIntel";
    const char* name = is_amd ? named(amd) : is_intel ? named(intel) : nullptr;
    if (name != nullptr) return name;
    return fmt::format("{}-{}-{}", is_amd ? "amd" : is_intel ? "intel" : "x86", *family, *model);
  }
  const std::string_view implementer = hexadecimal(value_of(cpuinfo, "CPU implementer"));
  const std::string_view part = hexadecimal(value_of(cpuinfo, "CPU part"));
  if (!implementer.empty() && !part.empty()) return fmt::format("arm-{}-{}", implementer, part);
  return "unknown";
}

}  // namespace freehold::engine
