#include "freehold/scripted_generator.h"

#include <gtest/gtest.h>

#include <cmath>
#include <thread>

namespace freehold {
namespace {

Request ask(std::string text) {
  Request request;
  request.prompt = std::move(text);
  return request;
}

TEST(ScriptedGenerator, ReplaysItsAnswersInTurn) {
  ScriptedGenerator generator({.answers = {"one two", "three"}});
  EXPECT_EQ(generator.complete(ask("a b"))->text, "one two");
  const auto second = generator.complete(ask("a b"));
  EXPECT_EQ(second->text, "three");
  EXPECT_EQ(second->outcome.usage.prompt_tokens, 2u);
  EXPECT_EQ(second->outcome.usage.completion_tokens, 1u);
  EXPECT_EQ(second->outcome.finish, FinishReason::stop);
  EXPECT_EQ(generator.counts().finished, 2u);
}

TEST(ScriptedGenerator, StopsAtTheTokenLimit) {
  ScriptedGenerator generator({.answers = {"one two three"}});
  Request request = ask("a");
  request.stop.max_tokens = 2;
  const auto completion = generator.complete(request);
  EXPECT_EQ(completion->text, "one two");
  EXPECT_EQ(completion->outcome.finish, FinishReason::length);
}

TEST(ScriptedGenerator, EndsBeforeAStopStringThatSpansTokens) {
  ScriptedGenerator generator({.answers = {"one two three"}});
  Request request = ask("a");
  request.stop.strings = {"o th", "zzz"};
  const auto completion = generator.complete(request);
  EXPECT_EQ(completion->text, "one tw");
  EXPECT_EQ(completion->outcome.finish, FinishReason::stop);
  EXPECT_EQ(completion->outcome.stop_string, "o th");
}

TEST(ScriptedGenerator, NeverTellsHalfACharacter) {
  ScriptedGenerator generator({.answers = {"日本 🏡!"}});
  std::vector<std::string> texts;
  const auto completion = generator.complete(ask("a"), [&](const Delta& delta) {
    texts.push_back(delta.text);
    return true;
  });
  EXPECT_EQ(completion->text, "日本 🏡!");
  EXPECT_EQ(texts, (std::vector<std::string>{"", "日", "", "本", " ", "", "🏡", "!"}));
}

TEST(ScriptedGenerator, ReportsLogprobsOfThePromptAndTheAnswer) {
  ScriptedGenerator generator({.answers = {"yes"}});
  Request request = ask("a b");
  request.sampling.logprobs = 2;
  request.echo_prompt_logprobs = true;
  const auto completion = generator.complete(request);
  ASSERT_EQ(completion->tokens.size(), 3u);
  EXPECT_TRUE(std::isnan(completion->tokens[0].logprob));
  EXPECT_EQ(completion->tokens[1].bytes, " b");
  EXPECT_EQ(completion->tokens[2].top.size(), 2u);
}

TEST(ScriptedGenerator, CountsACancelWhenTheTicketIsDropped) {
  ScriptedGenerator generator({.answers = {"one two"}, .token_delay = std::chrono::seconds(60)});
  auto ticket = generator.start(ask("a"), {.on_delta = {}, .on_end = {}});
  ASSERT_TRUE(ticket);
  EXPECT_EQ(generator.counts().running, 1u);
  ticket->reset();
  while (generator.counts().running != 0) std::this_thread::yield();
  EXPECT_EQ(generator.counts().cancelled, 1u);
}

TEST(ScriptedGenerator, RefusesWhatDoesNotFit) {
  ScriptedGenerator generator(
      {.card = {.name = "tiny", .architecture = "script", .context_length = 2}, .max_running = 0});
  EXPECT_EQ(generator.start(ask("a b c"), {}).error().code, ErrorCode::invalid);
  EXPECT_EQ(generator.start(ask("a"), {}).error().code, ErrorCode::absent);
}

}  // namespace
}  // namespace freehold
