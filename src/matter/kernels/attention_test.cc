// Attention against double precision: every table, cache type and shape; and the same bits for a
// query alone and in company.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "kernels/attention_samples_test.h"
#include "kernels/kernels.h"
#include "kernels/samples_test.h"

namespace freehold::kernels {
namespace {

constexpr float score_scale = 0.3f;

// The queries of `rows` positions from `position` on.
struct Shape {
  std::size_t head_dim, heads, position, rows, window;
};

std::string name_of(const Shape& shape) {
  return "head_dim " + std::to_string(shape.head_dim) + " heads " + std::to_string(shape.heads) +
         " position " + std::to_string(shape.position) + " rows " + std::to_string(shape.rows) +
         " window " + std::to_string(shape.window);
}

// A query depends on its position alone, so that shapes share theirs.
std::vector<float> queries(const Shape& shape) {
  std::vector<float> all;
  for (std::size_t row = 0; row < shape.rows; ++row) {
    const auto one = sample_floats(shape.heads * shape.head_dim, 2.0f,
                                   static_cast<unsigned>(1000 + shape.position + row));
    all.insert(all.end(), one.begin(), one.end());
    all.push_back(-7.0f);  // rows lie apart
  }
  return all;
}

// (rows, heads, head_dim)
std::vector<float> attend(const Kernels& table, const SampleCache& cache, const Shape& shape) {
  const std::vector<float> q = queries(shape);
  const std::size_t count = shape.rows * shape.heads;
  const QueryTile tile = {.q = q.data(),
                          .rows = shape.rows,
                          .heads = shape.heads,
                          .row_stride = shape.heads * shape.head_dim + 1,
                          .position = shape.position,
                          .window = shape.window,
                          .head_dim = shape.head_dim,
                          .scale = score_scale};
  std::vector<float> scratch(attention_scratch_floats(count, shape.head_dim) + 1, -7.0f);
  std::vector<float> mixed(count * shape.head_dim + 1, -7.0f), softmax(count * 2 + 1, -7.0f);
  std::vector<float> out(count * shape.head_dim), sums;
  for (std::size_t i = 0; i < count; ++i) {
    sums.insert(sums.end(), {-std::numeric_limits<float>::infinity(), 0});
  }
  const std::size_t last = (shape.position + shape.rows - 1) / attention_chunk;
  for (std::size_t chunk = 0; chunk <= last; ++chunk) {
    const auto keys = cache.keys(chunk), values = cache.values(chunk);
    table.attend_chunk(tile, {cache.type(), keys.data(), values.data()}, chunk, scratch.data(),
                       mixed.data(), softmax.data());
    for (std::size_t i = 0; i < count; ++i) {
      table.merge_chunk(&mixed[i * shape.head_dim], &softmax[i * 2], &out[i * shape.head_dim],
                        &sums[i * 2], shape.head_dim);
    }
  }
  EXPECT_EQ(scratch.back(), -7.0f);
  EXPECT_EQ(mixed.back(), -7.0f);
  EXPECT_EQ(softmax.back(), -7.0f);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] /= sums[i / shape.head_dim * 2 + 1];
  return out;
}

// The same in double precision, over the cache's values as they were rounded.
std::vector<double> reference(const SampleCache& cache, const Shape& shape, bool rounded = true) {
  const std::vector<float> q = queries(shape);
  const std::vector<float>& keys = rounded ? cache.rounded_keys() : cache.exact_keys();
  const std::vector<float>& values = rounded ? cache.rounded_values() : cache.exact_values();
  const std::size_t head_dim = shape.head_dim;
  std::vector<double> out(shape.rows * shape.heads * head_dim);
  for (std::size_t i = 0; i < shape.rows * shape.heads; ++i) {
    const std::size_t row = i / shape.heads, end = shape.position + row + 1;
    const std::size_t begin = shape.window == 0 || end < shape.window ? 0 : end - shape.window;
    const float* query = &q[row * (shape.heads * head_dim + 1) + i % shape.heads * head_dim];
    std::vector<double> weights;
    for (std::size_t p = begin; p < end; ++p) {
      double product = 0;
      for (std::size_t c = 0; c < head_dim; ++c)
        product += double{query[c]} * keys[p * head_dim + c];
      weights.push_back(double{score_scale} * product);
    }
    const double greatest = std::ranges::max(weights);
    double total = 0;
    for (double& weight : weights) total += weight = std::exp(weight - greatest);
    for (std::size_t p = begin; p < end; ++p) {
      for (std::size_t c = 0; c < head_dim; ++c) {
        out[i * head_dim + c] += weights[p - begin] / total * values[p * head_dim + c];
      }
    }
  }
  return out;
}

const Shape shapes[] = {
    {1, 1, 0, 1, 0},        {32, 1, 0, 1, 0},      {32, 2, 31, 1, 0},     {32, 3, 30, 5, 0},
    {64, 4, 0, 16, 0},      {64, 8, 1023, 2, 0},   {64, 1, 1499, 1, 0},   {80, 5, 63, 3, 0},
    {96, 6, 500, 16, 0},    {96, 1, 511, 1, 0},    {128, 2, 512, 1, 0},   {128, 2, 505, 16, 0},
    {128, 7, 700, 4, 0},    {256, 4, 300, 3, 0},   {256, 1, 1200, 1, 0},  {40, 2, 77, 7, 0},
    {67, 3, 50, 2, 0},      {100, 1, 513, 1, 0},   {64, 2, 600, 16, 33},  {64, 2, 600, 1, 33},
    {128, 1, 1023, 5, 512}, {128, 4, 3, 9, 4},     {80, 8, 1100, 3, 700}, {40, 1, 544, 2, 1},
    {32, 2, 1500, 16, 32},  {128, 3, 1490, 11, 0}, {7, 2, 33, 33, 5},
};

TEST(Attention, IsTheSoftmaxWeightedMeanOfTheValues) {
  for (const KvType type : {KvType::f32, KvType::f16, KvType::bf16, KvType::int8}) {
    for (const Shape& shape : shapes) {
      const SampleCache cache(type, shape.position + shape.rows, shape.head_dim);
      const std::vector<double> expected = reference(cache, shape);
      const double tolerance = type == KvType::int8 ? 5e-4 : 1e-5;  // int8 rounds queries, too
      for (const Kernels* table : available_kernels()) {
        SCOPED_TRACE(std::string(table->name) + " " + traits(type).name + " " + name_of(shape));
        const std::vector<float> out = attend(*table, cache, shape);
        for (std::size_t i = 0; i < out.size(); ++i)
          ASSERT_NEAR(out[i], expected[i], tolerance) << i;
      }
    }
  }
}

// Every query of a tile, computed alone.
std::vector<float> one_by_one(const Kernels& table, const SampleCache& cache, const Shape& shape) {
  std::vector<float> all;
  for (std::size_t row = 0; row < shape.rows; ++row) {
    Shape one = shape;
    one.position += row;
    one.rows = 1;
    const std::vector<float> out = attend(table, cache, one);
    all.insert(all.end(), out.begin(), out.end());
  }
  return all;
}

TEST(Attention, GivesAQueryTheSameBitsAloneAndInAnyTile) {
  for (const Kernels* table : available_kernels()) {
    for (const KvType type : {KvType::f32, KvType::f16, KvType::bf16, KvType::int8}) {
      for (Shape shape : shapes) {
        if (shape.rows == 1) shape.rows = 20;
        SCOPED_TRACE(std::string(table->name) + " " + traits(type).name + " " + name_of(shape));
        const SampleCache cache(type, shape.position + shape.rows, shape.head_dim);
        const std::vector<float> together = attend(*table, cache, shape);
        const std::vector<float> alone = one_by_one(*table, cache, shape);
        ASSERT_EQ(0, std::memcmp(together.data(), alone.data(), 4 * alone.size()));
      }
    }
  }
}

TEST(Attention, GivesAHeadTheSameBitsWhateverHeadsShareItsKeys) {
  for (const Kernels* table : available_kernels()) {
    for (const KvType type : {KvType::f16, KvType::int8}) {
      const Shape shape = {64, 8, 900, 1, 0};
      const SampleCache cache(type, 901, 64);
      const std::vector<float> eight = attend(*table, cache, shape);
      const std::vector<float> one = attend(*table, cache, {64, 1, 900, 1, 0});
      EXPECT_EQ(0, std::memcmp(eight.data(), one.data(), 4 * one.size())) << table->name;
    }
  }
}

TEST(Attention, ReadsNothingOfPositionsThatNobodySees) {
  for (const Kernels* table : available_kernels()) {
    for (const KvType type : {KvType::f32, KvType::f16, KvType::bf16, KvType::int8}) {
      const Shape shape = {64, 2, 600, 3, 50};
      SampleCache cache(type, 640, 64);
      const std::vector<float> before = attend(*table, cache, shape);
      cache.poison(0, 600 + 1 - 50);
      cache.poison(603, 640);
      EXPECT_EQ(attend(*table, cache, shape), before) << table->name << traits(type).name;
    }
  }
}

TEST(Attention, DoesNotOverflowWhereScoresAreHuge) {
  for (const Kernels* table : available_kernels()) {
    SampleCache cache(KvType::f32, 2, 8);
    const std::vector<float> keys = {100, 99}, values = {1, 2};
    for (std::size_t p = 0; p < 2; ++p) {
      cache.put(p, std::vector<float>(8, keys[p] * 1000), std::vector<float>(8, values[p]));
    }
    std::vector<float> q(8, 100.0f), scratch(attention_scratch_floats(1, 8)), mixed(8), softmax(2);
    const auto key_blocks = cache.keys(0), value_blocks = cache.values(0);
    table->attend_chunk({.q = q.data(),
                         .rows = 1,
                         .heads = 1,
                         .row_stride = 8,
                         .position = 1,
                         .window = 0,
                         .head_dim = 8,
                         .scale = 1.0f},
                        {KvType::f32, key_blocks.data(), value_blocks.data()}, 0, scratch.data(),
                        mixed.data(), softmax.data());
    EXPECT_EQ(softmax[1], 1.0f);
    for (const float value : mixed) EXPECT_EQ(value, 1.0f) << table->name;
  }
}

// How far int8 is from exact, as a share of the greatest element of the exact result.
double int8_error(const Kernels& table, SampleCache& cache, const Shape& shape) {
  const std::vector<float> out = attend(table, cache, shape);
  const std::vector<double> exact = reference(cache, shape, false);
  double worst = 0, greatest = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    worst = std::max(worst, std::abs(out[i] - exact[i]));
    greatest = std::max(greatest, std::abs(exact[i]));
  }
  return worst / greatest;
}

TEST(Int8Cache, IsWithinTwoPercentOfExactOnOrdinaryVectors) {
  for (const Kernels* table : available_kernels()) {
    for (const Shape& shape : {Shape{64, 2, 1000, 4, 0}, Shape{128, 4, 700, 2, 0}}) {
      SampleCache cache(KvType::int8, shape.position + shape.rows, shape.head_dim, 0.2f);
      EXPECT_LT(int8_error(*table, cache, shape), 0.02) << table->name;
    }
  }
}

TEST(Int8Cache, IsWithinFivePercentOfExactWhereAFewElementsAreFiftyTimesAsLarge) {
  for (const Kernels* table : available_kernels()) {
    const Shape shape = {128, 2, 700, 2, 0};
    SampleCache cache(KvType::int8, 702, 128, 0.2f);
    for (std::size_t p = 0; p < 702; ++p) {
      std::vector<float> key = sample_floats(128, 0.02f, static_cast<unsigned>(p));
      std::vector<float> value = sample_floats(128, 0.02f, static_cast<unsigned>(p + 9999));
      key[5] *= 50, key[77] *= 50, value[9] *= 50;
      cache.put(p, key, value);
    }
    EXPECT_LT(int8_error(*table, cache, shape), 0.05) << table->name;
  }
}

TEST(Int8Cache, KeepsAVectorToHalfAStepAndZeroExactly) {
  for (const Kernels* table : available_kernels()) {
    for (const std::size_t head_dim : {1, 7, 8, 40, 128}) {
      std::vector<float> x = sample_floats(head_dim, 3.0f, 5);
      std::vector<std::byte> block(kv_head_bytes(KvType::int8, head_dim));
      table->store_kv(KvType::int8, x.data(), block.data(), 31, head_dim);
      float scale = 0, greatest = 0;
      std::memcpy(&scale, block.data() + 32 * head_dim + 31 * 4, 4);
      for (const float value : x) greatest = std::max(greatest, std::abs(value));
      EXPECT_FLOAT_EQ(scale, greatest / 127);
      for (std::size_t i = 0; i < head_dim; ++i) {
        const auto code = static_cast<std::int8_t>(block[31 * head_dim + i]);
        EXPECT_NEAR(static_cast<float>(code) * scale, x[i], scale * 0.5001f) << table->name;
      }
      x.assign(head_dim, 0.0f);
      table->store_kv(KvType::int8, x.data(), block.data(), 31, head_dim);
      for (std::size_t i = 0; i < head_dim; ++i) EXPECT_EQ(block[31 * head_dim + i], std::byte{0});
    }
  }
}

}  // namespace
}  // namespace freehold::kernels
