#include "text/normalizer.h"

#include <unicode/bytestream.h>
#include <unicode/edits.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>
#include <unicode/uchar.h>
#include <unicode/uniset.h>

#include <limits>

#include "text/codepoints.h"

namespace freehold::text {
namespace {

using Kind = NormalizerStep::Kind;

// The reference's normalization tables are those of Unicode 9: what came later is left alone there,
// and models were trained on that.
const icu::UnicodeSet& known_characters() {
  static const icu::UnicodeSet set = [] {
    UErrorCode status = U_ZERO_ERROR;
    icu::UnicodeSet known(u"[:age=9.0:]", status);
    CHECK(U_SUCCESS(status));
    known.freeze();
    return known;
  }();
  return set;
}

icu::FilteredNormalizer2 form(Kind kind) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* result = nullptr;
  switch (kind) {
    case Kind::nfc:
      result = icu::Normalizer2::getNFCInstance(status);
      break;
    case Kind::nfd:
      result = icu::Normalizer2::getNFDInstance(status);
      break;
    case Kind::nfkc:
      result = icu::Normalizer2::getNFKCInstance(status);
      break;
    default:
      result = icu::Normalizer2::getNFKDInstance(status);
      break;
  }
  CHECK(U_SUCCESS(status));
  return {*result, known_characters()};
}

AlignedText normalize(AlignedText text, const icu::FilteredNormalizer2& form) {
  CHECK(text.size() <= static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()));
  UErrorCode status = U_ZERO_ERROR;
  const icu::StringPiece whole(text.text().data(), static_cast<std::int32_t>(text.size()));
  if (form.isNormalizedUTF8(whole, status) && U_SUCCESS(status)) return text;
  std::string changed;
  icu::StringByteSink<std::string> sink(&changed);
  icu::Edits edits;
  form.normalizeUTF8(0, whole, sink, &edits, status);
  CHECK(U_SUCCESS(status));
  AlignedText result;
  const std::string_view view = changed;
  for (auto edit = edits.getFineIterator(); edit.next(status);) {
    const auto begin = static_cast<std::size_t>(edit.sourceIndex());
    const auto end = begin + static_cast<std::size_t>(edit.oldLength());
    if (!edit.hasChange()) {
      result.append(text, begin, end);
    } else {
      const auto from = static_cast<std::size_t>(edit.destinationIndex());
      result.append(view.substr(from, static_cast<std::size_t>(edit.newLength())),
                    text.source(begin, end));
    }
  }
  return result;
}

// Character by character, without context: what tokenizer.json's Lowercase means.
AlignedText lowercase(const AlignedText& text) {
  AlignedText result;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = code_point_at(text.text(), at);
    const auto lower = static_cast<char32_t>(u_tolower(static_cast<UChar32>(point.value)));
    std::string bytes;
    if (point.value == 0x130) {
      bytes = "i\xcc\x87";  // the one character that becomes two
    } else {
      append_utf8(bytes, lower);
    }
    result.append(bytes, text.source(at, at + point.length));
    at += point.length;
  }
  return result;
}

AlignedText strip_accents(const AlignedText& text) {
  AlignedText result;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = code_point_at(text.text(), at);
    const bool mark = (U_GET_GC_MASK(static_cast<UChar32>(point.value)) & U_GC_M_MASK) != 0;
    if (!mark) result.append(text, at, at + point.length);
    at += point.length;
  }
  return result;
}

AlignedText strip(const AlignedText& text, bool left, bool right) {
  std::size_t first = text.size();
  std::size_t last = 0;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = code_point_at(text.text(), at);
    if (!is_white_space(point.value)) {
      first = std::min(first, at);
      last = at + point.length;
    }
    at += point.length;
  }
  const std::size_t begin = left ? first : 0;
  const std::size_t end = right ? last : text.size();
  AlignedText result;
  if (begin < end) result.append(text, begin, end);
  return result;
}

AlignedText replace(AlignedText text, const Regex& regex, const std::string& content) {
  std::vector<Range> matches;
  regex.find_all(text.text(), matches);
  if (matches.empty()) return text;
  AlignedText result;
  std::size_t at = 0;
  for (const Range& match : matches) {
    result.append(text, at, match.begin);
    const std::size_t place = text.position(match.begin);
    result.append(content, match.begin < match.end ? text.source(match.begin, match.end)
                                                   : Range{place, place});
    at = match.end;
  }
  result.append(text, at, text.size());
  return result;
}

AlignedText prepend(AlignedText text, const std::string& content) {
  if (text.size() == 0) return text;
  AlignedText result;
  const std::size_t at = text.position(0);
  result.append(content, {at, at});
  result.append(text, 0, text.size());
  return result;
}

}  // namespace

Result<Normalizer> Normalizer::compile(const std::vector<NormalizerStep>& steps) {
  Normalizer result;
  for (const NormalizerStep& what : steps) {
    Step step{what, nullptr};
    if (what.kind == Kind::replace) {
      step.regex = std::make_unique<Regex>(TRY(Regex::compile(what.pattern)));
    }
    result.steps_.push_back(std::move(step));
  }
  return result;
}

AlignedText Normalizer::apply(AlignedText text) const {
  for (const auto& [what, regex] : steps_) {
    switch (what.kind) {
      case Kind::nfc:
      case Kind::nfd:
      case Kind::nfkc:
      case Kind::nfkd:
        text = normalize(std::move(text), form(what.kind));
        break;
      case Kind::lowercase:
        text = lowercase(text);
        break;
      case Kind::prepend:
        text = prepend(std::move(text), what.content);
        break;
      case Kind::replace:
        text = replace(std::move(text), *regex, what.content);
        break;
      case Kind::strip:
        text = strip(text, what.strip_left, what.strip_right);
        break;
      case Kind::strip_accents:
        text = strip_accents(text);
        break;
    }
  }
  return text;
}

}  // namespace freehold::text
