#include "model/rope.h"

#include <gtest/gtest.h>

#include <cmath>

namespace freehold::model {
namespace {

Rope rope_of(RopeScalingKind kind) {
  Rope rope;
  rope.dimensions = 8;
  rope.scaling.kind = kind;
  rope.scaling.factor = 4;
  rope.scaling.original_context = 64;
  return rope;
}

TEST(RopeFrequencies, FallGeometricallyFromOne) {
  Rope rope;
  rope.dimensions = 8;
  const std::vector<double> expected{1, 0.1, 0.01, 0.001};
  const auto frequencies = rope_frequencies(rope, 0);
  ASSERT_EQ(frequencies.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(frequencies[i], expected[i], 1e-12);
}

TEST(RopeFrequencies, AreAllDividedByALinearFactor) {
  const auto frequencies = rope_frequencies(rope_of(RopeScalingKind::linear), 0);
  EXPECT_NEAR(frequencies[0], 0.25, 1e-12);
  EXPECT_NEAR(frequencies[3], 0.00025, 1e-12);
}

TEST(RopeFrequencies, KeepTheHighAndDivideTheLowWithLlama3AndYarn) {
  for (const RopeScalingKind kind : {RopeScalingKind::llama3, RopeScalingKind::yarn}) {
    const auto frequencies = rope_frequencies(rope_of(kind), 0);
    EXPECT_NEAR(frequencies[0], 1, 1e-12);
    EXPECT_NEAR(frequencies[3], 0.001 / 4, 1e-12);
  }
}

TEST(RopeFrequencies, IgnoreTheLengthUnlessScalingIsDynamic) {
  for (const RopeScalingKind kind : {RopeScalingKind::none, RopeScalingKind::linear,
                                     RopeScalingKind::llama3, RopeScalingKind::yarn}) {
    EXPECT_EQ(rope_frequencies(rope_of(kind), 1), rope_frequencies(rope_of(kind), 1000));
  }
  const Rope dynamic = rope_of(RopeScalingKind::dynamic_ntk);
  EXPECT_EQ(rope_frequencies(dynamic, 1), rope_frequencies(dynamic, 64));
  EXPECT_GT(rope_frequencies(dynamic, 64)[3], rope_frequencies(dynamic, 65)[3]);
  EXPECT_EQ(rope_frequencies(dynamic, 64)[0], rope_frequencies(dynamic, 65)[0]);
}

TEST(RopeAngles, MultiplyCosineAndSineByTheAttentionFactor) {
  Rope rope = rope_of(RopeScalingKind::yarn);
  rope.scaling.attention_factor = 0.5f;
  RopeAngles angles(rope, {});
  std::vector<float> cosine(4), sine(4);
  angles.at(3, 4, cosine, sine);
  EXPECT_NEAR(cosine[0], 0.5 * std::cos(3.0), 1e-6);
  EXPECT_NEAR(sine[0], 0.5 * std::sin(3.0), 1e-6);
}

TEST(RopeAngles, DivideFrequenciesByTheCheckpointsFactors) {
  Rope rope;
  rope.dimensions = 4;
  const std::vector<float> factors{1, 8};
  RopeAngles angles(rope, factors);
  std::vector<float> cosine(2), sine(2);
  angles.at(100, 101, cosine, sine);
  EXPECT_NEAR(sine[0], std::sin(100.0), 1e-6);
  EXPECT_NEAR(sine[1], std::sin(100.0 * 0.01 / 8), 1e-6);
}

TEST(RopeAngles, ForgetALongerSequenceWhenAShortOneFollows) {
  RopeAngles angles(rope_of(RopeScalingKind::dynamic_ntk), {});
  std::vector<float> cosine(4), before(4), after(4);
  angles.at(9, 10, cosine, before);
  angles.at(9, 500, cosine, after);
  EXPECT_NE(before, after);
  angles.at(9, 10, cosine, after);
  EXPECT_EQ(before, after);
}

}  // namespace
}  // namespace freehold::model
