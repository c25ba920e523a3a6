// What a step allocates once steps like it have run before: nothing. This binary's own operator new
// counts; sanitizers bring one of theirs, so that this is left out there.
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <new>
#include <numeric>

#include "engine/engine.h"
#include "formats/checkpoint.h"
#include "model/model.h"

namespace {

std::atomic<std::size_t> allocations{0};

void* counted(std::size_t size, std::size_t alignment) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  const std::size_t whole = (size + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, whole == 0 ? alignment : whole);
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) {
  return counted(size, alignof(std::max_align_t));
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace freehold::engine {
namespace {

std::unique_ptr<model::Decoder> open(const char* name, ThreadPool& pool) {
  const std::filesystem::path folder = FREEHOLD_SOURCE_DIR "/tests/fixtures/models";
  auto checkpoint = formats::Checkpoint::open(folder / name);
  EXPECT_TRUE(checkpoint.has_value());
  auto decoder = model::open_decoder(
      std::make_shared<const formats::Checkpoint>(std::move(*checkpoint)), pool);
  EXPECT_TRUE(decoder.has_value());
  return std::move(*decoder);
}

model::KvCache cache_of(const model::Decoder& decoder) {
  return *model::KvCache::make(decoder.recipe(), KvType::f16, 16);
}

class Allocations : public ::testing::TestWithParam<const char*> {};

TEST_P(Allocations, AreNotMadeByTheForwardPass) {
  ThreadPool pool(2);
  const auto decoder = open(GetParam(), pool);
  auto cache = cache_of(*decoder);
  model::Plan prompt{{{.tokens = std::vector<Token>(40), .blocks = {0, 1, 2}, .wanted_logits = 2}}};
  std::iota(prompt.spans[0].tokens.begin(), prompt.spans[0].tokens.end(), 1);
  model::Plan step{{{.tokens = {7}, .position = 40, .blocks = {0, 1, 2}, .wanted_logits = 1}}};
  for (int round = 0; round < 3; ++round) {
    const std::size_t before = allocations.load();
    const bool prompt_done = decoder->forward(prompt, cache).has_value();
    step.spans[0].position = 40;
    for (int i = 0; i < 5; ++i, ++step.spans[0].position) {
      ASSERT_TRUE(prompt_done && decoder->forward(step, cache).has_value());
    }
    if (round == 0) {
      EXPECT_GT(allocations.load(), before);  // what is counted here is what the decoder does
    } else {
      EXPECT_EQ(allocations.load(), before);
    }
  }
}

SamplerSettings settings_of(float temperature, std::uint32_t top_k, float top_p) {
  return {.temperature = temperature,
          .top_k = top_k,
          .top_p = top_p,
          .seed = 5,
          .logit_bias = {},
          .logprobs = {}};
}

// Tokens of a sequence and its block table double when they are full; the steps that are counted
// lie between.
TEST_P(Allocations, AreNotMadeByTurnsOfTheEngine) {
  ThreadPool pool(2);
  const auto decoder = open(GetParam(), pool);
  Engine engine(*decoder, cache_of(*decoder), {});
  std::vector<std::unique_ptr<Ticket>> tickets;
  for (const SamplerSettings& settings : {settings_of(0, 0, 1), settings_of(1, 5, 0.9f),
                                          settings_of(1, 0, 1), settings_of(1, 0, 0.9f)}) {
    Submission submission{
        .prompt = std::vector<Token>(34, 3), .sampling = settings, .stop = {}, .speller = nullptr};
    submission.stop.max_tokens = 28;
    auto ticket = engine.submit(std::move(submission), {.on_delta = {}, .on_end = [](auto) {}});
    ASSERT_TRUE(ticket.has_value()) << ticket.error().message;
    tickets.push_back(std::move(*ticket));
  }
  for (int turn = 0; turn < 12; ++turn) ASSERT_TRUE(engine.turn());
  ASSERT_EQ(engine.scheduler().running(), 4u);
  const std::size_t before = allocations.load();
  for (int turn = 0; turn < 12; ++turn) ASSERT_TRUE(engine.turn());
  EXPECT_EQ(allocations.load(), before);
  EXPECT_EQ(engine.scheduler().running(), 4u);
}

INSTANTIATE_TEST_SUITE_P(OfModels, Allocations,
                         ::testing::Values("qwen3-tiny", "qwen3-moe-tiny", "llama-biased"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace freehold::engine
#endif
