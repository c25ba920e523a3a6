// A licence is a part of the card it stands in, without line breaks.
#include <cstdint>

#include "formats/model_card.h"
#include "freehold/result.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view card(reinterpret_cast<const char*>(data), size);
  const std::string license = freehold::formats::license_of_model_card(card);
  CHECK(card.find(license) != card.npos && license.find('\n') == license.npos);
  return 0;
}
