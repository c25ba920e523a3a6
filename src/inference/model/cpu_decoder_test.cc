// Which tokens' logits are wanted, and what is computed for the others. The numbers themselves are
// tested in tests/golden.
#include "model/cpu_decoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <numeric>

#include "formats/checkpoint.h"
#include "model/model.h"

namespace freehold::model {
namespace {

constexpr std::uint32_t length = 45;

class WantedLogits : public ::testing::TestWithParam<const char*> {
 protected:
  WantedLogits() : pool_(2) {
    auto checkpoint = formats::Checkpoint::open(
        std::filesystem::path(FREEHOLD_SOURCE_DIR "/tests/fixtures/models") / GetParam());
    CHECK(checkpoint.has_value());
    decoder_ = std::move(
        *open_decoder(std::make_shared<const formats::Checkpoint>(std::move(*checkpoint)), pool_));
    cache_ = std::make_unique<KvCache>(*KvCache::make(decoder_->recipe(), KvType::f16, 8));
  }

  static Span span(std::uint32_t wanted, std::uint32_t first_block) {
    Span made;
    made.tokens.resize(length);
    std::iota(made.tokens.begin(), made.tokens.end(), 3);
    made.blocks = {first_block, first_block + 1};
    made.wanted_logits = wanted;
    return made;
  }

  std::vector<float> forward(const Plan& plan) {
    const auto logits = decoder_->forward(plan, *cache_);
    EXPECT_TRUE(logits.has_value());
    return {logits->values.begin(), logits->values.end()};
  }

  std::vector<float> last_rows(const std::vector<float>& rows, std::size_t count) const {
    const auto floats = static_cast<std::ptrdiff_t>(count * decoder_->recipe().vocabulary);
    return {rows.end() - floats, rows.end()};
  }

  ThreadPool pool_;
  std::unique_ptr<Decoder> decoder_;
  std::unique_ptr<KvCache> cache_;
};

TEST_P(WantedLogits, AreTheSameHoweverManyAreWanted) {
  const std::vector<float> all = forward({{span(length, 0)}});
  EXPECT_EQ(all.size(), length * decoder_->recipe().vocabulary);
  for (const std::uint32_t wanted : {1u, 2u, 17u, length - 1}) {
    EXPECT_EQ(forward({{span(wanted, 0)}}), last_rows(all, wanted)) << wanted;
    std::vector<float> twice = last_rows(all, wanted);
    twice.insert(twice.end(), all.end() - decoder_->recipe().vocabulary, all.end());
    EXPECT_EQ(forward({{span(wanted, 0), span(0, 2), span(1, 4)}}), twice) << wanted;
  }
}

TEST_P(WantedLogits, MayBeNoneAndTheCacheIsFilledAllTheSame) {
  Plan next{{{.tokens = {9}, .position = length, .blocks = {0, 1}, .wanted_logits = 1}}};
  forward({{span(1, 0)}});
  const std::vector<float> expected = forward(next);
  next.spans[0].blocks = {2, 3};
  EXPECT_TRUE(forward({{span(0, 2)}}).empty());
  EXPECT_EQ(forward(next), expected);
}

INSTANTIATE_TEST_SUITE_P(OfModels, WantedLogits,
                         ::testing::Values("qwen3-tiny", "qwen3-moe-tiny", "llama-biased"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace freehold::model
