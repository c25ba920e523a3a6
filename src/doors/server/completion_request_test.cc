#include "server/completion_request.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace freehold::server {
namespace {

Parsed<CompletionRequest> parse(std::string_view json) {
  const auto body = parse_json(json);
  CHECK(body.has_value());
  return parse_completion_request(*body);
}

std::string param_of(std::string_view json) {
  const auto request = parse(json);
  return request ? "" : request.error().param;
}

TEST(CompletionRequest, ReadsAllFourFormsOfAPrompt) {
  using Tokens = std::vector<Token>;
  EXPECT_EQ(std::get<std::string>(parse(R"({"prompt":"a"})")->prompts[0]), "a");
  EXPECT_EQ(parse(R"({"prompt":["a","b"]})")->prompts.size(), 2u);
  EXPECT_EQ(std::get<Tokens>(parse(R"({"prompt":[1,2]})")->prompts[0]), (Tokens{1, 2}));
  const auto arrays = parse(R"({"prompt":[[1],[2,3]]})");
  ASSERT_EQ(arrays->prompts.size(), 2u);
  EXPECT_EQ(std::get<Tokens>(arrays->prompts[1]), (Tokens{2, 3}));
}

TEST(CompletionRequest, MakesSixteenTokensUnlessToldOtherwise) {
  EXPECT_EQ(parse(R"({"prompt":"a"})")->stop.max_tokens, 16u);
  EXPECT_EQ(parse(R"({"prompt":"a","max_tokens":0})")->stop.max_tokens, 0u);
}

TEST(CompletionRequest, ReadsLogprobsAsANumber) {
  EXPECT_FALSE(parse(R"({"prompt":"a"})")->logprobs);
  const auto request = parse(R"({"prompt":"a","logprobs":0,"echo":true})");
  EXPECT_TRUE(request->logprobs);
  EXPECT_TRUE(request->echo);
  EXPECT_EQ(request->sampling.logprobs, 0u);
}

TEST(CompletionRequest, NamesWhatIsWrong) {
  EXPECT_EQ(param_of("{}"), "prompt");
  EXPECT_EQ(param_of(R"({"prompt":[]})"), "prompt");
  EXPECT_EQ(param_of(R"({"prompt":7})"), "prompt");
  EXPECT_EQ(param_of(R"({"prompt":[1,-2]})"), "prompt[1]");
  EXPECT_EQ(param_of(R"({"prompt":[1,"a"]})"), "prompt[1]");
  EXPECT_EQ(param_of(R"({"prompt":[1,99999999999]})"), "prompt[1]");
  EXPECT_EQ(param_of(R"({"prompt":["a",{}]})"), "prompt[1]");
  EXPECT_EQ(param_of(R"({"prompt":[[1],[]]})"), "prompt[1]");
  EXPECT_EQ(param_of(R"({"prompt":[[1],[2,"x"]]})"), "prompt[1][1]");
  EXPECT_EQ(param_of(R"({"prompt":"a","logprobs":21})"), "logprobs");
  EXPECT_EQ(param_of(R"({"prompt":"a","best_of":3})"), "best_of");
  EXPECT_EQ(param_of(R"({"prompt":"a","suffix":"b"})"), "suffix");
}

TEST(CompletionRequest, BoundsPromptsTimesChoices) {
  std::string prompts = "\"a\"";
  for (int i = 1; i < 100; ++i) prompts += ",\"a\"";
  EXPECT_EQ(param_of(R"({"n":20,"prompt":[)" + prompts + "]}"), "");
  EXPECT_EQ(param_of(R"({"n":21,"prompt":[)" + prompts + "]}"), "n");
}

}  // namespace
}  // namespace freehold::server
