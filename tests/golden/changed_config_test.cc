// Every key of a configuration that a recipe is made of, changed: the recipe must differ, the
// numbers must differ, and they must be those of the reference decoder.
#include <gtest/gtest.h>

#include <cmath>

#include "base/json.h"
#include "golden/checkpoint_writer.h"
#include "golden/fixture.h"
#include "golden/reference_decoder.h"
#include "model/model.h"
#include "model/score.h"

namespace freehold::golden {
namespace {

struct Change {
  const char* what;
  const char* fixture;
  const char* config;  // members that replace those of config.json
};

const Change changes[] = {
    {"layers", "llama-tiny", R"({"num_hidden_layers":1})"},
    {"epsilon", "llama-tiny", R"({"rms_norm_eps":0.5})"},
    {"heads", "llama-tiny", R"({"num_attention_heads":2,"num_key_value_heads":1,"head_dim":16})"},
    {"theta", "llama-tiny", R"({"rope_parameters":{"rope_type":"default","rope_theta":50.0}})"},
    {"old_theta", "llama-linear", R"({"rope_theta":50.0})"},
    {"no_scaling", "llama-linear", R"({"rope_scaling":null})"},
    {"other_factor", "llama-linear", R"({"rope_scaling":{"type":"linear","factor":1.5}})"},
    {"tied_head", "llama-tiny", R"({"tie_word_embeddings":true})"},
    {"dynamic", "llama-tiny",
     R"({"max_position_embeddings":32,"rope_scaling":{"rope_type":"dynamic","factor":3.0}})"},
    {"dynamic_factor", "llama-dynamic", R"({"rope_scaling":{"rope_type":"dynamic","factor":6.0}})"},
    {"dynamic_length", "llama-dynamic", R"({"max_position_embeddings":48})"},
    {"llama3_low", "llama-llama3",
     R"({"rope_scaling":{"rope_type":"llama3","factor":8.0,"low_freq_factor":3.0,
         "high_freq_factor":4.0,"original_max_position_embeddings":64}})"},
    {"llama3_high", "llama-llama3",
     R"({"rope_scaling":{"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,
         "high_freq_factor":9.0,"original_max_position_embeddings":64}})"},
    {"llama3_original", "llama-llama3",
     R"({"rope_scaling":{"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,
         "high_freq_factor":4.0,"original_max_position_embeddings":16}})"},
    {"yarn_attention_factor", "llama-yarn",
     R"({"rope_parameters":{"rope_type":"yarn","rope_theta":10000.0,"factor":4.0,"truncate":false,
         "original_max_position_embeddings":64,"beta_fast":8.0,"beta_slow":1.0}})"},
    {"yarn_truncate", "llama-yarn",
     R"({"rope_parameters":{"rope_type":"yarn","rope_theta":10000.0,"factor":4.0,"truncate":true,
         "original_max_position_embeddings":64,"attention_factor":0.9,"beta_fast":8.0}})"},
    {"yarn_betas", "llama-yarn",
     R"({"rope_parameters":{"rope_type":"yarn","rope_theta":10000.0,"factor":4.0,"truncate":false,
         "original_max_position_embeddings":64,"attention_factor":0.9,"beta_fast":3.0,
         "beta_slow":2.0}})"},
    {"yarn_mscale", "llama-yarn",
     R"({"rope_parameters":{"rope_type":"yarn","rope_theta":10000.0,"factor":4.0,"mscale":0.7,
         "mscale_all_dim":1.3,"original_max_position_embeddings":64}})"},
    {"yarn_factor_from_lengths", "llama-yarn",
     R"({"rope_parameters":{"rope_type":"yarn","rope_theta":10000.0,
         "original_max_position_embeddings":32}})"},
    {"window", "mistral-tiny", R"({"sliding_window":3})"},
    {"no_window", "mistral-tiny", R"({"sliding_window":null})"},
    {"windows_off", "qwen2-tiny", R"({"use_sliding_window":false})"},
    {"windowed_layers", "qwen2-tiny",
     R"({"layer_types":["sliding_attention","full_attention","sliding_attention"]})"},
    {"windows_from", "qwen2-tiny", R"({"layer_types":null,"max_window_layers":2})"},
    {"active_experts", "qwen3-moe-tiny", R"({"num_experts_per_tok":2})"},
    {"renormalize", "qwen3-moe-tiny", R"({"norm_topk_prob":false})"},
    {"expert_window", "qwen3-moe-tiny", R"({"use_sliding_window":true,"sliding_window":5})"},
};

class ChangedConfig : public ::testing::TestWithParam<Change> {};

TEST_P(ChangedConfig, ChangesTheNumbersAsTheReferenceDecoderDoes) {
  const Change& change = GetParam();
  const auto original = open_checkpoint(fixture_folder(change.fixture));
  CheckpointDraft draft = CheckpointDraft::from(*original);
  const auto members = parse_json(change.config);
  ASSERT_TRUE(members.has_value()) << members.error().message;
  for (const auto& [key, value] : *members->as_object()) draft.metadata.set(key, value);
  const auto changed = open_checkpoint(draft.write(scratch_folder()));

  const auto before = open(fixture_folder(change.fixture));
  const auto after = model::open_decoder(changed, pool());
  ASSERT_TRUE(after.has_value()) << after.error().message;
  EXPECT_NE(before->recipe(), (*after)->recipe());
  const std::vector<Token> text = expected_of(change.fixture).back().tokens;
  const auto old_score = model::score(*before, text, {});
  const auto score = model::score(**after, text, {});
  ASSERT_TRUE(score.has_value());
  const auto reference = ReferenceDecoder(*changed).logprobs(text);
  double difference = 0;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const double expected = reference[i - 1][static_cast<std::size_t>(text[i])];
    EXPECT_NEAR(*score->tokens[i].logprob, expected, 1e-4) << "position " << i;
    difference = std::max(difference, std::abs(expected - *old_score->tokens[i].logprob));
  }
  EXPECT_GT(difference, 1e-3) << "the change changes nothing";
}

INSTANTIATE_TEST_SUITE_P(All, ChangedConfig, ::testing::ValuesIn(changes),
                         [](const auto& test) { return std::string(test.param.what); });

TEST(ChangedGguf, RotatesOnlyAsManyDimensionsAsItSays) {
  const auto path = fixture_folder("llama-tiny") / "gguf/model.gguf";
  CheckpointDraft draft = CheckpointDraft::from(*open_checkpoint(path));
  draft.metadata.set("llama.rope.dimension_count", 4);
  const auto before = open(path);
  const auto after = open(draft.write(scratch_folder()));
  ASSERT_TRUE(before != nullptr && after != nullptr);
  EXPECT_EQ(after->recipe().attention.rope.dimensions, 4);
  EXPECT_EQ(before->recipe().attention.rope.dimensions, 8);
  const std::vector<Token> text{5, 6, 7, 8};
  EXPECT_NE(*model::score(*before, text, {})->tokens[3].logprob,
            *model::score(*after, text, {})->tokens[3].logprob);
}

TEST(ChangedGguf, MultipliesTheYarnFactorThatItNames) {
  const auto path = fixture_folder("qwen2-yarn") / "gguf/model.gguf";
  CheckpointDraft draft = CheckpointDraft::from(*open_checkpoint(path));
  draft.metadata.set("qwen2.rope.scaling.attn_factor", 0.5);
  const auto before = model::read_recipe(*open_checkpoint(path));
  const auto after = model::read_recipe(*open_checkpoint(draft.write(scratch_folder())));
  ASSERT_TRUE(before.has_value() && after.has_value());
  EXPECT_FLOAT_EQ(before->attention.rope.scaling.attention_factor, 1 + 0.1f * std::log(4.0f));
  EXPECT_FLOAT_EQ(after->attention.rope.scaling.attention_factor,
                  before->attention.rope.scaling.attention_factor / 2);
}

TEST(ChangedGguf, DividesFrequenciesByTheFactorsOfItsTensor) {
  const auto path = fixture_folder("llama-llama3") / "gguf/model.gguf";
  CheckpointDraft draft = CheckpointDraft::from(*open_checkpoint(path));
  ASSERT_TRUE(draft.remove("rope_freqs.weight"));
  const auto with = open(path);
  const auto without = open(draft.write(scratch_folder()));
  const std::vector<Token> text = expected_of("llama-llama3").front().tokens;
  EXPECT_NE(*model::score(*with, text, {})->tokens.back().logprob,
            *model::score(*without, text, {})->tokens.back().logprob);
}

TEST(LongPlan, GivesTheSameBitsInSeveralBatches) {
  ThreadPool two_threads(2);
  const auto decoder = open(fixture_folder("mistral-tiny"), two_threads);
  const std::vector<Token> text = expected_of("mistral-tiny").front().tokens;
  std::vector<Token> long_text;
  while (long_text.size() < 700) long_text.insert(long_text.end(), text.begin(), text.end());
  const auto blocks = static_cast<std::uint32_t>(long_text.size() / 32 + 1);
  const auto last_logits = [&](std::size_t piece) {
    auto cache = model::KvCache::make(decoder->recipe(), KvType::bf16, blocks);
    model::Span span;
    span.wanted_logits = 1;
    for (std::uint32_t i = 0; i < blocks; ++i) span.blocks.push_back(blocks - 1 - i);
    std::vector<float> values;
    for (std::size_t at = 0; at < long_text.size(); at += span.tokens.size()) {
      const std::size_t count = std::min(piece, long_text.size() - at);
      span.position = static_cast<std::uint32_t>(at);
      span.tokens.assign(long_text.begin() + span.position,
                         long_text.begin() + span.position + count);
      const auto logits = decoder->forward(model::Plan{{span}}, *cache);
      values.assign(logits->values.begin(), logits->values.end());
    }
    return values;
  };
  EXPECT_EQ(last_logits(long_text.size()), last_logits(100));
}

}  // namespace
}  // namespace freehold::golden
