#include "text/pretokenizer.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include <algorithm>

#include "text/codepoints.h"
#include "text/regex_syntax.h"

namespace freehold::text {
namespace {

constexpr std::size_t jit_stack_bytes = 16u << 20;

// What a match needs besides the pattern; one a thread, made at first use.
struct MatchState {
  pcre2_match_data* data = pcre2_match_data_create(1, nullptr);
  pcre2_match_context* context = pcre2_match_context_create(nullptr);
  pcre2_jit_stack* stack = pcre2_jit_stack_create(64u << 10, jit_stack_bytes, nullptr);

  MatchState() {
    CHECK(data != nullptr && context != nullptr && stack != nullptr);
    pcre2_jit_stack_assign(context, nullptr, stack);
  }
  MatchState(const MatchState&) = delete;
  MatchState& operator=(const MatchState&) = delete;
  ~MatchState() {
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
    pcre2_jit_stack_free(stack);
  }
};

// Linear patterns stay far below this, exponential ones reach it within a second.
std::uint32_t match_limit(std::size_t text_bytes) {
  return static_cast<std::uint32_t>(std::min<std::size_t>(1'000'000 + 32 * text_bytes, 1u << 30));
}

}  // namespace

struct Regex::Code {
  pcre2_code* compiled;
  ~Code() { pcre2_code_free(compiled); }
};

Regex::Regex(std::unique_ptr<Code> code) : code_(std::move(code)) {}
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

Result<Regex> Regex::compile(const TextPattern& pattern) {
  if (!is_valid_utf8(pattern.text)) return fail(ErrorCode::invalid, "a pattern is not UTF-8");
  const std::string translated =
      pattern.is_regex ? TRY(pcre2_from_oniguruma(pattern.text)) : pcre2_literal(pattern.text);
  int error = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* compiled = pcre2_compile(
      reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
      PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &error, &offset, nullptr);
  if (compiled == nullptr) {
    PCRE2_UCHAR message[256];
    pcre2_get_error_message(error, message, sizeof message);
    return fail(ErrorCode::invalid, fmt::format("the pattern \"{}\" is refused: {}", pattern.text,
                                                reinterpret_cast<const char*>(message)));
  }
  // Without JIT (a kernel that forbids it) the interpreter does the same, slower.
  pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE);
  return Regex(std::make_unique<Code>(compiled));
}

void Regex::find_all(std::string_view text, std::vector<Range>& matches) const {
  thread_local MatchState state;
  pcre2_set_match_limit(state.context, match_limit(text.size()));
  const PCRE2_SIZE* found = pcre2_get_ovector_pointer(state.data);
  // Checking UTF-8 again at every call would make long texts quadratic.
  const auto match = [&](std::size_t from, std::uint32_t extra) {
    return pcre2_match(code_->compiled, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                       from, PCRE2_NO_UTF_CHECK | extra, state.data, state.context);
  };
  for (std::size_t from = 0; from <= text.size();) {
    int count = match(from, 0);
    if (count == PCRE2_ERROR_JIT_STACKLIMIT) count = match(from, PCRE2_NO_JIT);
    if (count < 0) return;
    const Range range{found[0], found[1]};
    if (range.begin == range.end && range.end < text.size()) {
      from = range.end + code_point_at(text, range.end).length;
    } else {
      from = range.end + (range.begin == range.end ? 1 : 0);
    }
    // An empty match right behind another adds no cut.
    if (range.begin < range.end || matches.empty() || matches.back().end != range.end) {
      matches.push_back(range);
    }
  }
}

std::vector<Range> split_ranges(std::size_t size, const std::vector<Range>& matches,
                                SplitBehavior behavior, bool invert) {
  struct Stretch {
    Range range;
    bool match;
  };
  std::vector<Stretch> stretches;
  std::size_t at = 0;
  for (const Range& match : matches) {
    if (match.begin > at) stretches.push_back({{at, match.begin}, invert});
    stretches.push_back({match, !invert});
    at = match.end;
  }
  if (at < size) stretches.push_back({{at, size}, invert});

  std::vector<Range> ranges;
  for (std::size_t i = 0; i < stretches.size(); ++i) {
    const auto& [range, is_match] = stretches[i];
    const bool match_before = i > 0 && stretches[i - 1].match;
    bool join = false;  // with the range before
    switch (behavior) {
      case SplitBehavior::removed:
      case SplitBehavior::isolated:
        break;
      case SplitBehavior::merged_with_previous:
        join = is_match && !match_before && i > 0;
        break;
      case SplitBehavior::merged_with_next:
        join = !is_match && match_before;
        break;
      case SplitBehavior::contiguous:
        join = i > 0 && is_match == match_before;
        break;
    }
    if (behavior == SplitBehavior::removed && is_match) continue;
    if (join && !ranges.empty()) {
      ranges.back().end = range.end;
    } else {
      ranges.push_back(range);
    }
  }
  std::erase_if(ranges, [](const Range& range) { return range.begin == range.end; });
  return ranges;
}

namespace {

void split(Parts& parts, const Regex& regex, const PretokenizerStep& step) {
  std::vector<Range> result;
  std::vector<Range> matches;
  for (const Range& part : parts.ranges) {
    matches.clear();
    const std::size_t size = part.end - part.begin;
    regex.find_all(parts.text.text().substr(part.begin, size), matches);
    for (const Range& range : split_ranges(size, matches, step.behavior, step.invert)) {
      result.push_back({part.begin + range.begin, part.begin + range.end});
    }
  }
  parts.ranges = std::move(result);
}

// Puts `content` before the parts that lack it (`prefix`), as GPT-2's add_prefix_space does.
void prefix(Parts& parts, const std::string& content) {
  Parts result;
  for (const Range& part : parts.ranges) {
    const std::size_t begin = result.text.size();
    if (!parts.text.text().substr(part.begin).starts_with(content)) {
      const std::size_t at = parts.text.position(part.begin);
      result.text.append(content, {at, at});
    }
    result.text.append(parts.text, part.begin, part.end);
    result.ranges.push_back({begin, result.text.size()});
  }
  parts = std::move(result);
}

void metaspace(Parts& parts, const PretokenizerStep& step) {
  using Prepend = PretokenizerStep::Prepend;
  const std::string_view text = parts.text.text();
  Parts result;
  for (const Range& part : parts.ranges) {
    std::size_t begin = result.text.size();
    const std::size_t at = parts.text.position(part.begin);
    const bool wanted =
        step.prepend == Prepend::always || (step.prepend == Prepend::first && at == 0);
    const std::string_view content = text.substr(part.begin, part.end - part.begin);
    if (wanted && !content.starts_with(' ') && !content.starts_with(step.content)) {
      result.text.append(step.content, {at, at});
    }
    const auto cut_before = [&](std::size_t where) {
      if (step.cut && where > begin) {
        result.ranges.push_back({begin, where});
        begin = where;
      }
    };
    for (std::size_t i = part.begin; i < part.end;) {
      if (text[i] == ' ') {
        cut_before(result.text.size());
        result.text.append(step.content, parts.text.source(i, i + 1));
        ++i;
      } else if (text.substr(i, part.end - i).starts_with(step.content)) {
        cut_before(result.text.size());
        result.text.append(parts.text, i, i + step.content.size());
        i += step.content.size();
      } else {
        result.text.append(parts.text, i, i + 1);
        ++i;
      }
    }
    if (result.text.size() > begin) result.ranges.push_back({begin, result.text.size()});
  }
  parts = std::move(result);
}

}  // namespace

Result<Pretokenizer> Pretokenizer::compile(const std::vector<PretokenizerStep>& steps) {
  Pretokenizer result;
  for (const PretokenizerStep& what : steps) {
    Step step{what, nullptr};
    if (what.kind == PretokenizerStep::Kind::split) {
      step.regex = std::make_unique<Regex>(TRY(Regex::compile(what.pattern)));
    }
    result.steps_.push_back(std::move(step));
  }
  return result;
}

Parts Pretokenizer::cut(AlignedText text) const {
  Parts parts;
  if (text.size() > 0) parts.ranges.push_back({0, text.size()});
  parts.text = std::move(text);
  for (const Step& step : steps_) {
    switch (step.what.kind) {
      case PretokenizerStep::Kind::split:
        split(parts, *step.regex, step.what);
        break;
      case PretokenizerStep::Kind::prefix:
        prefix(parts, step.what.content);
        break;
      case PretokenizerStep::Kind::metaspace:
        metaspace(parts, step.what);
        break;
    }
  }
  return parts;
}

}  // namespace freehold::text
