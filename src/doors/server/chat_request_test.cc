#include "server/chat_request.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace freehold::server {
namespace {

Parsed<ChatRequest> parse(std::string_view json) {
  const auto body = parse_json(json);
  CHECK(body.has_value());
  return parse_chat_request(*body);
}

// With one user message and these further members.
Parsed<ChatRequest> parse_with(std::string_view members) {
  return parse(R"({"messages":[{"role":"user","content":"hi"}],)" + std::string(members) + "}");
}

std::string messages_of(std::string_view json) {
  const auto request = parse(R"({"messages":)" + std::string(json) + "}");
  return request ? to_json(request->chat.messages) : request.error().param;
}

TEST(ChatRequest, LeavesToTheModelWhatIsNotSaid) {
  const auto request = parse(R"({"messages":[{"role":"user","content":"hi"}]})");
  ASSERT_TRUE(request.has_value());
  EXPECT_FALSE(request->sampling.temperature);
  EXPECT_FALSE(request->sampling.top_k);
  EXPECT_FALSE(request->sampling.logprobs);
  EXPECT_FALSE(request->stop.max_tokens);
  EXPECT_EQ(request->choices, 1u);
  EXPECT_TRUE(request->chat.add_generation_prompt);
  EXPECT_EQ(to_json(request->chat.messages), R"([{"role":"user","content":"hi"}])");
}

TEST(ChatRequest, ReadsEverySamplingField) {
  const auto request = parse_with(
      R"("temperature":0.5,"top_p":0.9,"top_k":40,"min_p":0.05,"repetition_penalty":1.1,
         "presence_penalty":-1,"frequency_penalty":0.25,"seed":-3,"logit_bias":{"7":-100,"9":1.5},
         "logprobs":true,"top_logprobs":5,"n":2)");
  ASSERT_TRUE(request.has_value()) << request.error().message;
  const Sampling& sampling = request->sampling;
  EXPECT_FLOAT_EQ(*sampling.temperature, 0.5f);
  EXPECT_FLOAT_EQ(*sampling.top_p, 0.9f);
  EXPECT_EQ(sampling.top_k, 40);
  EXPECT_FLOAT_EQ(*sampling.min_p, 0.05f);
  EXPECT_FLOAT_EQ(*sampling.repetition_penalty, 1.1f);
  EXPECT_FLOAT_EQ(sampling.presence_penalty, -1);
  EXPECT_FLOAT_EQ(sampling.frequency_penalty, 0.25f);
  EXPECT_EQ(sampling.seed, static_cast<std::uint64_t>(-3));
  EXPECT_EQ(sampling.logit_bias, (std::vector<std::pair<Token, float>>{{7, -100.0f}, {9, 1.5f}}));
  EXPECT_EQ(sampling.logprobs, 5u);
  EXPECT_EQ(request->choices, 2u);
}

TEST(ChatRequest, ReadsWhereToStop) {
  const auto request = parse_with(
      R"("stop":"END","stop_token_ids":[2,3],"ignore_eos":true,"max_tokens":9,
         "max_completion_tokens":7)");
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->stop.strings, std::vector<std::string>{"END"});
  EXPECT_EQ(request->stop.tokens, (std::vector<Token>{2, 3}));
  EXPECT_TRUE(request->stop.ignore_end_of_text);
  EXPECT_EQ(request->stop.max_tokens, 7u);
}

TEST(ChatRequest, GivesEveryChoiceASeedOfItsOwn) {
  const auto request = parse_with(R"("seed":5,"n":2)");
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(choice_request(*request, request->chat, 0).sampling.seed, 5u);
  EXPECT_EQ(choice_request(*request, request->chat, 1).sampling.seed, 6u);
}

TEST(ChatRequest, TreatsNullAsAbsent) {
  const auto request = parse_with(
      R"("temperature":null,"stop":null,"tools":null,"stream_options":null,"n":null,
         "response_format":null,"functions":null,"max_tokens":null,"tool_choice":null)");
  EXPECT_TRUE(request.has_value()) << request.error().message;
}

TEST(ChatRequest, ToleratesWhatChangesNothing) {
  EXPECT_TRUE(parse_with(
      R"("user":"u","metadata":{"a":"b"},"store":false,"parallel_tool_calls":true,
         "service_tier":"x",
         "response_format":{"type":"text"},"modalities":["text"],"unknown_field":[1])"));
}

struct Wrong {
  const char* members;
  const char* param;
};

class ChatRequestRefuses : public testing::TestWithParam<Wrong> {};

TEST_P(ChatRequestRefuses, AWrongFieldByItsName) {
  const auto request = parse_with(GetParam().members);
  ASSERT_FALSE(request.has_value()) << GetParam().members;
  EXPECT_EQ(request.error().status, 400u);
  EXPECT_EQ(request.error().param, GetParam().param) << request.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    , ChatRequestRefuses,
    testing::Values(
        Wrong{R"("temperature":-0.1)", "temperature"}, Wrong{R"("temperature":2.1)", "temperature"},
        Wrong{R"("temperature":"1")", "temperature"}, Wrong{R"("temperature":true)", "temperature"},
        Wrong{R"("top_p":1.5)", "top_p"}, Wrong{R"("top_p":-1)", "top_p"},
        Wrong{R"("top_k":-2)", "top_k"}, Wrong{R"("top_k":1.5)", "top_k"},
        Wrong{R"("min_p":2)", "min_p"}, Wrong{R"("n":0)", "n"}, Wrong{R"("n":129)", "n"},
        Wrong{R"("n":1e300)", "n"}, Wrong{R"("max_tokens":0)", "max_tokens"},
        Wrong{R"("max_tokens":-1)", "max_tokens"},
        Wrong{R"("max_tokens":9999999999)", "max_tokens"},
        Wrong{R"("max_completion_tokens":0)", "max_completion_tokens"},
        Wrong{R"("presence_penalty":3)", "presence_penalty"},
        Wrong{R"("frequency_penalty":-3)", "frequency_penalty"},
        Wrong{R"("repetition_penalty":0)", "repetition_penalty"}, Wrong{R"("seed":1.5)", "seed"},
        Wrong{R"("seed":1e19)", "seed"}, Wrong{R"("stop":7)", "stop"},
        Wrong{R"("stop":["a",7])", "stop[1]"},
        Wrong{R"("stop":["1","2","3","4","5","6","7","8","9","0","a","b","c","d","e","f","g"])",
              "stop"},
        Wrong{R"("stop_token_ids":["a"])", "stop_token_ids[0]"},
        Wrong{R"("stop_token_ids":[-1])", "stop_token_ids[0]"},
        Wrong{R"("logit_bias":{"a":1})", "logit_bias"},
        Wrong{R"("logit_bias":{"-1":1})", "logit_bias"},
        Wrong{R"("logit_bias":{"1":101})", "logit_bias"},
        Wrong{R"("logit_bias":{"1":"x"})", "logit_bias"},
        Wrong{R"("logit_bias":{"99999999999":1})", "logit_bias"},
        Wrong{R"("logprobs":5)", "logprobs"}, Wrong{R"("top_logprobs":2)", "top_logprobs"},
        Wrong{R"("logprobs":true,"top_logprobs":21)", "top_logprobs"},
        Wrong{R"("stream":"yes")", "stream"},
        Wrong{R"("stream_options":{"include_usage":true})", "stream_options"},
        Wrong{R"("stream":true,"stream_options":{"include_usage":1})",
              "stream_options.include_usage"},
        Wrong{R"("model":7)", "model"}, Wrong{R"("tools":{})", "tools"},
        Wrong{R"("tools":[{"type":"function"}])", "tools[0]"},
        Wrong{R"("tool_choice":"required")", "tool_choice"},
        Wrong{R"("tool_choice":{"type":"function","function":{"name":"f"}})", "tool_choice"},
        Wrong{R"("response_format":{"type":"xml"})", "response_format.type"},
        Wrong{R"("response_format":{"type":"json_schema","json_schema":{"name":"a b"}})",
              "response_format.json_schema.name"},
        Wrong{R"("guided_json":{},"guided_regex":"a")", "response_format"},
        Wrong{R"("structured_outputs":{"structural_tag":"x"})",
              "structured_outputs.structural_tag"},
        Wrong{R"("response_format":"text")", "response_format"},
        Wrong{R"("functions":[{"name":"f"}])", "functions"},
        Wrong{R"("guided_json":7)", "guided_json"}, Wrong{R"("min_tokens":3)", "min_tokens"},
        Wrong{R"("chat_template_kwargs":[])", "chat_template_kwargs"}));

TEST(ChatRequest, TakesTheFormOfTheAnswerInAllItsWords) {
  const Value schema{Object{{"type", "object"}}};
  const auto constraint = [](const char* members) {
    const auto request = parse_with(members);
    EXPECT_TRUE(request) << members;
    return request ? request->constraint : Constraint();
  };
  EXPECT_EQ(constraint(R"("response_format":{"type":"json_object"})"), Constraint(JsonObject{}));
  EXPECT_EQ(constraint(R"("response_format":{"type":"json_schema","json_schema":{"name":"x",
                          "strict":true,"schema":{"type":"object"}}})"),
            Constraint(JsonSchema{schema}));
  EXPECT_EQ(constraint(R"("guided_json":"{\"type\":\"object\"}")"), Constraint(JsonSchema{schema}));
  EXPECT_EQ(constraint(R"("structured_outputs":{"regex":"a+"})"), Constraint(Pattern{"a+"}));
  EXPECT_EQ(constraint(R"("guided_choice":["a","b"])"), Constraint(Choice{{"a", "b"}}));
  EXPECT_EQ(constraint(R"("grammar":"root ::= [a-z]")"), Constraint(Gbnf{"root ::= [a-z]"}));
}

TEST(ChatRequest, NeedsAMessage) {
  for (const char* body : {"{}", R"({"messages":[]})", R"({"messages":null})"}) {
    const auto request = parse(body);
    ASSERT_FALSE(request.has_value());
    EXPECT_EQ(request.error().param, "messages");
  }
  EXPECT_FALSE(parse("[]").has_value());
  EXPECT_FALSE(parse("7").has_value());
}

TEST(ChatRequest, NamesTheMessageThatIsWrong) {
  EXPECT_EQ(messages_of(R"([7])"), "messages[0]");
  EXPECT_EQ(messages_of(R"([{"role":"user","content":"a"},{"content":"b"}])"), "messages[1].role");
  EXPECT_EQ(messages_of(R"([{"role":"wizard","content":"a"}])"), "messages[0].role");
  EXPECT_EQ(messages_of(R"([{"role":"user"}])"), "messages[0].content");
  EXPECT_EQ(messages_of(R"([{"role":"user","content":7}])"), "messages[0].content");
  EXPECT_EQ(messages_of(R"([{"role":"user","content":[{"text":"a"}]}])"),
            "messages[0].content[0].type");
  EXPECT_EQ(messages_of(R"([{"role":"user","content":[{"type":"text"}]}])"),
            "messages[0].content[0].text");
  EXPECT_EQ(messages_of(R"([{"role":"assistant","tool_calls":[{}]}])"), "messages[0].tool_calls");
}

TEST(ChatRequest, SaysThatImagesAreNotRead) {
  const auto request = parse(
      R"({"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]})");
  ASSERT_FALSE(request.has_value());
  EXPECT_EQ(request.error().param, "messages[0].content[0]");
  EXPECT_NE(request.error().message.find("not images"), std::string::npos);
}

TEST(ChatRequest, JoinsTextPartsByLineBreaks) {
  EXPECT_EQ(messages_of(R"([{"role":"user","content":[{"type":"text","text":"a"},
                                                      {"type":"text","text":"b"}]}])"),
            R"([{"role":"user","content":"a\nb"}])");
}

TEST(ChatRequest, CallsADeveloperSystem) {
  EXPECT_EQ(messages_of(R"([{"role":"developer","content":"a"}])"),
            R"([{"role":"system","content":"a"}])");
}

TEST(ChatRequest, HandsToolCallArgumentsToTheTemplateAsObjects) {
  EXPECT_EQ(messages_of(R"([{"role":"assistant","content":null,"tool_calls":[
                {"id":"1","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}]}])"),
            R"([{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function",)"
            R"("function":{"name":"f","arguments":{"x":1}}}]}])");
}

TEST(ChatRequest, KeepsMalformedToolCallArgumentsAsTheyAre) {
  EXPECT_EQ(messages_of(R"([{"role":"assistant","tool_calls":[
                {"function":{"name":"f","arguments":"{\"x\":"}}]}])"),
            R"([{"role":"assistant","content":null,"tool_calls":[)"
            R"({"function":{"name":"f","arguments":"{\"x\":"}}]}])");
}

TEST(ChatRequest, DropsTheToolsWhenNoneMayBeCalled) {
  const std::string tools = R"("tools":[{"type":"function","function":{"name":"f"}}])";
  EXPECT_EQ(parse_with(tools)->chat.tools.size(), 1u);
  EXPECT_EQ(parse_with(tools + R"(,"tool_choice":"auto")")->chat.tools.size(), 1u);
  EXPECT_EQ(parse_with(tools + R"(,"tool_choice":"none")")->chat.tools.size(), 0u);
}

TEST(ChatRequest, PassesArgumentsToTheTemplate) {
  const auto request =
      parse_with(R"("chat_template_kwargs":{"enable_thinking":false},"reasoning_effort":"low")");
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(to_json(request->chat.template_arguments),
            R"({"enable_thinking":false,"reasoning_effort":"low"})");
}

}  // namespace
}  // namespace freehold::server
