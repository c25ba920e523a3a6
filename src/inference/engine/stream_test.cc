#include "engine/stream.h"

#include <gtest/gtest.h>

namespace freehold::engine {
namespace {

// Spells a token as the text of that number.
class Texts : public Speller {
 public:
  explicit Texts(std::vector<std::string> texts) : texts_(std::move(texts)) {}
  std::string add(Token token) override { return texts_.at(static_cast<std::size_t>(token)); }
  std::string finish() override { return {}; }
  std::string_view bytes(Token token) const override {
    return texts_.at(static_cast<std::size_t>(token));
  }

 private:
  std::vector<std::string> texts_;
};

// What is heard of an answer in these pieces.
Completion heard(const std::vector<std::string>& pieces, std::vector<std::string> stop = {}) {
  const auto& format = text::answer_format_of("<tool_call>");
  List tools{Object{{"name", "f"}}};
  Completion completion;
  auto subscription = std::make_shared<Subscription>(
      Listener{.on_delta = [&](Delta delta) { completion.add(std::move(delta)); },
               .on_end = [&](Result<Outcome> outcome) { completion.outcome = *outcome; }});
  Stream stream(std::make_unique<Texts>(pieces),
                std::make_unique<text::AnswerReader>(format, std::move(tools), false), stop,
                subscription);
  for (std::size_t i = 0; i < pieces.size(); ++i) stream.add(static_cast<Token>(i), {});
  stream.end(Outcome{});
  return completion;
}

TEST(Stream, TakesAnAnswerApartAndSaysThatItCalledATool) {
  const Completion completion =
      heard({"<think>", "hm", "</think>", "\nWait.\n", "<tool_call>", "{\"name\":\"f\",",
             "\"arguments\":{\"a\":1}}", "</tool_call>"});
  EXPECT_EQ(completion.reasoning, "hm");
  EXPECT_EQ(completion.text, "Wait.");
  EXPECT_EQ(completion.tool_calls, (std::vector<ToolCall>{{"f", R"({"a":1})"}}));
  EXPECT_EQ(completion.outcome.finish, FinishReason::tool_calls);
}

TEST(Stream, LooksForStopStringsBeforeTheAnswerIsTakenApart) {
  const Completion completion = heard({"<think>a", "b</think>", "c STOP"}, {"STOP"});
  EXPECT_EQ(completion.reasoning, "ab");
  EXPECT_EQ(completion.text, "c ");
  EXPECT_EQ(completion.outcome.finish, FinishReason::stop);
  EXPECT_EQ(completion.outcome.stop_string, "STOP");
}

}  // namespace
}  // namespace freehold::engine
