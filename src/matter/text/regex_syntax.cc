#include "text/regex_syntax.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "text/unicode_additions.h"

namespace freehold::text {
namespace {

// PCRE2's own \s also takes U+180E, which is no white space since Unicode 6.3.
constexpr std::string_view white_space =
    R"(\t-\r\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";
constexpr std::array scripts = {"Han",     "Hiragana", "Katakana", "Hangul",     "Latin",
                                "Greek",   "Cyrillic", "Arabic",   "Hebrew",     "Thai",
                                "Khmer",   "Lao",      "Armenian", "Devanagari", "Tamil",
                                "Bengali", "Telugu",   "Georgian", "Myanmar"};
constexpr std::string_view categories =
    " L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Zl Zp "
    "C Cc Cf Co Cs ";
constexpr std::size_t longest_pattern = 64u << 10;

// Oniguruma's word characters: alphabetic ones, marks, digits, connectors and, by a quirk of its
// Latin-1 table, superscripts and fractions.
std::string word_characters() {
  return fmt::format(
      R"(\p{{Alphabetic}}\p{{M}}\p{{Nd}}\p{{Pc}}\x{{b2}}\x{{b3}}\x{{b9}}\x{{bc}}-\x{{be}}{}{}{})",
      unicode_additions("L"), unicode_additions("M"), unicode_additions("Nd"));
}

class Translator {
 public:
  explicit Translator(std::string_view pattern) : pattern_(pattern) {}

  Result<std::string> run() {
    if (pattern_.size() > longest_pattern) return unsupported("a pattern of more than 64 KiB");
    while (at_ < pattern_.size()) {
      const char c = pattern_[at_];
      if (c == '\\') {
        TRY(escape(false));
      } else if (c == '[') {
        TRY(character_class());
      } else if (c == '(') {
        TRY(group());
      } else if (c == '}' && at_ + 1 < pattern_.size() && pattern_[at_ + 1] == '+') {
        // Possessive in PCRE2, a repeated repetition in Ruby's syntax.
        return unsupported("\"}+\"");
      } else {
        copy(1);
      }
    }
    return std::move(out_);
  }

 private:
  std::unexpected<Error> unsupported(std::string_view what) const {
    return fail(ErrorCode::invalid,
                fmt::format("{} at byte {} of a pattern is not supported", what, at_));
  }

  void copy(std::size_t count) {
    out_.append(pattern_.substr(at_, count));
    at_ += count;
  }
  void replace(std::size_t count, std::string_view with) {
    out_ += with;
    at_ += count;
  }

  Result<void> group() {
    const std::string_view rest = pattern_.substr(at_);
    for (const std::string_view known : {"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?i:"}) {
      if (rest.starts_with(known)) {
        copy(known.size());
        return {};
      }
    }
    if (rest.starts_with("(?i)")) {
      copy(4);
      return {};
    }
    if (rest.starts_with("(?")) return unsupported(fmt::format("\"{}\"", rest.substr(0, 4)));
    if (rest.starts_with("(*")) return unsupported("\"(*\"");
    replace(1, "(?:");  // nothing refers back to groups
    return {};
  }

  Result<void> character_class() {
    const std::size_t begin = out_.size();
    copy(1);
    const bool inverted = at_ < pattern_.size() && pattern_[at_] == '^';
    if (inverted) copy(1);
    for (bool first = true; at_ < pattern_.size(); first = false) {
      const char c = pattern_[at_];
      if (c == '\\') {
        TRY(escape(true));
      } else if (c == '[') {
        return unsupported("\"[\" inside a character class");
      } else if (pattern_.substr(at_).starts_with("&&")) {
        if (first || inverted || !pattern_.substr(at_).starts_with("&&[^")) {
          return unsupported("\"&&\" inside a character class");
        }
        return subtraction(begin);
      } else if (c == ']') {
        if (first) return unsupported("an empty character class");
        copy(1);
        return {};
      } else {
        copy(1);
      }
    }
    return unsupported("a character class without end");
  }

  // [A&&[^B]]: the members of A, which begin at `begin` of the output, that are not in B. PCRE2 has
  // no operators on classes, but can look ahead.
  Result<void> subtraction(std::size_t begin) {
    const std::string members = out_.substr(begin) + "]";
    out_.resize(begin);
    out_ += "(?:(?![";
    at_ += std::string_view("&&[^").size();
    const std::size_t nothing = out_.size();
    while (at_ < pattern_.size() && pattern_[at_] != ']') {
      if (pattern_[at_] == '\\') {
        TRY(escape(true));
      } else if (pattern_[at_] == '[' || pattern_[at_] == '&') {
        return unsupported("what is nested here in a character class");
      } else {
        copy(1);
      }
    }
    if (out_.size() == nothing) return unsupported("an empty character class");
    if (!pattern_.substr(at_).starts_with("]]")) {
      return unsupported("a character class that goes on behind \"&&[^…]\"");
    }
    replace(2, fmt::format("]){})", members));
    return {};
  }

  Result<void> escape(bool in_class) {
    if (at_ + 1 >= pattern_.size()) return unsupported("a lone backslash");
    const char c = pattern_[at_ + 1];
    const auto is = [&](std::string_view set) { return set.find(c) != set.npos; };
    if (is("pP")) return property(in_class);
    if (is("xu")) return code_point();
    if (is("sw")) {
      const std::string set = c == 's' ? std::string(white_space) : word_characters();
      replace(2, in_class ? set : fmt::format("[{}]", set));
    } else if (is("SW") && !in_class) {
      replace(2, fmt::format("[^{}]", c == 'S' ? std::string(white_space) : word_characters()));
    } else if (is("dD")) {
      if (in_class && c == 'D') return unsupported("\"\\D\" inside a character class");
      const std::string set = R"(\p{Nd})" + unicode_additions("Nd");
      replace(2, in_class ? set : fmt::format("[{}{}]", c == 'D' ? "^" : "", set));
    } else if (is("nrtf")) {
      copy(2);
    } else if (static_cast<unsigned char>(c) < 0x80 && !is_alphanumeric(c)) {
      copy(2);
    } else {
      return unsupported(fmt::format("\"\\{}\"{}", c, in_class ? " inside a character class" : ""));
    }
    return {};
  }

  static bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }

  // General categories mean the same but for the Unicode version; a script must be asked for by
  // script, or PCRE2 takes script extensions too.
  Result<void> property(bool in_class) {
    const std::size_t end = pattern_.find('}', at_);
    if (at_ + 2 >= pattern_.size() || pattern_[at_ + 2] != '{' || end == pattern_.npos) {
      return unsupported("a property without braces");
    }
    std::string_view name = pattern_.substr(at_ + 3, end - at_ - 3);
    bool inverted = pattern_[at_ + 1] == 'P';
    if (name.starts_with('^')) {
      inverted = !inverted;
      name.remove_prefix(1);
    }
    const bool is_script = std::find(scripts.begin(), scripts.end(), name) != scripts.end();
    const bool is_category =
        !name.empty() && categories.find(fmt::format(" {} ", name)) != categories.npos;
    if (!is_script && !is_category) return unsupported(fmt::format("the property \"{}\"", name));
    const std::string members =
        fmt::format("\\p{{{}{}}}{}", is_script ? "sc:" : "", name, unicode_additions(name));
    if (in_class && inverted) return unsupported("an inverted property in a character class");
    const std::string_view opening = in_class ? "" : inverted ? "[^" : "[";
    replace(end + 1 - at_, fmt::format("{}{}{}", opening, members, in_class ? "" : "]"));
    return {};
  }

  // \xHH, \x{H…} and \uHHHH.
  Result<void> code_point() {
    const bool braces = pattern_.substr(at_).starts_with("\\x{");
    const std::size_t begin = at_ + (braces ? 3 : 2);
    const std::size_t wanted = pattern_[at_ + 1] == 'u' ? 4 : 2;
    std::size_t end = begin;
    const auto is_hex = [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    };
    while (end < pattern_.size() && is_hex(pattern_[end]) && (braces || end - begin < wanted))
      ++end;
    const bool closed = !braces || (end < pattern_.size() && pattern_[end] == '}');
    const bool complete = braces ? end > begin && end - begin <= 6 : end - begin == wanted;
    if (!closed || !complete) return unsupported("an incomplete code point");
    const std::string digits(pattern_.substr(begin, end - begin));
    // In Oniguruma a bare \x80 is a byte of a character, not U+0080.
    if (wanted == 2 && !braces && digits[0] >= '8') return unsupported("a bare byte above \\x7f");
    replace(end + (braces ? 1u : 0u) - at_, fmt::format("\\x{{{}}}", digits));
    return {};
  }

  std::string_view pattern_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

Result<std::string> pcre2_from_oniguruma(std::string_view pattern) {
  return Translator(pattern).run();
}

std::string pcre2_literal(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = static_cast<unsigned char>(c) >= 0x80 || c == '_' || c == ' ' ||
                       (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (plain) {
      out.push_back(c);
    } else {
      out += fmt::format("\\x{{{:x}}}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace freehold::text
