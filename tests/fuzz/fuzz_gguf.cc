// Any bytes either are refused with a reason, or hold tensors all of whose bytes are there.
#include "base/json.h"
#include "formats/gguf.h"
#include "touch_tensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = freehold::formats::parse_gguf(std::as_bytes(std::span(data, size)));
  freehold::fuzz::expect_reason(file);
  if (!file) return 0;
  freehold::fuzz::touch(file->tensors);
  freehold::to_json(file->metadata);
  return 0;
}
