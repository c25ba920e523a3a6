// What every listed architecture must hold, whatever it is: instantiated from the list itself, so
// that a new one is tested by its line there and its fixture.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "golden/checkpoint_writer.h"
#include "golden/fixture.h"
#include "golden/reference_decoder.h"
#include "model/architecture.h"
#include "model/cpu_decoder.h"
#include "model/footprint.h"
#include "model/model.h"
#include "model/score.h"

namespace freehold::golden {
namespace {

using model::Architecture;
using model::KvCache;
using model::Plan;
using model::Span;

class EveryArchitecture : public ::testing::TestWithParam<const Architecture*> {
 protected:
  static std::filesystem::path folder() { return fixture_folder(std::string(GetParam()->golden)); }
  // Architectures whose GGUF files go by another's name have their twin all the same.
  static std::filesystem::path twin() { return folder() / "gguf/model.gguf"; }
  static std::vector<Token> tokens() {
    return expected_of(std::string(GetParam()->golden)).front().tokens;
  }
};

TEST_P(EveryArchitecture, HasAFixtureInBothContainers) {
  ASSERT_TRUE(std::filesystem::exists(folder() / "model.safetensors")) << folder();
  ASSERT_TRUE(std::filesystem::exists(twin())) << twin();
  const auto decoder = open(folder());
  ASSERT_NE(decoder, nullptr);
  EXPECT_EQ(decoder->recipe().architecture, GetParam()->name);
}

TEST_P(EveryArchitecture, MatchesTheReferenceDecoder) {
  const auto checkpoint = open_checkpoint(folder());
  const auto decoder = open(folder());
  ASSERT_NE(decoder, nullptr);
  const std::vector<Token> text = tokens();
  const auto reference = ReferenceDecoder(*checkpoint).logprobs(text);
  const auto score = model::score(*decoder, text, {.top = 256});
  ASSERT_TRUE(score.has_value());
  for (std::size_t i = 1; i < text.size(); ++i) {
    for (const model::Scored& each : score->tokens[i].top) {
      ASSERT_NEAR(each.logprob, reference[i - 1][static_cast<std::size_t>(each.id)], 1e-4)
          << "position " << i << ", token " << each.id;
    }
  }
}

// Removes each tensor in turn. GGUF files say by a missing output matrix that the head is tied, and
// by a missing plain feed-forward that a layer has experts.
TEST_P(EveryArchitecture, RejectsAMissingTensorByName) {
  for (const auto& path : {folder(), twin()}) {
    const CheckpointDraft whole = CheckpointDraft::from(*open_checkpoint(path));
    for (const Draft& each : whole.tensors) {
      if (each.name == "output.weight") continue;
      CheckpointDraft draft = whole;
      ASSERT_TRUE(draft.remove(each.name));
      const auto checkpoint = open_checkpoint(draft.write(scratch_folder()));
      ASSERT_NE(checkpoint, nullptr);
      const auto decoder = model::open_decoder(checkpoint, pool());
      ASSERT_FALSE(decoder.has_value()) << each.name;
      EXPECT_EQ(decoder.error().code, ErrorCode::invalid);
      EXPECT_THAT(decoder.error().message, ::testing::HasSubstr(each.name));
    }
  }
}

TEST_P(EveryArchitecture, RejectsAWrongShapeByName) {
  const CheckpointDraft whole = CheckpointDraft::from(*open_checkpoint(folder()));
  for (const Draft& each : whole.tensors) {
    CheckpointDraft draft = whole;
    Draft& changed = *draft.find(each.name);
    changed.shape[0] += 1;
    changed.bytes.resize(changed.bytes.size() / each.shape[0] * changed.shape[0]);
    const auto checkpoint = open_checkpoint(draft.write(scratch_folder()));
    ASSERT_NE(checkpoint, nullptr);
    const auto decoder = model::open_decoder(checkpoint, pool());
    ASSERT_FALSE(decoder.has_value()) << each.name;
    EXPECT_THAT(decoder.error().message, ::testing::AllOf(::testing::HasSubstr(each.name),
                                                          ::testing::HasSubstr("expected")));
  }
}

TEST_P(EveryArchitecture, FootprintEqualsAllocation) {
  for (const auto& path : {folder(), twin()}) {
    const auto checkpoint = open_checkpoint(path);
    const auto decoder = open(path);
    ASSERT_NE(decoder, nullptr);
    const auto& cpu = dynamic_cast<const model::CpuDecoder&>(*decoder);
    for (const KvType type : {KvType::f32, KvType::f16, KvType::bf16, KvType::int8}) {
      const model::Footprint told = model::footprint(*checkpoint, decoder->recipe(), 100, type);
      const auto cache = KvCache::make(decoder->recipe(), type, model::blocks_for(100));
      EXPECT_EQ(told.weights_bytes, cpu.weights_bytes());
      EXPECT_EQ(told.activation_bytes, cpu.activation_bytes());
      EXPECT_EQ(told.kv_bytes, cache->bytes());
    }
  }
}

// Logits after every token, the sequence cut into pieces of these lengths, with another sequence of
// the same plan beside each piece.
std::vector<float> logits_in_pieces(model::Decoder& decoder, std::span<const Token> text,
                                    std::span<const std::size_t> lengths, bool company,
                                    std::uint32_t prompt_tokens = 0) {
  KvCache cache = *KvCache::make(decoder.recipe(), KvType::f16, 64);
  std::vector<float> result;
  Span own{.tokens = {}, .position = 0, .blocks = {7, 3, 11, 2}};
  Span other{.tokens = {}, .position = 0, .blocks = {1, 5, 0, 9, 12, 13}};
  own.prompt_tokens = prompt_tokens;
  for (const std::size_t length : lengths) {
    own.tokens.assign(text.begin() + own.position, text.begin() + own.position + length);
    own.wanted_logits = static_cast<std::uint32_t>(length);
    other.tokens.assign(text.rbegin(), text.rbegin() + 5);
    other.wanted_logits = 2;
    const Plan plan{company ? std::vector<Span>{other, own} : std::vector<Span>{own}};
    const auto logits = decoder.forward(plan, cache);
    EXPECT_TRUE(logits.has_value());
    const std::size_t skipped = company ? 2 * logits->vocabulary : 0;
    result.insert(result.end(), logits->values.begin() + static_cast<std::ptrdiff_t>(skipped),
                  logits->values.end());
    own.position += static_cast<std::uint32_t>(length);
    other.position += 5;
  }
  return result;
}

TEST_P(EveryArchitecture, IsBatchInvariant) {
  ThreadPool two_threads(2);
  for (const auto& path : {folder(), twin()}) {
    const auto decoder = open(path, two_threads);
    ASSERT_NE(decoder, nullptr);
    const std::vector<Token> text = tokens();
    const std::vector<std::size_t> whole{text.size()};
    const auto expected = logits_in_pieces(*decoder, text, whole, false);
    ASSERT_EQ(expected.size(), text.size() * decoder->recipe().vocabulary);
    EXPECT_EQ(logits_in_pieces(*decoder, text, whole, true), expected);
    for (const std::size_t first : {std::size_t{1}, std::size_t{31}, std::size_t{33}}) {
      const std::vector<std::size_t> cut{first, 2, 17, text.size() - first - 19};
      EXPECT_EQ(logits_in_pieces(*decoder, text, cut, false), expected);
      EXPECT_EQ(logits_in_pieces(*decoder, text, cut, true), expected);
    }
  }
}

TEST(DynamicScaling, DoesNotDependOnHowThePromptIsCut) {
  const auto decoder = open(fixture_folder("llama-dynamic"));
  ASSERT_NE(decoder, nullptr);
  const std::vector<Token> text = expected_of("llama-dynamic").back().tokens;
  ASSERT_GT(text.size(), decoder->recipe().context_length);
  const std::vector<std::size_t> whole{text.size()}, cut{60, 9, 31};
  for (const std::uint32_t prompt_tokens : {0u, static_cast<std::uint32_t>(text.size())}) {
    const auto expected = logits_in_pieces(*decoder, text, whole, false, prompt_tokens);
    EXPECT_EQ(logits_in_pieces(*decoder, text, cut, false, prompt_tokens), expected);
    EXPECT_EQ(logits_in_pieces(*decoder, text, cut, true, prompt_tokens), expected);
  }
}

TEST_P(EveryArchitecture, SurvivesQuantizing) {
  CheckpointDraft draft = CheckpointDraft::from(*open_checkpoint(twin()));
  for (Draft& each : draft.tensors) {
    if (each.shape.size() > 1 && each.shape.back() % 32 == 0) quantize_q8_0(each);
  }
  const auto exact = open(twin());
  const auto rounded = open(draft.write(scratch_folder()));
  ASSERT_TRUE(exact != nullptr && rounded != nullptr);
  const auto before = model::score(*exact, tokens(), {});
  const auto after = model::score(*rounded, tokens(), {});
  ASSERT_TRUE(before.has_value() && after.has_value());
  double change = 0;
  for (std::size_t i = 1; i < before->tokens.size(); ++i) {
    change += std::abs(*before->tokens[i].logprob - *after->tokens[i].logprob);
  }
  change /= static_cast<double>(before->tokens.size() - 1);
  EXPECT_GT(change, 0);
  EXPECT_LT(change, 0.1);
}

TEST_P(EveryArchitecture, RefusesATokenOutsideTheVocabulary) {
  const auto decoder = open(folder());
  ASSERT_NE(decoder, nullptr);
  for (const Token bad : {Token{-1}, static_cast<Token>(decoder->recipe().vocabulary)}) {
    const auto score = model::score(*decoder, std::vector<Token>{1, bad, 2}, {});
    ASSERT_FALSE(score.has_value());
    EXPECT_EQ(score.error().code, ErrorCode::invalid);
    EXPECT_THAT(score.error().message, ::testing::HasSubstr(std::to_string(bad)));
  }
}

INSTANTIATE_TEST_SUITE_P(List, EveryArchitecture, ::testing::ValuesIn(model::architectures()),
                         [](const auto& test) { return std::string(test.param->name); });

}  // namespace
}  // namespace freehold::golden
