// Products of quantized weights with quantized activations against a double-precision reference of
// the same codes, and the promises that matmul gives too.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/samples_test.h"

namespace freehold::kernels {
namespace {

using Bytes = std::vector<std::byte>;

std::size_t steps_of(std::size_t columns) {
  return (columns + activation_step_columns - 1) / activation_step_columns;
}

struct Product {
  SampleWeights weights;
  std::vector<float> x;  // (tokens, columns)
  Bytes panels;
  Bytes quantized;  // (steps, tokens, record)
  std::size_t tokens;

  std::size_t stride() const { return tokens * activation_step_bytes; }
};

Bytes packed(const Kernels& table, const SampleFormat& format, const SampleWeights& weights) {
  const std::size_t row_bytes = weights.columns / format.elements * format.bytes;
  const std::size_t panels = (weights.rows + table.panel_rows - 1) / table.panel_rows;
  Bytes out(panels * table.panel_rows * row_bytes);
  for (std::size_t i = 0; i < panels; ++i) {
    const std::size_t row = i * table.panel_rows;
    table.pack_panel(format.type, weights.data() + row * row_bytes,
                     std::min(table.panel_rows, weights.rows - row), weights.columns,
                     out.data() + row * row_bytes);
  }
  return out;
}

Product product(const Kernels& table, const SampleFormat& format, std::size_t rows,
                std::size_t columns, std::size_t tokens) {
  Product of{.weights = sample_weights(format, rows, columns),
             .x = sample_floats(tokens * columns, 2.0f, 7),
             .panels = {},
             .quantized = Bytes(steps_of(columns) * tokens * activation_step_bytes),
             .tokens = tokens};
  of.panels = packed(table, format, of.weights);
  for (std::size_t t = 0; t < tokens; ++t) {
    table.quantize(of.x.data() + t * columns, columns,
                   of.quantized.data() + t * activation_step_bytes, of.stride());
  }
  return of;
}

std::vector<float> multiply(const Kernels& table, const Product& of, std::size_t token,
                            std::size_t tokens) {
  std::vector<float> y(tokens * of.weights.rows, -1.0f);
  table.multiply_panels(of.weights.type, of.panels.data(), of.weights.columns, of.weights.rows,
                        of.quantized.data() + token * activation_step_bytes, of.stride(), tokens,
                        y.data(), of.weights.rows);
  return y;
}

// What a token's records stand for.
std::vector<double> dequantized(const Product& of, std::size_t token) {
  std::vector<double> x(of.weights.columns);
  for (std::size_t c = 0; c < x.size(); ++c) {
    const std::byte* record =
        of.quantized.data() + c / 256 * of.stride() + token * activation_step_bytes;
    float scale = 0;
    std::memcpy(&scale, record + 256 + c % 256 / 32 * 4, sizeof scale);
    x[c] = double{scale} * static_cast<std::int8_t>(record[c % 256]);
  }
  return x;
}

template <class Test>
void for_every_packed_format(Test test) {
  for (const Kernels* table : available_kernels()) {
    for (const SampleFormat& format : sample_formats()) {
      if (!table->has_panels(format.type)) continue;
      SCOPED_TRACE(std::string(table->name) + " " + format.name);
      test(*table, format);
    }
  }
}

TEST(Panels, HoldTheFormatsOfPublishedModels) {
  for (const Kernels* table : available_kernels()) {
    for (const DType type :
         {DType::q4_0,      DType::q4_1,   DType::q5_0,    DType::q5_1,   DType::q8_0,
          DType::q2_k,      DType::q3_k,   DType::q4_k,    DType::q5_k,   DType::q6_k,
          DType::iq4_nl,    DType::iq4_xs, DType::mxfp4,   DType::nvfp4,  DType::q8_k,
          DType::iq1_s,     DType::iq1_m,  DType::iq2_xxs, DType::iq2_xs, DType::iq2_s,
          DType::iq3_xxs,   DType::iq3_s,  DType::tq1_0,   DType::tq2_0,  DType::int4_zero,
          DType::int8_float}) {
      EXPECT_TRUE(table->has_panels(type)) << table->name << " " << static_cast<int>(type);
    }
    EXPECT_FALSE(table->has_panels(DType::f32));
  }
}

TEST(Quantize, KeepsEveryActivationWithinHalfAStepOfItsBlock) {
  for (const Kernels* table : available_kernels()) {
    for (const std::size_t columns : {1u, 31u, 32u, 250u, 256u, 263u, 576u}) {
      Product of = product(*table, sample_formats()[3], 1, 576, 3);
      of.weights.columns = columns;
      std::fill(of.quantized.begin(), of.quantized.end(), std::byte{0x55});
      for (std::size_t t = 0; t < 3; ++t) {
        table->quantize(of.x.data() + t * 576, columns,
                        of.quantized.data() + t * activation_step_bytes, of.stride());
      }
      for (std::size_t t = 0; t < 3; ++t) {
        const std::vector<double> back = dequantized(of, t);
        for (std::size_t c = 0; c < columns; ++c) {
          EXPECT_NEAR(back[c], of.x[t * 576 + c], 2.0 / 254 * 1.001) << columns << ": " << c;
        }
      }
    }
  }
}

TEST(Quantize, MakesZeroOfZeroAndUndefinedOfWhatIsNotFinite) {
  for (const Kernels* table : available_kernels()) {
    const SampleFormat& format = sample_formats()[3];
    for (const float odd : {0.0f, 1e-40f, std::numeric_limits<float>::infinity(),
                            std::numeric_limits<float>::quiet_NaN()}) {
      Product of = product(*table, format, 5, 64, 1);
      of.x.assign(64, 0.0f);
      of.x[40] = odd;
      table->quantize(of.x.data(), 64, of.quantized.data(), of.stride());
      for (const float y : multiply(*table, of, 0, 1)) {
        if (std::isfinite(odd)) {
          EXPECT_NEAR(y, 0.0f, 1e-30f);
        } else {
          EXPECT_TRUE(std::isnan(y)) << y;
        }
      }
    }
  }
}

TEST(Panels, GiveTheSumOfProductsForEveryFormatInstructionSetAndOddSize) {
  for_every_packed_format([](const Kernels& table, const SampleFormat& format) {
    for (const std::size_t columns : {format.elements, std::size_t{256}, std::size_t{768}}) {
      for (const std::size_t rows : {std::size_t{1}, table.panel_rows + 5}) {
        const Product of = product(table, format, rows, columns, 7);
        const std::vector<float> y = multiply(table, of, 0, 7);
        std::vector<float> weights(rows * columns);
        table.dequantize(format.type, of.weights.data(), weights.data(), weights.size());
        for (std::size_t t = 0; t < 7; ++t) {
          const std::vector<double> x = dequantized(of, t);
          for (std::size_t r = 0; r < rows; ++r) {
            double expected = 0, magnitude = 0;
            for (std::size_t c = 0; c < columns; ++c) {
              expected += double{weights[r * columns + c]} * x[c];
              magnitude += std::abs(double{weights[r * columns + c]} * x[c]);
            }
            // Offsets (128 for bytes) are taken off afterwards, which costs a few bits.
            ASSERT_NEAR(y[t * rows + r], expected, 1e-5 * magnitude + 1e-30)
                << columns << " columns, " << t << ", " << r;
          }
        }
      }
    }
  });
}

TEST(Panels, GiveATokenTheSameBitsAloneAndAmongOthers) {
  for_every_packed_format([](const Kernels& table, const SampleFormat& format) {
    const std::size_t rows = table.panel_rows + 1, tokens = 2048 / table.panel_rows + 9;
    const Product of = product(table, format, rows, 512, tokens);
    const std::vector<float> together = multiply(table, of, 0, tokens);
    for (const std::size_t taken : {1, 2, 3, 5, 9}) {
      for (std::size_t t = 0; t + taken <= tokens; t += taken) {
        const std::vector<float> alone = multiply(table, of, t, taken);
        ASSERT_EQ(
            0, std::memcmp(alone.data(), together.data() + t * rows, alone.size() * sizeof(float)))
            << taken << " tokens from " << t;
      }
    }
  });
}

std::vector<float> multiply_floats(const Kernels& table, const SampleWeights& weights,
                                   const Bytes& panels, const std::vector<float>& x,
                                   std::size_t token, std::size_t tokens) {
  std::vector<float> y(tokens * (weights.rows + 3), -1.0f);
  table.multiply_float_panels(weights.type, panels.data(), weights.columns, weights.rows,
                              x.data() + token * (weights.columns + 1), weights.columns + 1, tokens,
                              y.data(), weights.rows + 3);
  return y;
}

// The activations that a table's products with BF16 weights see.
std::vector<float> seen(const Kernels& table, DType type, std::vector<float> x) {
  if (type != DType::bf16 || !table.rounds_to_bf16) return x;
  Bytes halves(x.size() * 2);
  table.store_kv(KvType::bf16, x.data(), halves.data(), 0, x.size());
  table.dequantize(DType::bf16, halves.data(), x.data(), x.size());
  return x;
}

TEST(FloatPanels, GiveTheSumOfProductsAtOddSizesAndTheSameBitsAlone) {
  for (const Kernels* table : available_kernels()) {
    for (const SampleFormat& format : sample_formats()) {
      if (!table->has_float_panels(format.type)) continue;
      for (const std::size_t columns : {1u, 7u, 255u, 256u, 263u, 1025u}) {
        SCOPED_TRACE(std::string(table->name) + " " + format.name + " " + std::to_string(columns));
        const std::size_t rows = table->panel_rows + 5, tokens = 2048 / table->panel_rows + 7;
        const SampleWeights weights = sample_weights(format, rows, columns);
        const Bytes panels = packed(*table, format, weights);
        const std::vector<float> x = sample_floats(tokens * (columns + 1), 2.0f, 7);
        const std::vector<float> y = multiply_floats(*table, weights, panels, x, 0, tokens);
        const std::vector<float> seen_x = seen(*table, format.type, x);
        std::vector<float> w(rows * columns);
        table->dequantize(format.type, weights.data(), w.data(), w.size());
        for (std::size_t t = 0; t < tokens; t += 13) {
          for (std::size_t r = 0; r < rows; ++r) {
            double expected = 0, magnitude = 0;
            for (std::size_t c = 0; c < columns; ++c) {
              const double term = double{w[r * columns + c]} * seen_x[t * (columns + 1) + c];
              expected += term;
              magnitude += std::abs(term);
            }
            ASSERT_NEAR(y[t * (rows + 3) + r], expected, 1e-6 * magnitude + 1e-30) << t << " " << r;
          }
          EXPECT_EQ(y[t * (rows + 3) + rows], -1.0f);
          const std::vector<float> alone = multiply_floats(*table, weights, panels, x, t, 1);
          ASSERT_EQ(0, std::memcmp(alone.data(), y.data() + t * (rows + 3), rows * 4)) << t;
        }
      }
    }
  }
}

// The largest codes meet the largest activations: sums of 16 bits must not overflow.
TEST(Panels, HoldTheLargestSums) {
  for_every_packed_format([](const Kernels& table, const SampleFormat& format) {
    for (const int sign : {1, -1}) {
      for (const std::byte fill : {std::byte{0xff}, std::byte{0x7f}, std::byte{0x80}}) {
        Product of = product(table, format, table.panel_rows, 256, 1);
        std::fill(of.weights.bytes.begin(), of.weights.bytes.end(), fill);
        for (std::size_t at = 0; at < of.weights.bytes.size(); at += format.bytes) {
          format.tame(of.weights.bytes.data() + at);
        }
        of.panels = packed(table, format, of.weights);
        of.x.assign(256, static_cast<float>(sign));
        table.quantize(of.x.data(), 256, of.quantized.data(), of.stride());
        std::vector<float> weights(256);
        table.dequantize(format.type, of.weights.data(), weights.data(), 256);
        double expected = 0, magnitude = 0;
        for (const float weight : weights) expected += sign * double{weight};
        for (const float weight : weights) magnitude += std::abs(double{weight});
        for (const float y : multiply(table, of, 0, 1)) {
          // Codes from 0 on cancel against their offset only to its last bit.
          ASSERT_NEAR(y, expected, 1e-5 * magnitude + 1e-7)
              << sign << ", " << static_cast<int>(fill);
        }
      }
    }
  });
}

}  // namespace
}  // namespace freehold::kernels
