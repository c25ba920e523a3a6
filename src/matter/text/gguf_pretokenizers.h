// How byte-level vocabularies are cut, by the name that GGUF files carry in `tokenizer.ggml.pre`.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "text/tokenizer_data.h"

namespace freehold::text {

struct GgufPretokenizer {
  std::vector<NormalizerStep> normalizer;
  std::vector<PretokenizerStep> steps;
  bool ignore_merges = false;
  bool add_bos = false;  // when the file does not say
};

// Nothing for names whose rules are not known with certainty.
std::optional<GgufPretokenizer> gguf_pretokenizer(std::string_view name);

// GPT-2's pattern, which tokenizer.json's ByteLevel also means with `use_regex`.
extern const std::string_view gpt2_pattern;

}  // namespace freehold::text
