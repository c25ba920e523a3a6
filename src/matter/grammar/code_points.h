// Sets of Unicode characters as expressions over bytes: as UTF-8, or as they are spelled between
// the quotes of JSON.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "grammar/nodes.h"

namespace freehold::grammar {

inline constexpr std::uint32_t last_code_point = 0x10ffff;

// Ranges, both ends included. Surrogates are no characters and never part of it.
class CodePoints {
 public:
  using Range = std::pair<std::uint32_t, std::uint32_t>;

  CodePoints() = default;
  CodePoints(std::initializer_list<Range> ranges) : ranges_(ranges) {}

  void add(std::uint32_t low, std::uint32_t high) { ranges_.emplace_back(low, high); }
  void add(const CodePoints& other);
  CodePoints complement() const;
  // Sorted, without overlap, without surrogates.
  std::vector<Range> normal() const;

 private:
  std::vector<Range> ranges_;
};

enum class Spelling {
  plain,  // UTF-8
  json,   // each character in one way only: raw where JSON allows it, else its shortest escape
};

NodeId characters(Nodes& nodes, const CodePoints& set, Spelling spelling);

// The text in that spelling.
std::string spelled(std::string_view text, Spelling spelling);

// The next character of UTF-8 text, which is taken from it; broken bytes give U+FFFD.
std::uint32_t take_code_point(std::string_view& text);

}  // namespace freehold::grammar
