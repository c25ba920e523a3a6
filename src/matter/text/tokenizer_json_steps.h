// The pipeline sections of tokenizer.json: normalizer, pre_tokenizer, decoder, post_processor.
#pragma once

#include <vector>

#include "freehold/result.h"
#include "freehold/value.h"
#include "text/tokenizer_data.h"

namespace freehold::text {

Result<std::vector<NormalizerStep>> read_normalizer(const Value& section);

struct PretokenizerSection {
  std::vector<PretokenizerStep> steps;
  bool byte_level = false;
};
Result<PretokenizerSection> read_pretokenizer(const Value& section);

struct DecoderSection {
  bool byte_level = false;
  bool byte_fallback = false;
  std::vector<std::pair<std::string, std::string>> replacements;  // what, with
  bool drops_leading_space = false;
};
Result<DecoderSection> read_decoder(const Value& section);

struct PostprocessorSection {
  std::vector<Token> prologue;
  std::vector<Token> epilogue;
};
Result<PostprocessorSection> read_postprocessor(const Value& section, std::size_t vocabulary);

}  // namespace freehold::text
