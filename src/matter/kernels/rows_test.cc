// What is done to one row at a time, against double precision, at odd sizes and addresses.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/samples_test.h"

namespace freehold::kernels {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

// Calls test(table, count, offset) for all tables, for sizes around the vector width and offsets
// that are not aligned.
template <class Test>
void at_odd_sizes_and_offsets(Test test) {
  for (const Kernels* table : available_kernels()) {
    for (const std::size_t count : {1, 2, 7, 8, 9, 31, 32, 33, 63, 100, 576, 1000, 4099}) {
      for (const std::size_t offset : {0, 1, 3}) {
        SCOPED_TRACE(std::string(table->name) + " " + std::to_string(count) + " at " +
                     std::to_string(offset));
        test(*table, count, offset);
      }
    }
  }
}

TEST(RmsNorm, DividesByTheRootOfTheMeanSquare) {
  at_odd_sizes_and_offsets([](const Kernels& table, std::size_t count, std::size_t offset) {
    const std::vector<float> x = sample_floats(offset + count, 3.0f, 1);
    const std::vector<float> weight = sample_floats(offset + count, 1.0f, 2);
    std::vector<float> out(offset + count + 1, -1.0f);
    table.rms_norm(&x[offset], &weight[offset], 1e-5f, &out[offset], count);
    double squares = 0;
    for (std::size_t i = offset; i < offset + count; ++i) squares += double{x[i]} * x[i];
    const double scale = 1 / std::sqrt(squares / static_cast<double>(count) + double{1e-5f});
    for (std::size_t i = offset; i < offset + count; ++i) {
      const double expected = x[i] * scale * weight[i];
      ASSERT_NEAR(out[i], expected, 1e-6 * std::abs(expected));
    }
    ASSERT_EQ(out.back(), -1.0f);
  });
}

TEST(RmsNorm, MayWriteOverItsInput) {
  for (const Kernels* table : available_kernels()) {
    std::vector<float> x = sample_floats(77, 1.0f, 1), out(77);
    const std::vector<float> weight = sample_floats(77, 1.0f, 2);
    table->rms_norm(x.data(), weight.data(), 1e-6f, out.data(), x.size());
    table->rms_norm(x.data(), weight.data(), 1e-6f, x.data(), x.size());
    EXPECT_EQ(x, out) << table->name;
  }
}

struct Angles {
  std::vector<float> cosine, sine;
};

Angles angles(std::size_t pairs) {
  Angles result;
  for (const float angle : sample_floats(pairs, 10.0f, 5)) {
    result.cosine.push_back(std::cos(angle));
    result.sine.push_back(std::sin(angle));
  }
  return result;
}

TEST(Rotate, TurnsEachPairByItsAngleInBothLayouts) {
  for (const Kernels* table : available_kernels()) {
    for (const std::size_t pairs : {1, 3, 4, 5, 16, 32, 33, 64}) {
      const std::vector<float> before = sample_floats(2 * pairs + 1, 1.0f, 4);
      const Angles by = angles(pairs);
      std::vector<float> half = before, adjacent = before;
      table->rotate_half(half.data(), by.cosine.data(), by.sine.data(), pairs);
      table->rotate_adjacent(adjacent.data(), by.cosine.data(), by.sine.data(), pairs);
      const auto expect_turned = [&](const std::vector<float>& after, std::size_t a, std::size_t b,
                                     std::size_t pair) {
        const double c = by.cosine[pair], s = by.sine[pair];
        EXPECT_NEAR(after[a], before[a] * c - before[b] * s, 1e-6);
        EXPECT_NEAR(after[b], before[b] * c + before[a] * s, 1e-6);
      };
      for (std::size_t i = 0; i < pairs; ++i) {
        expect_turned(half, i, i + pairs, i);
        expect_turned(adjacent, 2 * i, 2 * i + 1, i);
      }
      EXPECT_EQ(half.back(), before.back());
      EXPECT_EQ(adjacent.back(), before.back());
    }
  }
}

TEST(Activations, MultiplyWithTheGateOfTheirFormula) {
  at_odd_sizes_and_offsets([](const Kernels& table, std::size_t count, std::size_t offset) {
    const std::vector<float> gate = sample_floats(offset + count, 12.0f, 1);
    const std::vector<float> up = sample_floats(offset + count, 1.0f, 2);
    std::vector<float> silu(offset + count + 1, -1.0f), gelu(offset + count + 1, -1.0f);
    table.silu_multiply(&gate[offset], &up[offset], &silu[offset], count);
    table.gelu_tanh_multiply(&gate[offset], &up[offset], &gelu[offset], count);
    for (std::size_t i = offset; i < offset + count; ++i) {
      const double x = gate[i];
      const double u = std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x);
      const double expected_silu = x / (1 + std::exp(-x)) * up[i];
      const double expected_gelu = x / (1 + std::exp(-2 * u)) * up[i];
      ASSERT_NEAR(silu[i], expected_silu, 4e-7 * std::abs(expected_silu) + 1e-37);
      // The exponent's own rounding counts as well: it is up to 2u.
      const double slack = 4e-7 + 2e-7 * std::abs(2 * u);
      ASSERT_NEAR(gelu[i], expected_gelu, slack * std::abs(expected_gelu) + 1e-37);
    }
    ASSERT_EQ(silu.back(), -1.0f);
    ASSERT_EQ(gelu.back(), -1.0f);
  });
}

TEST(Activations, SurviveExtremes) {
  for (const Kernels* table : available_kernels()) {
    const float gate[] = {-infinity, -1e30f, -200.0f, 0.0f, 200.0f, 1e30f, std::nanf("")};
    const float up[] = {1, 1, 1, 1, 1, 1, 1};
    float silu[7], gelu[7];
    table->silu_multiply(gate, up, silu, 7);
    table->gelu_tanh_multiply(gate, up, gelu, 7);
    for (const float* out : {silu, gelu}) {
      EXPECT_NEAR(out[2], 0.0f, 1e-37f) << table->name;
      EXPECT_EQ(out[3], 0.0f);
      EXPECT_EQ(out[4], 200.0f);
      EXPECT_EQ(out[5], 1e30f);
      EXPECT_TRUE(std::isnan(out[6]));
    }
  }
}

TEST(Softmax, SumsToOneAndEqualsItsDefinition) {
  at_odd_sizes_and_offsets([](const Kernels& table, std::size_t count, std::size_t offset) {
    const std::vector<float> x = sample_floats(offset + count, 20.0f, 3);
    std::vector<float> out = x;
    out.push_back(-1.0f);
    table.softmax(&out[offset], count);
    double greatest = -1e300, total = 0, actual_total = 0;
    for (std::size_t i = offset; i < offset + count; ++i)
      greatest = std::max(greatest, double{x[i]});
    for (std::size_t i = offset; i < offset + count; ++i) total += std::exp(x[i] - greatest);
    for (std::size_t i = offset; i < offset + count; ++i) {
      const double expected = std::exp(x[i] - greatest) / total;
      // x - greatest is rounded to a float first, which the exponential magnifies.
      const double slack = 4e-7 + 6e-8 * std::abs(x[i] - greatest);
      ASSERT_NEAR(out[i], expected, slack * expected + 1e-44);
      actual_total += out[i];
    }
    ASSERT_NEAR(actual_total, 1.0, 1e-6);
    ASSERT_EQ(out.back(), -1.0f);
  });
}

TEST(Exponentials, AreThoseOfScaledDistancesAndTellTheirSum) {
  at_odd_sizes_and_offsets([](const Kernels& table, std::size_t count, std::size_t offset) {
    const std::vector<float> x = sample_floats(offset + count, 5.0f, 3);
    std::vector<float> out(offset + count + 1, -1.0f), in_place = x;
    const float total = table.exponentials(&x[offset], 5.0f, 0.5f, &out[offset], count);
    double sum = 0;
    for (std::size_t i = offset; i < offset + count; ++i) {
      const double expected = std::exp(static_cast<double>((x[i] - 5.0f) * 0.5f));
      ASSERT_NEAR(out[i], expected, 4e-7 * expected);
      sum += expected;
    }
    ASSERT_NEAR(total, sum, 1e-5 * sum);
    ASSERT_EQ(out.back(), -1.0f);
    ASSERT_EQ(table.exponentials(&in_place[offset], 5.0f, 0.5f, &in_place[offset], count), total);
    ASSERT_TRUE(std::equal(in_place.begin() + static_cast<std::ptrdiff_t>(offset), in_place.end(),
                           out.begin() + static_cast<std::ptrdiff_t>(offset)));
  });
}

TEST(Softmax, GivesNothingToMinusInfinityAndAllToOneThatTowers) {
  for (const Kernels* table : available_kernels()) {
    std::vector<float> x(11, -infinity);
    x[9] = 3e38f;
    x[2] = -3e38f;
    table->softmax(x.data(), x.size());
    for (std::size_t i = 0; i < x.size(); ++i) EXPECT_EQ(x[i], i == 9 ? 1.0f : 0.0f) << table->name;
  }
}

// The exponential is seen through softmax of {0, x}: e^x / (1 + e^x), whose second element is e^x
// itself where that is small.
TEST(Softmax, KeepsSevenDigitsOfTheExponentialDownToItsSmallestNumbers) {
  for (const Kernels* table : available_kernels()) {
    for (double x = -17.0; x > -87.0; x -= 0.0371) {
      float pair[2] = {0.0f, static_cast<float>(x)};
      table->softmax(pair, 2);
      const double expected = std::exp(double{static_cast<float>(x)});
      ASSERT_NEAR(pair[1], expected / (1 + expected), 1.5e-7 * expected) << table->name << " " << x;
    }
    float pair[2] = {0.0f, -95.0f};  // a denormal result
    table->softmax(pair, 2);
    EXPECT_NEAR(pair[1], std::exp(-95.0), 1e-44);
  }
}

TEST(Add, AddsAndScalesAtAnySizeAndAddress) {
  at_odd_sizes_and_offsets([](const Kernels& table, std::size_t count, std::size_t offset) {
    const std::vector<float> x = sample_floats(offset + count, 1.0f, 1);
    const std::vector<float> before = sample_floats(offset + count + 1, 1.0f, 2);
    std::vector<float> sum = before, scaled = before;
    table.add(&x[offset], &sum[offset], count);
    table.add_scaled(&x[offset], 0.37f, &scaled[offset], count);
    for (std::size_t i = offset; i < offset + count; ++i) {
      ASSERT_EQ(sum[i], before[i] + x[i]);
      ASSERT_NEAR(scaled[i], before[i] + double{0.37f} * x[i], 1e-6);
    }
    ASSERT_EQ(sum.back(), before.back());
    ASSERT_EQ(scaled.back(), before.back());
  });
}

}  // namespace
}  // namespace freehold::kernels
