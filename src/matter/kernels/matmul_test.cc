// Products against a double-precision reference, and the promise that a token's result has the same
// bits whatever else is computed with it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/samples_test.h"

namespace freehold::kernels {
namespace {

struct Product {
  SampleWeights weights;
  std::size_t tokens;
  std::vector<float> x;  // (tokens, columns)
};

Product product(const SampleFormat& format, std::size_t rows, std::size_t columns,
                std::size_t tokens) {
  return {sample_weights(format, rows, columns), tokens, sample_floats(tokens * columns, 2.0f, 7)};
}

// Rows row_begin..row_end of all tokens, (tokens, rows).
std::vector<float> multiply(const Kernels& table, const Product& of, std::size_t row_begin,
                            std::size_t row_end, std::size_t token_begin, std::size_t tokens) {
  const SampleWeights& w = of.weights;
  std::vector<float> y(tokens * w.rows, -1.0f);
  table.matmul(w.type, w.data(), w.columns, row_begin, row_end,
               of.x.data() + token_begin * w.columns, w.columns, tokens, y.data(), w.rows);
  return y;
}

std::vector<std::size_t> column_counts(const SampleFormat& format) {
  if (format.elements == 1) return {1, 7, 8, 100, 255, 256, 263, 515, 2048};
  if (format.elements == 256) return {256, 768, 2048};
  return {64, 256, 320, 576, 2048};
}

TEST(Matmul, IsTheSumOfProductsForEveryFormatInstructionSetAndOddSize) {
  for (const Kernels* table : available_kernels()) {
    for (const SampleFormat& format : sample_formats()) {
      for (const std::size_t columns : column_counts(format)) {
        SCOPED_TRACE(std::string(table->name) + " " + format.name + " " + std::to_string(columns));
        const Product of = product(format, 21, columns, 7);
        const std::vector<float> y = multiply(*table, of, 0, 21, 0, 7);
        std::vector<float> weights(21 * columns);
        table->dequantize(format.type, of.weights.data(), weights.data(), weights.size());
        for (std::size_t t = 0; t < 7; ++t) {
          for (std::size_t r = 0; r < 21; ++r) {
            double expected = 0, magnitude = 0;
            for (std::size_t c = 0; c < columns; ++c) {
              const double term = double{weights[r * columns + c]} * of.x[t * columns + c];
              expected += term;
              magnitude += std::abs(term);
            }
            ASSERT_NEAR(y[t * 21 + r], expected, 1e-6 * magnitude + 1e-30) << t << ", " << r;
          }
        }
      }
    }
  }
}

TEST(Matmul, GivesATokenTheSameBitsAloneAndAmongOthers) {
  for (const Kernels* table : available_kernels()) {
    for (const SampleFormat& format : sample_formats()) {
      SCOPED_TRACE(std::string(table->name) + " " + format.name);
      const std::size_t rows = 37, tokens = 33;
      const Product of = product(format, rows, format.elements == 1 ? 605 : 512, tokens);
      const std::vector<float> together = multiply(*table, of, 0, rows, 0, tokens);
      for (std::size_t taken = 1; taken <= tokens; taken += 4) {
        for (std::size_t t = 0; t + taken <= tokens; t += taken) {
          const std::vector<float> alone = multiply(*table, of, 0, rows, t, taken);
          ASSERT_EQ(0, std::memcmp(alone.data(), together.data() + t * rows,
                                   alone.size() * sizeof(float)))
              << taken << " tokens from " << t;
        }
      }
    }
  }
}

TEST(Matmul, GivesARowTheSameBitsInEveryRangeAndTouchesNoOther) {
  for (const Kernels* table : available_kernels()) {
    for (const SampleFormat& format : sample_formats()) {
      SCOPED_TRACE(std::string(table->name) + " " + format.name);
      const std::size_t rows = 19, tokens = 10;
      const Product of = product(format, rows, 512, tokens);
      const std::vector<float> all = multiply(*table, of, 0, rows, 0, tokens);
      for (std::size_t begin = 0; begin < rows; begin += 3) {
        for (std::size_t end = begin; end <= rows; end += 5) {
          const std::vector<float> some = multiply(*table, of, begin, end, 0, tokens);
          for (std::size_t i = 0; i < some.size(); ++i) {
            const bool inside = i % rows >= begin && i % rows < end;
            ASSERT_EQ(some[i], inside ? all[i] : -1.0f) << begin << ".." << end << ", " << i;
          }
        }
      }
    }
  }
}

TEST(Matmul, ReadsWeightsAndActivationsAtAnyAddress) {
  for (const Kernels* table : available_kernels()) {
    for (const SampleFormat& format : sample_formats()) {
      SCOPED_TRACE(std::string(table->name) + " " + format.name);
      const Product of = product(format, 6, 256, 3);
      const std::vector<float> expected = multiply(*table, of, 0, 6, 0, 3);
      for (std::size_t shift = 1; shift <= 3; ++shift) {
        std::vector<std::byte> bytes(shift);
        bytes.insert(bytes.end(), of.weights.bytes.begin(), of.weights.bytes.end());
        std::vector<float> x(shift);
        x.insert(x.end(), of.x.begin(), of.x.end());
        std::vector<float> y(expected.size() + shift);
        table->matmul(format.type, bytes.data() + shift, 256, 0, 6, x.data() + shift, 256, 3,
                      y.data() + shift, 6);
        EXPECT_TRUE(std::equal(expected.begin(), expected.end(), y.begin() + shift));
      }
    }
  }
}

TEST(Matmul, HonoursStridesWiderThanTheRows) {
  for (const Kernels* table : available_kernels()) {
    const Product of = product(sample_formats().front(), 5, 40, 4);
    const std::vector<float> expected = multiply(*table, of, 0, 5, 0, 4);
    std::vector<float> x(4 * 50, 1e30f), y(4 * 9, -1.0f);
    for (std::size_t t = 0; t < 4; ++t) {
      std::copy_n(of.x.begin() + t * 40, 40, x.begin() + t * 50);
    }
    table->matmul(of.weights.type, of.weights.data(), 40, 0, 5, x.data(), 50, 4, y.data(), 9);
    for (std::size_t t = 0; t < 4; ++t) {
      for (std::size_t r = 0; r < 9; ++r) {
        EXPECT_EQ(y[t * 9 + r], r < 5 ? expected[t * 5 + r] : -1.0f);
      }
    }
  }
}

}  // namespace
}  // namespace freehold::kernels
