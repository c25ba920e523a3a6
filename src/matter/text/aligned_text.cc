#include "text/aligned_text.h"

#include "freehold/result.h"
#include "text/codepoints.h"

namespace freehold::text {

void AlignedText::append(const AlignedText& from, std::size_t begin, std::size_t end) {
  CHECK(changed_ || text_.empty());
  changed_ = true;
  text_.append(from.text_, begin, end - begin);
  for (std::size_t at = begin; at < end; ++at) sources_.push_back({from.start(at), from.stop(at)});
}

void AlignedText::append(std::string_view bytes, Range source) {
  CHECK(changed_ || text_.empty());
  changed_ = true;
  text_.append(bytes);
  sources_.insert(sources_.end(), bytes.size(), source);
}

std::size_t AlignedText::position(std::size_t at) const {
  if (at < size()) return start(at);
  return size() == 0 ? offset_ : stop(size() - 1);
}

AlignedText repair_utf8(std::string_view text, std::size_t offset, bool& repaired) {
  AlignedText whole(text, offset);
  repaired = !is_valid_utf8(text);
  if (!repaired) return whole;
  AlignedText result;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = code_point_at(text, at);
    if (point.valid) {
      result.append(whole, at, at + point.length);
    } else {
      result.append("\xef\xbf\xbd", {offset + at, offset + at + point.length});
    }
    at += point.length;
  }
  return result;
}

}  // namespace freehold::text
