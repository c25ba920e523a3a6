#include "text/bpe.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace freehold::text {
namespace {

// Tokens a, b and all that the merges name, over bytes.
TokenizerData two_letters() {
  TokenizerData data;
  data.names = data.texts = {"a", "b", "ab", "aa", "aab", "aaaa", "bab"};
  data.byte_level = true;
  data.bytes.fill(no_token);
  data.bytes['a'] = 0;
  data.bytes['b'] = 1;
  data.merges = {{0, 1, 2, 0}, {0, 0, 3, 1}, {0, 2, 4, 2}, {3, 3, 5, 3}, {1, 2, 6, 4}};
  return data;
}

std::vector<Token> encode(const Bpe& bpe, std::string_view text) {
  std::vector<Bpe::Symbol> symbols;
  bpe.encode(text, symbols);
  std::vector<Token> ids;
  for (const auto& symbol : symbols) ids.push_back(symbol.id);
  return ids;
}

// Merging as it is defined: again and again the leftmost of the best pairs of the whole text.
std::vector<Token> merge_slowly(const TokenizerData& data, std::string_view text) {
  std::vector<Token> ids;
  for (const char c : text) ids.push_back(data.bytes[static_cast<unsigned char>(c)]);
  while (true) {
    const Merge* best = nullptr;
    std::size_t where = 0;
    for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
      for (const Merge& merge : data.merges) {
        const bool fits = merge.left == ids[i] && merge.right == ids[i + 1];
        if (fits && (best == nullptr || merge.rank < best->rank)) {
          best = &merge;
          where = i;
        }
      }
    }
    if (best == nullptr) return ids;
    ids[where] = best->result;
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(where) + 1);
  }
}

TEST(Bpe, LongAndShortPartsMergeAsDefined) {
  const TokenizerData data = two_letters();
  const Bpe bpe(data);
  Random random(11);
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (std::uint64_t i = random.below(80); i > 0; --i) text += random.below(3) == 0 ? 'b' : 'a';
    EXPECT_EQ(encode(bpe, text), merge_slowly(data, text)) << text;
  }
}

TEST(Bpe, BytesWithoutATokenAreLeftOut) {
  const TokenizerData data = two_letters();
  EXPECT_EQ(encode(Bpe(data), "a?b"), (std::vector<Token>{2}));
}

TEST(Bpe, UnknownCharactersFallBackToBytesOrFuse) {
  TokenizerData data;
  data.names = data.texts = {"?", "a", "<0xC3>", "<0xA9>"};
  data.mergeable = {1};
  data.bytes.fill(no_token);
  data.bytes[0xc3] = 2;
  data.bytes[0xa9] = 3;
  data.unknown = 0;
  data.fuse_unknown = true;
  EXPECT_EQ(encode(Bpe(data),
                   "a\xc3\xa9\xc3\xa9"
                   "a"),
            (std::vector<Token>{1, 0, 1}));
  data.byte_fallback = true;
  EXPECT_EQ(encode(Bpe(data),
                   "\xc3\xa9"
                   "a"),
            (std::vector<Token>{2, 3, 1}));
  EXPECT_EQ(encode(Bpe(data), "\xc3\xa8"), (std::vector<Token>{0}));  // one of its bytes is missing
}

}  // namespace
}  // namespace freehold::text
