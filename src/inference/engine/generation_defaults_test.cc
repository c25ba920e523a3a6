#include "engine/generation_defaults.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"

namespace freehold::engine {
namespace {

Result<GenerationDefaults> parse(std::string_view json) {
  return parse_generation_config(*parse_json(json), 1000);
}

TEST(GenerationDefaults, AreWhatTheModelsFileSays) {
  const GenerationDefaults defaults =
      *parse(R"({"do_sample": true, "temperature": 0.6, "top_p": 0.95, "top_k": 20,
                 "repetition_penalty": 1.05, "eos_token_id": [7, 8], "pad_token_id": null})");
  EXPECT_EQ(defaults.sampling.temperature, 0.6f);
  EXPECT_EQ(defaults.sampling.top_p, 0.95f);
  EXPECT_EQ(defaults.sampling.top_k, 20);
  EXPECT_EQ(defaults.sampling.min_p, std::nullopt);
  EXPECT_EQ(defaults.sampling.repetition_penalty, 1.05f);
  EXPECT_EQ(defaults.end_tokens, (std::vector<Token>{7, 8}));
}

TEST(GenerationDefaults, AreGreedyWhereTheModelIsNotToBeSampled) {
  EXPECT_EQ(parse(R"({"do_sample": false, "temperature": 0.9})")->sampling.temperature, 0.0f);
  EXPECT_EQ(parse(R"({"eos_token_id": 5})")->sampling.temperature, std::nullopt);
  EXPECT_EQ(parse(R"({"eos_token_id": 5})")->end_tokens, std::vector<Token>{5});
  EXPECT_EQ(parse(R"({"temperature": null})")->sampling.temperature, std::nullopt);
}

TEST(GenerationDefaults, NameTheFieldThatIsNotWhatItMustBe) {
  const auto refused = [](std::string_view json, std::string_view field) {
    const auto defaults = parse(json);
    ASSERT_FALSE(defaults.has_value()) << json;
    EXPECT_EQ(defaults.error().code, ErrorCode::invalid);
    EXPECT_THAT(defaults.error().message, testing::HasSubstr(std::string(field)));
  };
  refused(R"({"temperature": "hot"})", "temperature");
  refused(R"({"temperature": -1})", "temperature");
  refused(R"({"top_p": 7})", "top_p");
  refused(R"({"top_k": 99999999999})", "top_k");
  refused(R"({"top_k": 2.5})", "top_k");
  refused(R"({"repetition_penalty": 0})", "repetition_penalty");
  refused(R"({"eos_token_id": 1000})", "eos_token_id");
  refused(R"({"eos_token_id": [1, -1]})", "eos_token_id");
  refused(R"({"eos_token_id": "</s>"})", "eos_token_id");
}

}  // namespace
}  // namespace freehold::engine
