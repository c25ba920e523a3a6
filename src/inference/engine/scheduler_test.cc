#include "engine/scheduler.h"

#include <gtest/gtest.h>

namespace freehold::engine {
namespace {

// A sequence that nobody listens to.
std::unique_ptr<Sequence> sequence(std::size_t prompt_tokens) {
  Submission submission{.prompt = std::vector<Token>(prompt_tokens, 1),
                        .sampling = {.temperature = 0, .logit_bias = {}, .logprobs = {}},
                        .stop = {},
                        .speller = {}};
  return std::make_unique<Sequence>(
      std::move(submission), std::make_shared<Subscription>(Listener{}), 100'000, Duration{});
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
  EXPECT_DEATH(blocks.give_back(twice), "taken_");
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
  EXPECT_EQ(turn.plan.spans[1].position, 0u);
  scheduler.remove(*second);
  scheduler.remove(*third);
  EXPECT_EQ(scheduler.blocks().free(), 4u);
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
