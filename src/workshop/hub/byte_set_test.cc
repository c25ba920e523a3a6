#include "hub/byte_set.h"

#include <gmock/gmock.h>

#include <set>

#include "base/random.h"

namespace freehold::hub {
namespace {

using testing::ElementsAre;

TEST(ByteSet, MeltsRangesThatTouch) {
  ByteSet set;
  set.add({10, 20});
  set.add({30, 40});
  set.add({20, 30});
  EXPECT_THAT(set.ranges(), ElementsAre(ByteRange{10, 40}));
}

TEST(ByteSet, KeepsRangesApartThatDoNotTouch) {
  ByteSet set;
  set.add({30, 40});
  set.add({10, 20});
  EXPECT_THAT(set.ranges(), ElementsAre(ByteRange{10, 20}, ByteRange{30, 40}));
  EXPECT_EQ(set.count(), 20u);
}

TEST(ByteSet, FindsTheFirstGap) {
  ByteSet set;
  EXPECT_EQ(set.first_missing(5), (ByteRange{0, 5}));
  set.add({0, 10});
  set.add({15, 20});
  EXPECT_EQ(set.first_missing(100), (ByteRange{10, 15}));
  EXPECT_EQ(set.first_missing(12), (ByteRange{10, 12}));
  EXPECT_EQ(set.first_missing(10).size(), 0u);
}

TEST(ByteSet, IgnoresEmptyRanges) {
  ByteSet set;
  set.add({5, 5});
  EXPECT_TRUE(set.ranges().empty());
  EXPECT_TRUE(set.contains({3, 3}));
}

TEST(ByteSet, AgreesWithASetOfNumbersOnRandomRanges) {
  Random random(3);
  for (int round = 0; round < 200; ++round) {
    ByteSet set;
    std::set<std::uint64_t> numbers;
    for (int i = 0; i < 20; ++i) {
      const std::uint64_t begin = random.below(100);
      const std::uint64_t end = begin + random.below(15);
      set.add({begin, end});
      for (std::uint64_t n = begin; n < end; ++n) numbers.insert(n);
      ASSERT_EQ(set.count(), numbers.size());
    }
    for (std::uint64_t n = 0; n < 120; ++n) {
      ASSERT_EQ(set.contains({n, n + 1}), numbers.contains(n));
    }
    const ByteRange gap = set.first_missing(120);
    ASSERT_FALSE(numbers.contains(gap.begin));
    if (gap.begin > 0) ASSERT_TRUE(numbers.contains(gap.begin - 1));
  }
}

}  // namespace
}  // namespace freehold::hub
