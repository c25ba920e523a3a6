// Any bytes, cut anywhere: the stream's text is the whole's, and valid UTF-8.
#include <cstddef>
#include <cstdint>
#include <string>

#include "freehold/result.h"
#include "text/codepoints.h"
#include "text/detokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using freehold::text::take_whole_characters;
  if (size == 0) return 0;
  const std::size_t step = data[0] % 7 + 1u;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string rest = text;
  const std::string whole = take_whole_characters(rest, true);
  std::string streamed;
  std::string pending;
  for (std::size_t at = 0; at < text.size(); at += step) {
    pending += text.substr(at, step);
    const std::string piece = take_whole_characters(pending, false);
    CHECK(freehold::text::is_valid_utf8(piece));
    streamed += piece;
  }
  streamed += take_whole_characters(pending, true);
  CHECK(streamed == whole);
  return 0;
}
