#include "server/http.h"

#include <charconv>

namespace freehold::server {

const std::string* HttpRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    char c = text[at];
    if (c == '%') {
      if (text.size() - at < 3) return {};
      const char* const end = text.data() + at + 3;
      unsigned value = 0;
      if (std::from_chars(text.data() + at + 1, end, value, 16).ptr != end) return {};
      c = static_cast<char>(value);
      at += 2;
    }
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) return {};
    decoded += c;
  }
  return decoded;
}

}  // namespace freehold::server
