// Any bytes either are refused with a reason, or hold tensors all of whose bytes are there.
#include "formats/safetensors.h"
#include "touch_tensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto file = freehold::formats::parse_safetensors(bytes);
  freehold::fuzz::expect_reason(file);
  if (!file) return 0;
  CHECK(freehold::formats::looks_like_safetensors(bytes));
  freehold::fuzz::touch(file->tensors);
  return 0;
}
