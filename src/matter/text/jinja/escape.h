// HTML escaping, which templates ask for with |escape and which |safe text forces on its
// neighbours.
#pragma once

#include <string_view>

#include "text/jinja/workspace.h"

namespace freehold::text::jinja {

inline void escape_into(std::string_view value, TextBuilder& text) {
  constexpr std::string_view special = "&<>'\"";
  while (true) {
    const std::size_t at = value.find_first_of(special);
    text.append(value.substr(0, at));
    if (at == value.npos || text.failed()) return;
    switch (value[at]) {
      case '&':
        text.append("&amp;");
        break;
      case '<':
        text.append("&lt;");
        break;
      case '>':
        text.append("&gt;");
        break;
      case '\'':
        text.append("&#39;");
        break;
      default:
        text.append("&#34;");
        break;
    }
    value.remove_prefix(at + 1);
  }
}

}  // namespace freehold::text::jinja
