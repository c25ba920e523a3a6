#include "text/detokenizer.h"

#include "text/codepoints.h"

namespace freehold::text {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

// Whether these bytes, which are no character, are the beginning of one: they reach the end of the
// text, and are a maximal part that starts with a lead byte.
bool may_be_completed(const CodePoint& point, std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  return point.length == text.size() && lead >= 0xC2 && lead <= 0xF4;
}

}  // namespace

std::string take_whole_characters(std::string& pending, bool at_end) {
  std::string result;
  std::string_view rest = pending;
  while (!rest.empty()) {
    const CodePoint point = code_point_at(rest, 0);
    if (!point.valid && !at_end && may_be_completed(point, rest)) break;
    result += point.valid ? rest.substr(0, point.length) : replacement;
    rest.remove_prefix(point.length);
  }
  pending.erase(0, pending.size() - rest.size());
  return result;
}

std::string Detokenizer::add(Token token) {
  std::string_view bytes = tokenizer_->bytes(token);
  if (at_start_ && !bytes.empty()) {
    at_start_ = false;
    if (bytes.starts_with(' ') && tokenizer_->drops_leading_space()) bytes.remove_prefix(1);
  }
  pending_ += bytes;
  return take_whole_characters(pending_, false);
}

std::string Detokenizer::finish() {
  return take_whole_characters(pending_, true);
}

}  // namespace freehold::text
