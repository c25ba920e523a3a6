#include "text/normalizer.h"

#include <gtest/gtest.h>

namespace freehold::text {
namespace {

using Kind = NormalizerStep::Kind;

AlignedText apply(std::vector<NormalizerStep> steps, std::string_view text) {
  return Normalizer::compile(steps)->apply(AlignedText(text, 0));
}

TEST(Normalizer, ComposedCharactersPointAtAllTheirParts) {
  const AlignedText text = apply({{.kind = Kind::nfc}}, "xe\xcc\x81y");
  EXPECT_EQ(text.text(), "x\xc3\xa9y");
  EXPECT_EQ(text.source(1, 3), (Range{1, 4}));
  EXPECT_EQ(text.source(3, 4), (Range{4, 5}));
}

// The reference's tables end with Unicode 9: U+07FD, a mark of Unicode 11, is not put in order.
TEST(Normalizer, LeavesAloneWhatTheReferenceDoesNotKnow) {
  const std::string text = "o\xcc\x88\xdf\xbd";
  EXPECT_EQ(apply({{.kind = Kind::nfd}}, text).text(), text);
  EXPECT_EQ(apply({{.kind = Kind::nfd}}, "o\xcc\x88\xcc\xa3").text(), "o\xcc\xa3\xcc\x88");
}

TEST(Normalizer, CompatibilityFormsAndLowercaseFollowTheirTables) {
  EXPECT_EQ(apply({{.kind = Kind::nfkc}}, "ﬁ①").text(), "fi1");
  EXPECT_EQ(apply({{.kind = Kind::lowercase}}, "ÀΣİ").text(), "àσi\xcc\x87");
  EXPECT_EQ(apply({{.kind = Kind::nfd}, {.kind = Kind::strip_accents}}, "naïve").text(), "naive");
}

TEST(Normalizer, PrependAndReplaceKeepPlaces) {
  const AlignedText text =
      apply({{.kind = Kind::prepend, .content = "_"},
             {.kind = Kind::replace, .pattern = {" ", false}, .content = "__"}},
            "a b");
  EXPECT_EQ(text.text(), "_a__b");
  EXPECT_EQ(text.source(0, 1), (Range{0, 0}));
  EXPECT_EQ(text.source(0, 2), (Range{0, 1}));
  EXPECT_EQ(text.source(2, 4), (Range{1, 2}));
  EXPECT_EQ(text.source(4, 5), (Range{2, 3}));
  EXPECT_EQ(apply({{.kind = Kind::prepend, .content = "_"}}, "").text(), "");
}

TEST(Normalizer, StripTakesUnicodeSpaces) {
  EXPECT_EQ(apply({{.kind = Kind::strip, .strip_left = true}}, "\xe3\x80\x80 a ").text(), "a ");
  EXPECT_EQ(apply({{.kind = Kind::strip, .strip_left = true, .strip_right = true}}, "  ").text(),
            "");
}

}  // namespace
}  // namespace freehold::text
