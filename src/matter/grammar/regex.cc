#include "grammar/regex.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace freehold::grammar {
namespace {

constexpr std::size_t largest_pattern = 64 * 1024;
constexpr std::uint32_t most_repetitions = 100'000;
constexpr int deepest = 100;

const CodePoints digits{{'0', '9'}};
const CodePoints word{{'0', '9'}, {'A', 'Z'}, {'a', 'z'}, {'_', '_'}};
const CodePoints space{{'\t', '\r'},     {' ', ' '},       {0xa0, 0xa0},     {0x1680, 0x1680},
                       {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f},
                       {0x3000, 0x3000}, {0xfeff, 0xfeff}};
const CodePoints line_ends{{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}};

class RegexParser {
 public:
  RegexParser(Nodes& nodes, std::string_view pattern, Spelling spelling, Anchoring anchoring)
      : nodes_(nodes), all_(pattern), rest_(pattern), spelling_(spelling), anchoring_(anchoring) {}

  Result<NodeId> parse() {
    if (all_.size() > largest_pattern) {
      return fail(ErrorCode::invalid,
                  fmt::format("the expression has {} bytes; at most {} are read", all_.size(),
                              largest_pattern));
    }
    const NodeId result = TRY(alternatives(0, true, true));
    if (!rest_.empty()) return wrong("a ')' without '('");
    return result;
  }

 private:
  std::unexpected<Error> wrong(std::string_view what) const {
    return fail(ErrorCode::invalid, fmt::format("the regular expression, byte {}: {}",
                                                all_.size() - rest_.size(), what));
  }
  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  NodeId set(const CodePoints& points) { return characters(nodes_, points, spelling_); }
  NodeId anything() { return nodes_.repeat(set({{0, last_code_point}}), 0, unlimited); }

  // `first`, `last`: the expression begins or ends with these, so that anchors mean something.
  Result<NodeId> alternatives(int depth, bool first, bool last) {
    if (depth > deepest) return wrong("groups are nested too deeply");
    std::vector<NodeId> choices;
    do {
      choices.push_back(TRY(sequence(depth, first, last)));
    } while (take("|"));
    return nodes_.choice(std::move(choices));
  }

  // Whether a group that begins here is all that its branch holds.
  bool is_whole_branch() const {
    int open = 0;
    bool in_class = false;
    for (std::size_t i = 0; i < rest_.size(); ++i) {
      const char byte = rest_[i];
      if (byte == '\\') {
        ++i;
      } else if (in_class) {
        in_class = byte != ']';
      } else if (byte == '[') {
        in_class = true;
      } else if (byte == '(') {
        ++open;
      } else if (byte == ')' && --open == 0) {
        const std::string_view behind = rest_.substr(i + 1);
        return behind.empty() || behind.front() == '|' || behind.front() == ')';
      }
    }
    return false;
  }

  Result<NodeId> sequence(int depth, bool first, bool last) {
    if (first && last && rest_.starts_with('(') && ++looked_ahead_ < deepest && is_whole_branch()) {
      return group(depth, true, true);
    }
    std::vector<NodeId> parts;
    const bool search = anchoring_ == Anchoring::search;
    if (take("^")) {
      if (!first) return wrong("'^' is read at the beginning only");
    } else if (first && search) {
      parts.push_back(anything());
    }
    while (!rest_.empty() && rest_.front() != '|' && rest_.front() != ')') {
      if (take("$")) {
        const bool at_end = rest_.empty() || rest_.front() == '|' || rest_.front() == ')';
        if (!last || !at_end) return wrong("'$' is read at the end only");
        return nodes_.sequence(std::move(parts));
      }
      parts.push_back(TRY(repeated(depth)));
    }
    if (last && search) parts.push_back(anything());
    return nodes_.sequence(std::move(parts));
  }

  Result<NodeId> repeated(int depth) {
    NodeId node = TRY(atom(depth));
    for (int times = 0; !rest_.empty(); ++times) {
      std::uint32_t min = 0;
      std::uint32_t max = unlimited;
      if (take("*")) {
      } else if (take("+")) {
        min = 1;
      } else if (take("?")) {
        max = 1;
      } else if (const auto counts = TRY(braces())) {
        std::tie(min, max) = *counts;
      } else {
        break;
      }
      if (times > 0) return wrong("a repetition of a repetition");
      take("?");  // lazy: the same texts
      if (take("+")) return wrong("possessive repetition is not supported");
      node = nodes_.repeat(node, min, max);
    }
    return node;
  }

  // {n}, {n,} or {n,m}; anything else in braces stands for itself.
  Result<std::optional<std::pair<std::uint32_t, std::uint32_t>>> braces() {
    using Counts = std::pair<std::uint32_t, std::uint32_t>;
    if (!rest_.starts_with('{')) return std::nullopt;
    std::string_view rest = rest_.substr(1);
    const auto number = [&]() -> std::optional<std::uint64_t> {
      std::uint64_t value = 0;
      std::size_t length = 0;
      while (length < rest.size() && rest[length] >= '0' && rest[length] <= '9') {
        value = std::min<std::uint64_t>(value * 10 + static_cast<unsigned>(rest[length++] - '0'),
                                        unlimited);
      }
      rest.remove_prefix(length);
      return length > 0 ? std::optional(value) : std::nullopt;
    };
    const auto min = number();
    if (!min) return std::nullopt;
    std::optional<std::uint64_t> max = min;
    if (rest.starts_with(',')) {
      rest.remove_prefix(1);
      max = number();
    }
    if (!rest.starts_with('}')) return std::nullopt;
    if (max && *max < *min) return wrong("a repetition from more to less");
    if (*min > most_repetitions || (max && *max > most_repetitions)) {
      return wrong(fmt::format("more than {} repetitions", most_repetitions));
    }
    rest_ = rest.substr(1);
    return Counts{static_cast<std::uint32_t>(*min),
                  max ? static_cast<std::uint32_t>(*max) : unlimited};
  }

  Result<NodeId> atom(int depth) {
    switch (rest_.front()) {
      case '(':
        return group(depth, false, false);
      case '[':
        rest_.remove_prefix(1);
        return character_class();
      case '.':
        rest_.remove_prefix(1);
        return set(line_ends.complement());
      case '^':
        return wrong("'^' is read at the beginning only");
      case '*':
      case '+':
      case '?':
        return wrong("a repetition of nothing");
      case '\\':
        return set(TRY(escape(false)));
      default: {
        const std::uint32_t point = take_code_point(rest_);
        return set({{point, point}});
      }
    }
  }

  Result<NodeId> group(int depth, bool first, bool last) {
    take("(");
    if (take("?")) {
      if (take("<") || take("P<")) {
        if (rest_.starts_with('=') || rest_.starts_with('!')) {
          return wrong("looking behind is not supported");
        }
        const std::size_t close = rest_.find('>');
        if (close == rest_.npos) return wrong("a group's name without '>'");
        rest_.remove_prefix(close + 1);
      } else if (!take(":")) {
        return wrong("looking ahead and flags are not supported");
      }
    }
    const NodeId inner = TRY(alternatives(depth + 1, first, last));
    if (!take(")")) return wrong("a '(' without ')'");
    return inner;
  }

  Result<std::uint32_t> hex(std::size_t count) {
    std::uint32_t value = 0;
    if (rest_.size() < count) return wrong("too few hexadecimal digits");
    for (std::size_t i = 0; i < count; ++i) {
      const char digit = rest_[i];
      const int worth = digit >= '0' && digit <= '9'   ? digit - '0'
                        : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
                        : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                                                       : -1;
      if (worth < 0) return wrong("no hexadecimal digit");
      value = value * 16 + static_cast<std::uint32_t>(worth);
    }
    rest_.remove_prefix(count);
    return value;
  }

  Result<CodePoints> escape(bool in_class) {
    take("\\");
    if (rest_.empty()) return wrong("a backslash at the end");
    const char name = rest_.front();
    const auto one = [](std::uint32_t point) { return CodePoints{{point, point}}; };
    constexpr std::string_view plain = "^$\\.*+?()[]{}|/-\"'#&~`!@%=:;,<> _";
    if (plain.contains(name)) {
      rest_.remove_prefix(1);
      return one(static_cast<std::uint8_t>(name));
    }
    rest_.remove_prefix(1);
    switch (name) {
      case 'd':
        return digits;
      case 'D':
        return digits.complement();
      case 'w':
        return word;
      case 'W':
        return word.complement();
      case 's':
        return space;
      case 'S':
        return space.complement();
      case 'n':
        return one('\n');
      case 'r':
        return one('\r');
      case 't':
        return one('\t');
      case 'f':
        return one('\f');
      case 'v':
        return one('\v');
      case '0':
        return one(0);
      case 'x':
        return one(TRY(hex(2)));
      case 'u':
        return one(TRY(hex(4)));
      case 'b':
        if (in_class) return one('\b');
        return wrong("\\b is not supported");
      default:
        return wrong(fmt::format("\\{} is not supported", name >= ' ' && name < 127 ? name : '?'));
    }
  }

  Result<NodeId> character_class() {
    const bool negated = take("^");
    CodePoints points;
    while (!take("]")) {
      if (rest_.empty()) return wrong("a '[' without ']'");
      if (rest_.starts_with("[:")) return wrong("named classes are not supported");
      const CodePoints low = TRY(class_member());
      if (!rest_.starts_with('-') || rest_.starts_with("-]")) {
        points.add(low);
        continue;
      }
      rest_.remove_prefix(1);
      if (rest_.empty()) return wrong("a '[' without ']'");
      const auto from = low.normal();
      const auto to = TRY(class_member()).normal();
      if (from.size() != 1 || to.size() != 1 || from[0].first != from[0].second ||
          to[0].first != to[0].second) {
        return wrong("a range between what is not one character");
      }
      if (from[0].first > to[0].first) return wrong("a range from more to less");
      points.add(from[0].first, to[0].first);
    }
    return set(negated ? points.complement() : points);
  }

  Result<CodePoints> class_member() {
    if (rest_.starts_with('\\')) return escape(true);
    const std::uint32_t point = take_code_point(rest_);
    return CodePoints{{point, point}};
  }

  Nodes& nodes_;
  const std::string_view all_;
  std::string_view rest_;
  const Spelling spelling_;
  const Anchoring anchoring_;
  int looked_ahead_ = 0;
};

}  // namespace

Result<NodeId> parse_regex(Nodes& nodes, std::string_view pattern, Spelling spelling,
                           Anchoring anchoring) {
  return RegexParser(nodes, pattern, spelling, anchoring).parse();
}

}  // namespace freehold::grammar
