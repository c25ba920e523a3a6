// Whatever an index says, the files it names are plain names.
#include "formats/safetensors_files.h"
#include "touch_tensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto map = freehold::formats::parse_safetensors_index(text);
  freehold::fuzz::expect_reason(map);
  if (!map) return 0;
  for (const auto& [tensor, file] : *map) {
    CHECK(file.find('/') == file.npos && file.ends_with(".safetensors"));
  }
  return 0;
}
