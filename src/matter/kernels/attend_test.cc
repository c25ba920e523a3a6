// Attention of one query, against double precision, over caches of every type and cut.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/samples_test.h"

namespace freehold::kernels {
namespace {

std::size_t bytes_of_one(DType type) {
  return type == DType::f32 ? 4 : 2;
}

// Keys or values, cut into blocks that lie apart in memory and are not aligned.
class Cache {
 public:
  Cache(DType type, std::size_t positions, std::size_t head_dim, std::size_t block_positions,
        unsigned seed)
      : type_(type), block_positions_(block_positions) {
    const Kernels& scalar = *available_kernels().back();
    const std::size_t row = head_dim * bytes_of_one(type);
    const std::size_t blocks = (positions + block_positions - 1) / block_positions;
    floats_ = sample_floats(positions * head_dim, 2.0f, seed);
    for (std::size_t b = 0; b < blocks; ++b) {
      memory_.emplace_back(1 + block_positions * row, std::byte{0xff});  // not-a-numbers
    }
    for (std::size_t p = 0; p < positions; ++p) {
      std::byte* at = memory_[p / block_positions].data() + 1 + p % block_positions * row;
      scalar.store(type, &floats_[p * head_dim], at, head_dim);
      scalar.dequantize(type, at, &floats_[p * head_dim], head_dim);  // as it was rounded
    }
    for (const std::vector<std::byte>& block : memory_) pointers_.push_back(block.data() + 1);
  }

  HeadBlocks blocks() const { return {type_, pointers_.data(), block_positions_}; }
  const float* floats() const { return floats_.data(); }  // (positions, head_dim)

 private:
  DType type_;
  std::size_t block_positions_;
  std::vector<float> floats_;
  std::vector<std::vector<std::byte>> memory_;
  std::vector<const std::byte*> pointers_;
};

std::vector<float> query(std::size_t head_dim) {
  return sample_floats(head_dim, 2.0f, 3);
}

struct Case {
  std::size_t head_dim, begin, end;
};

std::vector<float> attend(const Kernels& table, const Cache& keys, const Cache& values,
                          const Case& of) {
  std::vector<float> scores(of.end - of.begin + 1, -7.0f), out(of.head_dim + 1, -7.0f);
  table.attend(query(of.head_dim).data(), keys.blocks(), values.blocks(), of.begin, of.end,
               of.head_dim, 0.3f, scores.data(), out.data());
  EXPECT_EQ(scores.back(), -7.0f);
  EXPECT_EQ(out.back(), -7.0f);
  out.pop_back();
  return out;
}

std::vector<double> reference(const float* keys, const float* values, const Case& of) {
  const std::vector<float> q = query(of.head_dim);
  std::vector<double> weights, out(of.head_dim);
  double total = 0;
  for (std::size_t p = of.begin; p < of.end; ++p) {
    double product = 0;
    for (std::size_t c = 0; c < of.head_dim; ++c)
      product += double{q[c]} * keys[p * of.head_dim + c];
    weights.push_back(std::exp(double{0.3f} * product));
    total += weights.back();
  }
  for (std::size_t p = of.begin; p < of.end; ++p) {
    for (std::size_t c = 0; c < of.head_dim; ++c) {
      out[c] += weights[p - of.begin] / total * values[p * of.head_dim + c];
    }
  }
  return out;
}

const Case cases[] = {{1, 0, 1},    {64, 0, 1},    {64, 0, 3},      {80, 2, 77},
                      {96, 31, 33}, {128, 5, 200}, {256, 100, 203}, {67, 0, 50}};

TEST(Attend, IsTheSoftmaxWeightedMeanOfTheValues) {
  for (const Kernels* table : available_kernels()) {
    for (const DType type : {DType::f32, DType::f16, DType::bf16}) {
      for (const Case& of : cases) {
        SCOPED_TRACE(std::string(table->name) + " type " + std::to_string(static_cast<int>(type)) +
                     " head_dim " + std::to_string(of.head_dim));
        const Cache keys(type, of.end, of.head_dim, 32, 1),
            values(type, of.end, of.head_dim, 32, 2);
        const std::vector<float> out = attend(*table, keys, values, of);
        const std::vector<double> expected = reference(keys.floats(), values.floats(), of);
        for (std::size_t c = 0; c < of.head_dim; ++c) ASSERT_NEAR(out[c], expected[c], 3e-6) << c;
      }
    }
  }
}

TEST(Attend, GivesTheSameBitsHoweverTheCacheIsCut) {
  for (const Kernels* table : available_kernels()) {
    for (const DType type : {DType::f32, DType::f16, DType::bf16}) {
      for (const Case& of : cases) {
        const Cache keys(type, of.end, of.head_dim, 32, 1),
            values(type, of.end, of.head_dim, 32, 2);
        const std::vector<float> expected = attend(*table, keys, values, of);
        for (const std::size_t positions : {1, 3, 16, 1000}) {
          const Cache cut_keys(type, of.end, of.head_dim, positions, 1);
          const Cache cut_values(type, of.end, of.head_dim, positions, 2);
          const std::vector<float> out = attend(*table, cut_keys, cut_values, of);
          ASSERT_EQ(0, std::memcmp(out.data(), expected.data(), 4 * of.head_dim)) << positions;
        }
      }
    }
  }
}

TEST(Attend, DoesNotOverflowWhereScoresAreHuge) {
  for (const Kernels* table : available_kernels()) {
    const std::vector<float> q(8, 100.0f);
    std::vector<float> keys(16, 100.0f), values(16, 1.0f);
    for (std::size_t c = 8; c < 16; ++c) keys[c] = 99.0f, values[c] = 2.0f;
    const std::byte* key_block = reinterpret_cast<const std::byte*>(keys.data());
    const std::byte* value_block = reinterpret_cast<const std::byte*>(values.data());
    float scores[2], out[8];
    table->attend(q.data(), {DType::f32, &key_block, 2}, {DType::f32, &value_block, 2}, 0, 2, 8,
                  1.0f, scores, out);
    for (const float value : out) EXPECT_EQ(value, 1.0f) << table->name;
  }
}

}  // namespace
}  // namespace freehold::kernels
