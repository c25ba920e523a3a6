// When an answer is over: a stop string in its text, a stop token, as many tokens as were asked
// for. Not the end of the context, which is the sequence's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "freehold/result.h"
#include "freehold/sampling.h"

namespace freehold::engine {

// A Stop whose fields are in range, with the model's own end tokens where they apply.
struct StopRules {
  std::optional<std::uint32_t> max_tokens;
  std::vector<std::string> strings;
  std::vector<Token> tokens;  // sorted

  bool ends_at(Token token) const;
};

// `usage` for a stop string that is empty, too long or begins inside a character, or too many.
Result<StopRules> resolve(const Stop& asked, std::span<const Token> end_tokens);

// Finds stop strings in text that comes in pieces. What could still become one is held back, so
// that no part of a stop string is ever shown; how the text is cut changes nothing. The stop
// string that is complete first ends the text; of several that end at the same byte, the longest.
class StopMatcher {
 public:
  explicit StopMatcher(std::span<const std::string> strings);

  // What may be shown now. After a match: nothing any more.
  std::string add(std::string_view text);
  // The text is over: what was held back.
  std::string finish();
  // The stop string that was found, nullptr while none was.
  const std::string* matched() const { return matched_; }

 private:
  // One string with its failure table (Knuth, Morris and Pratt, 1977): how much of its beginning
  // still matches when the next byte does not.
  struct Pattern {
    std::string string;
    std::vector<std::uint32_t> shorter;
    std::uint32_t length = 0;  // bytes of it that the text now ends with
  };
  static Pattern prepare(const std::string& string);
  static void advance(Pattern& pattern, char byte);

  std::vector<Pattern> patterns_;
  std::string held_;
  const std::string* matched_ = nullptr;
};

}  // namespace freehold::engine
