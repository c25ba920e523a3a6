#include "grammar/code_points.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace freehold::grammar {
namespace {

using Range = CodePoints::Range;

std::string utf8(std::uint32_t point) {
  const auto byte = [](std::uint32_t bits) { return static_cast<char>(bits); };
  if (point < 0x80) return {byte(point)};
  if (point < 0x800) return {byte(0xc0 | point >> 6), byte(0x80 | (point & 63))};
  if (point < 0x10000) {
    return {byte(0xe0 | point >> 12), byte(0x80 | (point >> 6 & 63)), byte(0x80 | (point & 63))};
  }
  return {byte(0xf0 | point >> 18), byte(0x80 | (point >> 12 & 63)), byte(0x80 | (point >> 6 & 63)),
          byte(0x80 | (point & 63))};
}

// A range whose ends have equally many bytes, as sequences of byte ranges: cut until all bytes
// behind the first that differs run through all values.
void add_sequences(Nodes& nodes, std::uint32_t low, std::uint32_t high,
                   std::vector<NodeId>& choices) {
  const std::string first = utf8(low);
  const std::string last = utf8(high);
  for (std::size_t tail = first.size() - 1; tail > 0; --tail) {
    const std::uint32_t mask = (1u << (6 * tail)) - 1;
    if ((low & ~mask) == (high & ~mask)) continue;
    if ((low & mask) != 0) {
      add_sequences(nodes, low, low | mask, choices);
      return add_sequences(nodes, (low | mask) + 1, high, choices);
    }
    if ((high & mask) != mask) {
      add_sequences(nodes, low, (high & ~mask) - 1, choices);
      return add_sequences(nodes, high & ~mask, high, choices);
    }
  }
  std::vector<NodeId> sequence;
  for (std::size_t i = 0; i < first.size(); ++i) {
    sequence.push_back(nodes.bytes(
        ByteSet::range(static_cast<std::uint8_t>(first[i]), static_cast<std::uint8_t>(last[i]))));
  }
  choices.push_back(nodes.sequence(std::move(sequence)));
}

void add_utf8(Nodes& nodes, Range range, std::vector<NodeId>& choices) {
  constexpr std::array<std::uint32_t, 4> ends = {0x7f, 0x7ff, 0xffff, last_code_point};
  for (const std::uint32_t end : ends) {
    if (range.first > range.second) return;
    if (range.first > end) continue;
    add_sequences(nodes, range.first, std::min(range.second, end), choices);
    range.first = end + 1;
  }
}

bool needs_escape(std::uint32_t point) {
  return point < 0x20 || point == '"' || point == '\\';
}

std::string escape(std::uint32_t point) {
  switch (point) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\b':
      return "\\b";
    case '\f':
      return "\\f";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return fmt::format("\\u{:04x}", point);
  }
}

}  // namespace

void CodePoints::add(const CodePoints& other) {
  ranges_.insert(ranges_.end(), other.ranges_.begin(), other.ranges_.end());
}

std::vector<Range> CodePoints::normal() const {
  std::vector<Range> cut;
  for (const auto& [low, high] : ranges_) {
    if (low <= 0xd7ff) cut.emplace_back(low, std::min(high, 0xd7ffu));
    if (high >= 0xe000) cut.emplace_back(std::max(low, 0xe000u), high);
  }
  std::erase_if(cut, [](const Range& range) { return range.first > range.second; });
  std::ranges::sort(cut);
  std::vector<Range> joined;
  for (const Range& range : cut) {
    if (!joined.empty() && range.first <= joined.back().second + 1) {
      joined.back().second = std::max(joined.back().second, range.second);
    } else {
      joined.push_back(range);
    }
  }
  return joined;
}

CodePoints CodePoints::complement() const {
  CodePoints result;
  std::uint32_t from = 0;
  for (const auto& [low, high] : normal()) {
    if (low > from) result.add(from, low - 1);
    from = high + 1;
  }
  if (from <= last_code_point) result.add(from, last_code_point);
  return result;
}

NodeId characters(Nodes& nodes, const CodePoints& set, Spelling spelling) {
  std::vector<NodeId> choices;
  ByteSet ascii;
  bool any_ascii = false;
  for (const auto& [low, high] : set.normal()) {
    for (std::uint32_t point = low; point <= std::min(high, 0x7fu); ++point) {
      if (spelling == Spelling::json && needs_escape(point)) {
        choices.push_back(nodes.literal(escape(point)));
      } else {
        ascii.add(point);
        any_ascii = true;
      }
    }
    if (high > 0x7f) add_utf8(nodes, {std::max(low, 0x80u), high}, choices);
  }
  if (any_ascii) choices.push_back(nodes.bytes(ascii));
  return nodes.choice(std::move(choices));
}

std::string spelled(std::string_view text, Spelling spelling) {
  if (spelling == Spelling::plain) return std::string(text);
  std::string result;
  for (const char byte : text) {
    const auto point = static_cast<std::uint8_t>(byte);
    result += needs_escape(point) ? escape(point) : std::string(1, byte);
  }
  return result;
}

std::uint32_t take_code_point(std::string_view& text) {
  const auto first = static_cast<std::uint8_t>(text.front());
  const std::size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  std::uint32_t point = length == 1 ? first : first & (0xffu >> (length + 1));
  bool broken = (first >= 0x80 && first < 0xc2) || first > 0xf4 || text.size() < length;
  for (std::size_t i = 1; i < length && !broken; ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    broken = (byte & 0xc0) != 0x80;
    point = point << 6 | (byte & 63);
  }
  broken = broken || point > last_code_point || (point >= 0xd800 && point < 0xe000) ||
           utf8(point).size() != length;
  text.remove_prefix(broken ? 1 : length);
  return broken ? 0xfffd : point;
}

}  // namespace freehold::grammar
