#include "engine/scheduler.h"

#include <gtest/gtest.h>

#include <numeric>

namespace freehold::engine {
namespace {

// A sequence that nobody listens to.
std::unique_ptr<Sequence> sequence(std::vector<Token> prompt, std::string salt = {},
                                   bool echo = false) {
  Submission submission{.prompt = std::move(prompt),
                        .sampling = {.temperature = 0, .logit_bias = {}, .logprobs = {}},
                        .stop = {},
                        .speller = {},
                        .echo_prompt_logprobs = echo,
                        .cache_salt = std::move(salt)};
  return std::make_unique<Sequence>(
      std::move(submission), std::make_shared<Subscription>(Listener{}), 100'000, Duration{});
}

// One whose tokens nobody else has.
std::unique_ptr<Sequence> sequence(std::size_t prompt_tokens) {
  static Token fresh = 0;
  std::vector<Token> prompt(prompt_tokens, ++fresh);
  return sequence(std::move(prompt));
}

std::vector<Token> counting(std::size_t count, Token from = 0) {
  std::vector<Token> tokens(count);
  std::iota(tokens.begin(), tokens.end(), from);
  return tokens;
}

std::vector<std::size_t> span_sizes(const Turn& turn) {
  std::vector<std::size_t> sizes;
  for (const model::Span& span : turn.plan.spans) sizes.push_back(span.tokens.size());
  return sizes;
}

// Settles a turn as if every wanted token had been chosen.
void answer(Scheduler& scheduler, const Turn& turn) {
  scheduler.settle(turn);
  const std::vector<float> row = {0, 1};
  for (Sequence* one : turn.sequences) {
    if (one->pending() > 0) continue;
    one->advance(Rows({.values = row, .vocabulary = 2}, 0, 1), Duration{});
  }
}

TEST(Blocks, AreHandedOutOnceUntilTheyComeBack) {
  Blocks blocks(3);
  std::vector<std::uint32_t> table = {*blocks.take(), *blocks.take(), *blocks.take()};
  EXPECT_EQ(table, (std::vector<std::uint32_t>{0, 1, 2}));
  EXPECT_FALSE(blocks.take().has_value());
  blocks.give_back(table);
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(blocks.free(), 3u);
}

TEST(Blocks, EndTheProgramWhenOneComesBackTwice) {
  Blocks blocks(2);
  const std::uint32_t block = *blocks.take();
  std::vector<std::uint32_t> twice = {block, block};
  EXPECT_DEATH(blocks.give_back(twice), "holders");
}

TEST(Scheduler, SharesTheBudgetEvenlyAndPassesOnWhatShortPromptsLeave) {
  Scheduler scheduler({.running = 4, .prompt_tokens = 120}, 100);
  const auto a = sequence(1000);
  const auto b = sequence(10);
  const auto c = sequence(500);
  for (const auto& one : {a.get(), b.get(), c.get()}) scheduler.add(*one);
  EXPECT_EQ(span_sizes(scheduler.plan()), (std::vector<std::size_t>{10, 55, 55}));
}

TEST(Scheduler, GivesPromptsTheSmallerBudgetBesideAnAnswer) {
  Scheduler scheduler({.running = 4, .prompt_tokens = 120, .prompt_tokens_beside_answers = 16},
                      100);
  const auto first = sequence(5);
  scheduler.add(*first);
  answer(scheduler, scheduler.plan());
  const auto second = sequence(1000);
  scheduler.add(*second);
  EXPECT_EQ(span_sizes(scheduler.plan()), (std::vector<std::size_t>{1, 16}));
}

TEST(Scheduler, LetsNobodyPassWhoeverWaitsForBlocks) {
  Scheduler scheduler({.running = 4}, 10);
  const auto first = sequence(32 * 4);
  const auto large = sequence(32 * 8);
  const auto small = sequence(3);
  for (const auto& one : {first.get(), large.get(), small.get()}) scheduler.add(*one);
  EXPECT_EQ(scheduler.plan().sequences, std::vector<Sequence*>{first.get()});
  scheduler.remove(*first);
  EXPECT_EQ(scheduler.plan().sequences, (std::vector<Sequence*>{small.get(), large.get()}));
}

TEST(Scheduler, BringsAPreemptedSequenceBackBeforeWhoeverCameLater) {
  Scheduler scheduler({.running = 2}, 4);
  const auto first = sequence(60);
  const auto second = sequence(32);
  const auto third = sequence(1);
  for (const auto& one : {first.get(), second.get(), third.get()}) scheduler.add(*one);
  answer(scheduler, scheduler.plan());
  EXPECT_EQ(scheduler.running(), 2u);
  while (scheduler.running() == 2) answer(scheduler, scheduler.plan());
  EXPECT_EQ(second->computed, 0u);  // it was the youngest in the cache
  EXPECT_TRUE(second->blocks.empty());
  scheduler.remove(*first);
  const Turn turn = scheduler.plan();
  EXPECT_EQ(turn.sequences, (std::vector<Sequence*>{third.get(), second.get()}));
  EXPECT_EQ(turn.plan.spans[1].position, 32u);  // its first block is still in the cache
  scheduler.remove(*second);
  scheduler.remove(*third);
  EXPECT_EQ(scheduler.blocks().free(), 4u);
}

// Computes a prompt that nobody runs beside and forgets its sequence: the position it began at.
std::uint32_t computed_from(Scheduler& scheduler, std::unique_ptr<Sequence> one) {
  scheduler.add(*one);
  const Turn turn = scheduler.plan();
  scheduler.settle(turn);
  scheduler.remove(*one);
  return turn.plan.spans.at(0).position;
}

TEST(Scheduler, ComputesOnlyWhatFollowsABeginningThatIsInTheCache) {
  Scheduler scheduler({.running = 4}, 20);
  const auto first = sequence(counting(100));
  scheduler.add(*first);
  answer(scheduler, scheduler.plan());
  std::vector<Token> prompt = counting(70);
  prompt.push_back(1000);
  const auto second = sequence(prompt);
  scheduler.add(*second);
  const Turn turn = scheduler.plan();
  EXPECT_EQ(span_sizes(turn), (std::vector<std::size_t>{1, 7}));
  EXPECT_EQ(turn.plan.spans[1].position, 64u);
  EXPECT_EQ(turn.plan.spans[1].blocks[0], turn.plan.spans[0].blocks[0]);
  EXPECT_EQ(turn.plan.spans[1].blocks[1], turn.plan.spans[0].blocks[1]);
  EXPECT_NE(turn.plan.spans[1].blocks[2], turn.plan.spans[0].blocks[2]);
  EXPECT_EQ(second->cached_tokens, 64u);
  scheduler.remove(*first);
  scheduler.remove(*second);
  EXPECT_EQ(scheduler.blocks().free(), 20u);
}

TEST(Scheduler, ComputesAtLeastTheLastTokenOfAPromptThatIsWhollyInTheCache) {
  Scheduler scheduler({.running = 4}, 20);
  for (const std::uint32_t cached : {0u, 32u}) {
    const auto one = sequence(counting(64));
    scheduler.add(*one);
    const Turn turn = scheduler.plan();
    EXPECT_EQ(turn.plan.spans[0].position, cached);
    EXPECT_EQ(turn.plan.spans[0].wanted_logits, 1u);
    answer(scheduler, turn);
    scheduler.remove(*one);
  }
}

TEST(Scheduler, KeepsTheCachesOfSaltsApart) {
  Scheduler scheduler({.running = 4}, 20);
  const auto cached = [&](const std::string& salt, bool echo = false) {
    return computed_from(scheduler, sequence(counting(50), salt, echo));
  };
  EXPECT_EQ(cached(""), 0u);
  EXPECT_EQ(cached("a tenant"), 0u);
  EXPECT_EQ(cached("a tenant"), 32u);
  EXPECT_EQ(cached("another"), 0u);
  EXPECT_EQ(cached(""), 32u);
  EXPECT_EQ(cached("", true), 0u);  // an echo wants every token's logits
}

TEST(Scheduler, ForgetsWhatWasGivenBackLongestAgoWhenBlocksRunOut) {
  Scheduler scheduler({.running = 4}, 4);
  const auto cached = [&](std::vector<Token> prompt) {
    return computed_from(scheduler, sequence(std::move(prompt)));
  };
  EXPECT_EQ(cached(counting(64, 0)), 0u);
  EXPECT_EQ(cached(counting(64, 500)), 0u);   // now all four hold something known
  EXPECT_EQ(cached(counting(64, 900)), 0u);   // takes those of the first, its last block first
  EXPECT_EQ(cached(counting(64, 500)), 32u);  // the second is still there
  EXPECT_EQ(cached(counting(64, 0)), 0u);
}

TEST(Scheduler, ForgetsAWaitingSequence) {
  Scheduler scheduler({.running = 1}, 10);
  const auto first = sequence(3);
  const auto second = sequence(3);
  scheduler.add(*first);
  scheduler.add(*second);
  scheduler.plan();
  scheduler.remove(*second);
  scheduler.remove(*first);
  EXPECT_TRUE(scheduler.idle());
  EXPECT_TRUE(scheduler.plan().sequences.empty());
}

}  // namespace
}  // namespace freehold::engine
