// What happens to text before it is cut: Unicode normalization forms (through ICU), replacing,
// prepending, stripping, lowering; each byte keeps its place in the input.
#pragma once

#include <memory>
#include <vector>

#include "freehold/result.h"
#include "text/aligned_text.h"
#include "text/pretokenizer.h"
#include "text/tokenizer_data.h"

namespace freehold::text {

class Normalizer {
 public:
  static Result<Normalizer> compile(const std::vector<NormalizerStep>& steps);

  // `text` is valid UTF-8, and stays it.
  AlignedText apply(AlignedText text) const;
  bool changes_nothing() const { return steps_.empty(); }

 private:
  struct Step {
    NormalizerStep what;
    std::unique_ptr<Regex> regex;  // of replacements
  };
  std::vector<Step> steps_;
};

}  // namespace freehold::text
