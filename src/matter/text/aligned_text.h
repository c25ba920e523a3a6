// Text on its way through normalizers and pre-tokenizers that remembers, for every byte, which
// bytes of the input it came from.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace freehold::text {

struct Range {
  std::size_t begin;
  std::size_t end;
  bool operator==(const Range&) const = default;
};

class AlignedText {
 public:
  AlignedText() = default;
  // Text as it stands in the input, from byte `offset` on.
  AlignedText(std::string_view text, std::size_t offset) : text_(text), offset_(offset) {}

  std::string_view text() const { return text_; }
  std::size_t size() const { return text_.size(); }

  // The bytes of the input that text[begin, end) came from; begin < end.
  Range source(std::size_t begin, std::size_t end) const { return {start(begin), stop(end - 1)}; }

  // Builds a changed text piece by piece: a stretch of `from` as it is …
  void append(const AlignedText& from, std::size_t begin, std::size_t end);
  // … or new bytes that stand for input bytes `source` (empty for what was only inserted).
  void append(std::string_view bytes, Range source);

  // Where something inserted before byte `at` belongs in the input.
  std::size_t position(std::size_t at) const;

 private:
  std::size_t start(std::size_t at) const { return changed_ ? sources_[at].begin : offset_ + at; }
  std::size_t stop(std::size_t at) const { return changed_ ? sources_[at].end : offset_ + at + 1; }

  std::string text_;
  std::size_t offset_ = 0;
  bool changed_ = false;
  std::vector<Range> sources_;  // one a byte, once something was appended
};

// The input from `offset` on, with every broken part of it replaced by U+FFFD, as the patterns and
// normalizers need it. `repaired` tells whether there was one.
AlignedText repair_utf8(std::string_view text, std::size_t offset, bool& repaired);

}  // namespace freehold::text
