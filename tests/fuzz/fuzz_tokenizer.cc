// A tokenizer.json, a zero byte, and text: either the first is refused with a reason, or the text
// becomes tokens of the vocabulary whose offsets lie in it.
#include <cstdint>
#include <string_view>

#include "base/json.h"
#include "text/tokenizer.h"
#include "text/tokenizer_data.h"
#include "text/tokenizer_gguf.h"
#include "text/tokenizer_json.h"

namespace {

using freehold::text::Tokenizer;

void encode(const freehold::Result<freehold::text::TokenizerData>& data, std::string_view text) {
  if (!data) {
    CHECK(!data.error().message.empty());
    return;
  }
  const auto tokenizer = Tokenizer::build(*data);
  if (!tokenizer) return;
  for (const bool parse_special : {false, true}) {
    for (const auto& piece : tokenizer->encode(text, {.parse_special = parse_special})) {
      CHECK(piece.id >= 0 && static_cast<std::size_t>(piece.id) < tokenizer->vocabulary());
      CHECK(piece.start <= piece.end && piece.end <= text.size());
    }
  }
  tokenizer->decode(tokenizer->tokens(text), false);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t zero = input.find('\0');
  const auto value = freehold::parse_json(input.substr(0, zero));
  if (!value) return 0;
  // Patterns that backtrack are bounded, but a fuzzer would find the slowest of them.
  const std::string_view text =
      zero == input.npos ? "It's 1 text\xff" : input.substr(zero + 1).substr(0, 512);
  if (value->find("tokenizer.ggml.model") != nullptr) {
    encode(freehold::text::read_gguf_tokenizer(*value), text);
  } else {
    encode(freehold::text::read_json_tokenizer(
               {.tokenizer = &*value, .config = value->find("config")}),
           text);
  }
  return 0;
}
