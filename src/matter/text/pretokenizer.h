// Cutting text into the parts within which merging happens, and the regular expressions that do it:
// the wall around PCRE2. Not merging (bpe.h).
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "freehold/result.h"
#include "text/aligned_text.h"
#include "text/tokenizer_data.h"

namespace freehold::text {

// A compiled pattern over valid UTF-8. Safe to use from several threads.
class Regex {
 public:
  // `invalid` for what the dialect cannot express (regex_syntax.h) or PCRE2 refuses.
  static Result<Regex> compile(const TextPattern& pattern);

  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();

  // Appends the matches from left to right, as offsets into `text`. A pattern that needs more
  // backtracking than any sane one (a limit that grows with the text) matches no further.
  void find_all(std::string_view text, std::vector<Range>& matches) const;

 private:
  struct Code;
  explicit Regex(std::unique_ptr<Code> code);
  std::unique_ptr<Code> code_;
};

// A text and the parts it is cut into, in order, without the empty ones.
struct Parts {
  AlignedText text;
  std::vector<Range> ranges;
};

class Pretokenizer {
 public:
  static Result<Pretokenizer> compile(const std::vector<PretokenizerStep>& steps);

  // `text` is a stretch of the input between two added tokens.
  Parts cut(AlignedText text) const;

 private:
  struct Step {
    PretokenizerStep what;
    std::unique_ptr<Regex> regex;  // of splits
  };
  std::vector<Step> steps_;
};

// The parts of [0, size) that `matches` cut it into, as tokenizer.json's behaviours want them.
std::vector<Range> split_ranges(std::size_t size, const std::vector<Range>& matches,
                                SplitBehavior behavior, bool invert);

}  // namespace freehold::text
