// What is read can be written, and reads back as the same value.
#include <cstdint>

#include "base/json.h"
#include "touch_tensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto value =
      freehold::parse_json(std::string_view(reinterpret_cast<const char*>(data), size));
  freehold::fuzz::expect_reason(value);
  if (!value) return 0;
  const auto again = freehold::parse_json(freehold::to_json(*value));
  CHECK(again && *again == *value);
  return 0;
}
