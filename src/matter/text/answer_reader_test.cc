#include "text/answer_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "text/answer_calls.h"

namespace freehold::text {
namespace {

// A tool whose arguments are a text, a number and a list.
List tools() {
  const auto typed = [](const char* type) { return Object{{"type", type}}; };
  return {
      Object{{"type", "function"},
             {"function",
              Object{{"name", "weather"},
                     {"parameters", Object{{"type", "object"},
                                           {"properties", Object{{"city", typed("string")},
                                                                 {"days", typed("integer")},
                                                                 {"hours", typed("array")}}}}}}}}};
}

struct Said {
  std::string reasoning;
  std::string text;
  std::vector<ToolCall> calls;
  bool operator==(const Said&) const = default;
};

void PrintTo(const Said& said, std::ostream* out) {
  *out << "reasoning {" << said.reasoning << "} text {" << said.text << "}";
  for (const ToolCall& call : said.calls) *out << " " << call.name << call.arguments;
}

Said read(const AnswerFormat& format, const List& tools, bool in_thought,
          const std::vector<std::string_view>& pieces) {
  AnswerReader reader(format, tools, in_thought);
  Said said;
  const auto take = [&](AnswerPiece piece) {
    said.reasoning += piece.reasoning;
    said.text += piece.text;
    std::ranges::move(piece.calls, std::back_inserter(said.calls));
  };
  for (const std::string_view piece : pieces) take(reader.add(piece));
  take(reader.finish());
  return said;
}

// Whole, byte by byte, and cut in two at every byte: always the same.
Said read(const AnswerFormat& format, std::string_view answer, const List& tools = text::tools(),
          bool in_thought = false) {
  const Said whole = read(format, tools, in_thought, {answer});
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < answer.size(); ++i) bytes.push_back(answer.substr(i, 1));
  EXPECT_EQ(read(format, tools, in_thought, bytes), whole) << answer;
  for (std::size_t i = 0; i <= answer.size(); ++i) {
    EXPECT_EQ(read(format, tools, in_thought, {answer.substr(0, i), answer.substr(i)}), whole)
        << answer << " cut at " << i;
  }
  return whole;
}

const AnswerFormat& hermes = answer_format_of("…<tool_call>…");

TEST(AnswerFormat, IsSeenFromTheTemplate) {
  EXPECT_EQ(answer_format_of("{{ '<tool_call>' }}").family, "hermes");
  EXPECT_EQ(answer_format_of("<tool_call>\n<function=a>").family, "qwen-coder");
  EXPECT_EQ(answer_format_of("<tool_call>{{ n }}<arg_key>").family, "glm");
  EXPECT_EQ(answer_format_of("<｜tool▁calls▁begin｜>").family, "deepseek");
  EXPECT_EQ(answer_format_of("<|tool_calls_section_begin|>").family, "kimi");
  EXPECT_EQ(answer_format_of("<minimax:tool_call>").family, "minimax");
  EXPECT_EQ(answer_format_of("[TOOL_CALLS] [").family, "mistral");
  EXPECT_EQ(answer_format_of("{\"name\": f, \"parameters\": d}").family, "llama");
  EXPECT_EQ(answer_format_of("{{ messages }}").family, "generic");
}

TEST(AnswerFormat, KnowsWhetherThePromptHasOpenedAThought) {
  EXPECT_TRUE(ends_in_thought("<assistant><think>\n", hermes));
  EXPECT_FALSE(ends_in_thought("<assistant><think>\n\n</think>\n\n", hermes));
  EXPECT_FALSE(ends_in_thought("", hermes));
}

TEST(AnswerReader, LeavesPlainTextAsItIs) {
  EXPECT_EQ(read(hermes, "Hello, <b>you</b>! 1 < 2\n"),
            (Said{"", "Hello, <b>you</b>! 1 < 2\n", {}}));
  EXPECT_EQ(read(hermes, "  \n"), (Said{"", "  \n", {}}));
  EXPECT_EQ(read(hermes, ""), (Said{}));
}

TEST(AnswerReader, TellsThoughtsFromText) {
  EXPECT_EQ(read(hermes, "\n<think>\nhm,\n so\n</think>\n\nYes. <think>"),
            (Said{"hm,\n so", "Yes. <think>", {}}));
  EXPECT_EQ(read(hermes, "still </thinking", {}, true), (Said{"still </thinking", "", {}}));
  EXPECT_EQ(read(hermes, "\nhm\n</think>Yes", {}, true), (Said{"hm", "Yes", {}}));
  EXPECT_EQ(read(hermes, "<think></think>"), (Said{}));
  EXPECT_EQ(read(hermes, "<thin"), (Said{"", "<thin", {}}));
}

TEST(AnswerReader, ReadsCallsInEveryFamilysForm) {
  const Said one{"", "", {{"weather", R"({"city":"Köln","days":2})"}}};
  const auto in = [](std::string_view sign) -> const AnswerFormat& {
    return answer_format_of(sign);
  };
  EXPECT_EQ(read(hermes,
                 "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Köln\", "
                 "\"days\": 2}}\n</tool_call>"),
            one);
  EXPECT_EQ(read(in("<function="),
                 "<tool_call>\n<function=weather>\n<parameter=city>\nKöln\n</parameter>\n"
                 "<parameter=days>\n2\n</parameter>\n</function>\n</tool_call>"),
            one);
  EXPECT_EQ(read(in("<arg_key>"),
                 "\n<tool_call>weather\n<arg_key>city</arg_key>\n<arg_value>Köln</arg_value>\n"
                 "<arg_key>days</arg_key>\n<arg_value>2</arg_value>\n</tool_call>"),
            one);
  EXPECT_EQ(
      read(in("<｜tool▁calls▁begin｜>"),
           "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n```json\n"
           "{\"city\": \"Köln\", \"days\": 2}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>"),
      one);
  EXPECT_EQ(
      read(in("<｜tool▁calls▁begin｜>"),
           "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>weather<｜tool▁sep｜>{\"city\": \"Köln\", "
           "\"days\": 2}<｜tool▁call▁end｜><｜tool▁calls▁end｜>"),
      one);
  EXPECT_EQ(read(in("<|tool_calls_section_begin|>"),
                 "<|tool_calls_section_begin|><|tool_call_begin|>functions.weather:0"
                 "<|tool_call_argument_begin|>{\"city\": \"Köln\", \"days\": 2}<|tool_call_end|>"
                 "<|tool_calls_section_end|>"),
            one);
  EXPECT_EQ(read(in("<minimax:tool_call>"),
                 "<minimax:tool_call>\n<invoke name=\"weather\">\n<parameter name=\"city\">Köln"
                 "</parameter>\n<parameter name=\"days\">2</parameter>\n</invoke>\n"
                 "</minimax:tool_call>"),
            one);
  EXPECT_EQ(read(in("[TOOL_CALLS]"),
                 "[TOOL_CALLS] [{\"name\": \"weather\", \"arguments\": {\"city\": \"Köln\", "
                 "\"days\": 2}}]"),
            one);
  EXPECT_EQ(read(in("<|python_tag|>"),
                 "{\"name\": \"weather\", \"parameters\": {\"city\": \"Köln\", \"days\": 2}}"),
            one);
  EXPECT_EQ(read(in("<|python_tag|>"),
                 "<|python_tag|>{\"name\": \"weather\", \"parameters\": {\"city\": \"Köln\", "
                 "\"days\": 2}}"),
            one);
}

TEST(AnswerReader, TellsThoughtTextAndSeveralCallsOfOneAnswer) {
  EXPECT_EQ(read(hermes,
                 "<think>two places</think>\nI look.\n\n<tool_call>\n{\"name\":\"weather\","
                 "\"arguments\":{\"city\":\"a\"}}\n</tool_call>\n<tool_call>{\"name\":\"weather\","
                 "\"arguments\":\"{\\\"city\\\":\\\"b\\\"}\"}</tool_call>\n"),
            (Said{"two places",
                  "I look.",
                  {{"weather", R"({"city":"a"})"}, {"weather", R"({"city":"b"})"}}}));
}

TEST(AnswerReader, ReadsACallThatTheModelForgotToClose) {
  EXPECT_EQ(read(hermes, "<tool_call>{\"name\":\"weather\",\"arguments\":{}}"),
            (Said{"", "", {{"weather", "{}"}}}));
}

TEST(AnswerReader, TakesTypesFromTheToolsSchema) {
  const AnswerFormat& coder = answer_format_of("<function=");
  const auto argument = [&](std::string_view key, std::string_view value) {
    const Said said =
        read(coder, "<tool_call><function=weather><parameter=" + std::string(key) + ">" +
                        std::string(value) + "</parameter></function></tool_call>");
    return said.calls.empty() ? "no call: " + said.text : said.calls[0].arguments;
  };
  EXPECT_EQ(argument("city", "7"), R"({"city":"7"})");
  EXPECT_EQ(argument("days", "7"), R"({"days":7})");
  EXPECT_EQ(argument("days", "seven"), R"({"days":"seven"})");
  EXPECT_EQ(argument("hours", "\n[1, 2]\n"), R"({"hours":[1,2]})");
  EXPECT_EQ(argument("city", "\n  two\n lines\n"), R"({"city":"  two\n lines"})");
  EXPECT_EQ(argument("else", "true"), R"({"else":true})");
}

TEST(AnswerReader, LosesNothingThatIsNoCall) {
  for (const std::string_view answer :
       {"a \n<tool_call>{\"name\":</tool_call> b", "<tool_call>",
        "x <tool_call>{\"name\":7}</tool_call>", "<tool_call>[]</tool_call>",
        "<tool_call>{\"name\":\"f\"}</tool_call>", "a<tool_cal"}) {
    EXPECT_EQ(read(hermes, answer), (Said{"", std::string(answer), {}}));
  }
  const AnswerFormat& deepseek = answer_format_of("<｜tool▁calls▁begin｜>");
  for (const std::string_view answer :
       {"a <｜tool▁calls▁begin｜> b",
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁call▁end｜>",
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>{<｜tool▁call▁end｜> c"}) {
    EXPECT_EQ(read(deepseek, answer), (Said{"", std::string(answer), {}}));
  }
  const AnswerFormat& llama = answer_format_of("<|python_tag|>");
  EXPECT_EQ(read(llama, "{\"city\": 7}"), (Said{"", "{\"city\": 7}", {}}));
}

TEST(AnswerReader, TakesNothingForACallWithoutTools) {
  const std::string_view answer = "<tool_call>{\"name\":\"f\",\"arguments\":{}}</tool_call>";
  EXPECT_EQ(read(hermes, answer, {}), (Said{"", std::string(answer), {}}));
  EXPECT_EQ(read(answer_format_of(""), "{\"name\":\"f\",\"parameters\":{}}", {}),
            (Said{"", "{\"name\":\"f\",\"parameters\":{}}", {}}));
}

TEST(AnswerReader, ShowsTextAsSoonAsItCannotBecomeACall) {
  AnswerReader reader(hermes, tools(), false);
  EXPECT_EQ(reader.add("Hello <").text, "Hello");
  EXPECT_EQ(reader.add("b>").text, " <b>");
  EXPECT_EQ(reader.add(" <tool_").text, "");
  EXPECT_EQ(reader.add("x").text, " <tool_x");
}

}  // namespace
}  // namespace freehold::text
