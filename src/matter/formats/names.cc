#include "formats/names.h"

#include <fmt/format.h>

#include <algorithm>

namespace freehold::formats {
namespace {

// How many bytes the printable character in front takes; 0 when that is a control character or no
// UTF-8. Not the whole of UTF-8's rules: enough that a terminal shows what it is given.
std::size_t printable_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return byte(0) >= 0x20 && byte(0) != 0x7f ? 1 : 0;
  const std::size_t size = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : 2;
  if (byte(0) < 0xc2 || byte(0) > 0xf4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const bool second_control_block = byte(0) == 0xc2 && byte(1) < 0xa0;
  return second_control_block ? 0 : size;
}

}  // namespace

bool is_proper_name(std::string_view name) {
  const auto is_control = [](char character) {
    return static_cast<unsigned char>(character) < 0x20 || character == 0x7f;
  };
  return !name.empty() && std::ranges::none_of(name, is_control);
}

std::string in_quotes(std::string_view name) {
  constexpr std::size_t longest = 120;
  std::string quoted = "\"";
  std::string_view rest = name.substr(0, longest);
  while (!rest.empty()) {
    const std::size_t size = printable_bytes(rest);
    if (size == 0) {
      quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(rest.front()));
    } else if (rest.front() == '"' || rest.front() == '\\') {
      quoted += {'\\', rest.front()};
    } else {
      quoted += rest.substr(0, size);
    }
    rest.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return name.size() <= longest ? quoted + '"'
                                : fmt::format("{}…\" ({} bytes)", quoted, name.size());
}

}  // namespace freehold::formats
