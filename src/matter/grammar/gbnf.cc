#include "grammar/gbnf.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "grammar/code_points.h"

namespace freehold::grammar {
namespace {

constexpr std::size_t largest_text = 1024 * 1024;
constexpr int deepest = 100;

bool is_name(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
}

class GbnfParser {
 public:
  GbnfParser(Nodes& nodes, std::string_view text) : nodes_(nodes), all_(text), rest_(text) {}

  Result<NodeId> parse() {
    if (all_.size() > largest_text) {
      return fail(ErrorCode::invalid, fmt::format("the grammar has {} bytes; at most {} are read",
                                                  all_.size(), largest_text));
    }
    skip(true);
    while (!rest_.empty()) TRY(rule());
    for (const auto& [name, rule] : rules_) {
      if (!rule.defined) {
        return fail(ErrorCode::invalid, fmt::format("the grammar has no rule '{}'", name));
      }
    }
    const auto root = rules_.find("root");
    if (root == rules_.end()) return fail(ErrorCode::invalid, "the grammar has no rule 'root'");
    return root->second.node;
  }

 private:
  struct Rule {
    NodeId node;
    bool defined = false;
  };

  std::unexpected<Error> wrong(std::string_view what) const {
    const auto line = 1 + std::ranges::count(all_.substr(0, all_.size() - rest_.size()), '\n');
    return fail(ErrorCode::invalid, fmt::format("the grammar, line {}: {}", line, what));
  }
  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  // Blanks and comments; across lines where a rule may go on.
  void skip(bool lines) {
    while (!rest_.empty()) {
      const char byte = rest_.front();
      if (byte == '#') {
        rest_.remove_prefix(std::min(rest_.find_first_of("\r\n"), rest_.size()));
      } else if (byte == ' ' || byte == '\t' || (lines && (byte == '\r' || byte == '\n'))) {
        rest_.remove_prefix(1);
      } else {
        return;
      }
    }
  }
  std::string_view name() {
    std::size_t length = 0;
    while (length < rest_.size() && is_name(rest_[length])) ++length;
    const std::string_view taken = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return taken;
  }
  Rule& rule_of(std::string_view name) {
    auto found = rules_.find(name);
    if (found == rules_.end()) {
      found = rules_.emplace(std::string(name), Rule{.node = nodes_.declare()}).first;
    }
    return found->second;
  }

  Result<void> rule() {
    const std::string_view own = name();
    if (own.empty()) return wrong("a rule's name was expected");
    skip(false);
    if (!take("::=")) return wrong("'::=' was expected");
    if (rule_of(own).defined) return wrong(fmt::format("a second rule '{}'", own));
    rule_of(own).defined = true;
    skip(true);
    const NodeId meaning = TRY(alternatives(0));
    if (nodes_.full()) return wrong("the grammar is too large");
    nodes_.define(rule_of(own).node, meaning);
    if (!rest_.empty() && rest_.front() != '\n' && rest_.front() != '\r') {
      return wrong("the end of the line was expected");
    }
    skip(true);
    return {};
  }

  Result<NodeId> alternatives(int depth) {
    if (depth > deepest) return wrong("groups are nested too deeply");
    std::vector<NodeId> choices{TRY(sequence(depth))};
    while (take("|")) {
      skip(true);
      choices.push_back(TRY(sequence(depth)));
    }
    return nodes_.choice(std::move(choices));
  }

  Result<NodeId> sequence(int depth) {
    std::vector<NodeId> parts;
    while (true) {
      skip(depth > 0);
      const auto part = TRY(symbol(depth));
      if (!part) break;
      skip(depth > 0);
      parts.push_back(TRY(repeated(*part, depth)));
    }
    return nodes_.sequence(std::move(parts));
  }

  // Nothing where no symbol begins.
  Result<std::optional<NodeId>> symbol(int depth) {
    if (take("\"")) return TRY(literal());
    if (take("[")) return TRY(character_class());
    if (take(".")) return characters(nodes_, {{0, last_code_point}}, Spelling::plain);
    if (take("(")) {
      skip(true);
      const NodeId inner = TRY(alternatives(depth + 1));
      skip(true);
      if (!take(")")) return wrong("a '(' without ')'");
      return inner;
    }
    if (rest_.empty() || !is_name(rest_.front())) return std::nullopt;
    return rule_of(name()).node;
  }

  Result<NodeId> repeated(NodeId node, int depth) {
    for (int times = 0;; ++times) {
      if (take("*")) {
        node = nodes_.repeat(node, 0, unlimited);
      } else if (take("+")) {
        node = nodes_.repeat(node, 1, unlimited);
      } else if (take("?")) {
        node = nodes_.optional(node);
      } else if (take("{")) {
        const auto [min, max] = TRY(counts());
        node = nodes_.repeat(node, min, max);
      } else {
        return node;
      }
      if (times > deepest) return wrong("too many repetitions of repetitions");
      skip(depth > 0);
    }
  }

  Result<std::pair<std::uint32_t, std::uint32_t>> counts() {
    const auto number = [&](std::uint32_t otherwise) -> Result<std::uint32_t> {
      skip(true);
      std::uint64_t value = 0;
      bool any = false;
      while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
        value = value * 10 + static_cast<unsigned>(rest_.front() - '0');
        any = true;
        if (value >= unlimited) return wrong("a number that is too large");
        rest_.remove_prefix(1);
      }
      skip(true);
      return any ? static_cast<std::uint32_t>(value) : otherwise;
    };
    const std::uint32_t min = TRY(number(unlimited));
    if (min == unlimited) return wrong("a number was expected");
    const std::uint32_t max = take(",") ? TRY(number(unlimited)) : min;
    if (!take("}")) return wrong("a '{' without '}'");
    if (max < min) return wrong("a repetition from more to less");
    return std::pair{min, max};
  }

  Result<std::uint32_t> character() {
    if (rest_.empty() || rest_.front() == '\n') return wrong("a text or a class without end");
    if (!take("\\")) return take_code_point(rest_);
    if (rest_.empty()) return wrong("a backslash at the end");
    const char name = rest_.front();
    rest_.remove_prefix(1);
    switch (name) {
      case 'n':
        return std::uint32_t{'\n'};
      case 'r':
        return std::uint32_t{'\r'};
      case 't':
        return std::uint32_t{'\t'};
      case 'x':
        return hex(2);
      case 'u':
        return hex(4);
      case 'U':
        return hex(8);
      case '\\':
      case '"':
      case '[':
      case ']':
      case '-':
      case '^':
      case '/':
        return static_cast<std::uint32_t>(name);
      default:
        return wrong("an escape that is not known");
    }
  }

  Result<std::uint32_t> hex(std::size_t count) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t at = rest_.empty()
                                 ? std::string_view::npos
                                 : std::string_view("0123456789abcdefABCDEF").find(rest_.front());
      if (at == std::string_view::npos) return wrong("a hexadecimal digit was expected");
      value = value * 16 + static_cast<std::uint32_t>(at < 16 ? at : at - 6);
      rest_.remove_prefix(1);
    }
    if (value > last_code_point || (value >= 0xd800 && value < 0xe000)) {
      return wrong("an escape that is no character");
    }
    return value;
  }

  Result<NodeId> literal() {
    std::vector<NodeId> parts;
    std::string plain;
    while (!take("\"")) {
      if (!rest_.empty() && rest_.front() != '\\' && rest_.front() != '\n') {
        plain += rest_.front();
        rest_.remove_prefix(1);
        continue;
      }
      const std::uint32_t point = TRY(character());
      parts.push_back(nodes_.literal(std::exchange(plain, {})));
      parts.push_back(characters(nodes_, {{point, point}}, Spelling::plain));
    }
    parts.push_back(nodes_.literal(plain));
    return nodes_.sequence(std::move(parts));
  }

  Result<NodeId> character_class() {
    const bool negated = take("^");
    CodePoints points;
    while (!take("]")) {
      const std::uint32_t low = TRY(character());
      std::uint32_t high = low;
      if (rest_.starts_with('-') && !rest_.starts_with("-]")) {
        rest_.remove_prefix(1);
        high = TRY(character());
        if (high < low) return wrong("a range from more to less");
      }
      points.add(low, high);
    }
    return characters(nodes_, negated ? points.complement() : points, Spelling::plain);
  }

  Nodes& nodes_;
  const std::string_view all_;
  std::string_view rest_;
  std::map<std::string, Rule, std::less<>> rules_;
};

}  // namespace

Result<NodeId> parse_gbnf(Nodes& nodes, std::string_view text) {
  return GbnfParser(nodes, text).parse();
}

}  // namespace freehold::grammar
