// What other threads may do to an engine while it runs. Meant for ThreadSanitizer (`--preset
// tsan`).
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "engine/engine.h"
#include "engine/fake_decoder.h"

namespace freehold::engine {
namespace {

constexpr std::uint32_t vocabulary = 31;

Submission submission(std::vector<Token> prompt, std::uint32_t max_tokens) {
  Submission result{.prompt = std::move(prompt),
                    .sampling = {.temperature = 0, .logit_bias = {}, .logprobs = 0},
                    .stop = {},
                    .speller = {}};
  result.stop.max_tokens = max_tokens;
  return result;
}

// What a listener hears, for whoever waits for it.
class Ear {
 public:
  Listener listener() {
    return {.on_delta =
                [this](Delta delta) {
                  std::lock_guard lock(mutex_);
                  for (const TokenInfo& info : delta.tokens) tokens_.push_back(info.token);
                  changed_.notify_all();
                },
            .on_end =
                [this](Result<Outcome> outcome) {
                  std::lock_guard lock(mutex_);
                  ++ends_;
                  if (outcome) finish_ = outcome->finish;
                  changed_.notify_all();
                }};
  }
  void wait_for_tokens(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return tokens_.size() >= count; });
  }
  std::vector<Token> wait_for_end() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ends_ > 0; });
    return tokens_;
  }
  int ends() {
    std::lock_guard lock(mutex_);
    return ends_;
  }
  std::optional<FinishReason> finish() {
    std::lock_guard lock(mutex_);
    return finish_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Token> tokens_;
  int ends_ = 0;
  std::optional<FinishReason> finish_;
};

struct Running {
  explicit Running(EngineOptions options = {})
      : engine(decoder, fake_cache(decoder.recipe(), 64), options) {
    engine.start();
  }
  std::unique_ptr<Ticket> submit(Submission request, Listener listener) {
    auto ticket = engine.submit(std::move(request), std::move(listener));
    EXPECT_TRUE(ticket.has_value());
    return ticket ? std::move(*ticket) : nullptr;
  }
  FakeDecoder decoder{vocabulary};
  Engine engine;
};

TEST(EngineThreads, GiveManyCallersWhatEachGetsAlone) {
  std::vector<std::vector<Token>> alone;
  for (Token i = 0; i < 8; ++i) {
    Running running;
    Ear ear;
    const auto ticket = running.submit(submission({i, 3, i}, 60), ear.listener());
    alone.push_back(ear.wait_for_end());
  }
  Running running;
  std::vector<std::thread> callers;
  for (Token i = 0; i < 8; ++i) {
    callers.emplace_back([&, i] {
      for (int round = 0; round < 10; ++round) {
        Ear ear;
        const auto ticket = running.submit(submission({i, 3, i}, 60), ear.listener());
        EXPECT_EQ(ear.wait_for_end(), alone[static_cast<std::size_t>(i)]);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
}

TEST(EngineThreads, CancelWhileItRuns) {
  Running running;
  Ear ear;
  const auto ticket = running.submit(submission({1}, 2000), ear.listener());
  ear.wait_for_tokens(3);
  ticket->cancel();
  ear.wait_for_end();
  EXPECT_EQ(ear.ends(), 1);
  EXPECT_EQ(ear.finish(), FinishReason::cancelled);
}

TEST(EngineThreads, DestroyTicketsAtAnyMomentWithoutACallAfterwards) {
  EngineOptions options;
  options.scheduler.running = 4;
  Running running(options);
  std::vector<std::thread> callers;
  for (std::uint64_t caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&, caller] {
      Random random(caller);
      for (int round = 0; round < 300; ++round) {
        // Freed as soon as the ticket is gone: a late call would touch it.
        auto calls = std::make_unique<int>(0);
        Listener listener{.on_delta = [&counted = *calls](Delta) { ++counted; },
                          .on_end = [&counted = *calls](Result<Outcome>) { ++counted; }};
        auto ticket =
            running.submit(submission({static_cast<Token>(caller)}, 20), std::move(listener));
        const std::uint64_t delay = random.below(4);
        if (delay > 0) std::this_thread::sleep_for(std::chrono::microseconds(delay * 20));
        if (random.below(2) == 0) ticket->cancel();
        ticket.reset();
        calls.reset();
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
}

TEST(EngineThreads, WaitForACallUnderWayBeforeATicketIsGone) {
  Running running;
  std::atomic<bool> inside{false};
  std::atomic<bool> returned{false};
  Listener listener{.on_delta =
                        [&](Delta) {
                          inside = true;
                          std::this_thread::sleep_for(std::chrono::milliseconds(30));
                          returned = true;
                        },
                    .on_end = {}};
  auto ticket = running.submit(submission({1}, 1000), std::move(listener));
  while (!inside) std::this_thread::yield();
  ticket.reset();
  EXPECT_TRUE(returned);
}

TEST(EngineThreads, DestroyTicketsFromWithinListenersWhileOthersRun) {
  Running running;
  struct Session {
    std::mutex mutex;
    std::condition_variable gone;
    std::unique_ptr<Ticket> ticket;
    bool done = false;
  };
  for (int round = 0; round < 100; ++round) {
    Session session;
    {
      std::unique_lock lock(session.mutex);  // the listener must find the ticket in its place
      session.ticket =
          running.submit(submission({2}, 50), {.on_delta =
                                                   [&session](Delta) {
                                                     std::unique_lock guard(session.mutex);
                                                     session.ticket.reset();
                                                     session.done = true;
                                                     session.gone.notify_all();
                                                   },
                                               .on_end = [](Result<Outcome>) { ADD_FAILURE(); }});
      session.gone.wait(lock, [&] { return session.done; });
    }
  }
}

TEST(EngineThreads, StopWhileCallersAreBusyAndEveryRequestEndsOnce) {
  for (int round = 0; round < 20; ++round) {
    auto running = std::make_unique<Running>();
    std::vector<Ear> ears(6);
    std::vector<std::unique_ptr<Ticket>> tickets;
    for (Ear& ear : ears) {
      tickets.push_back(running->submit(submission({5}, 1500), ear.listener()));
    }
    std::thread late([&] {
      while (running->engine.submit(submission({6}, 1), {})) std::this_thread::yield();
    });
    ears[0].wait_for_tokens(1);
    running->engine.stop();
    late.join();
    for (Ear& ear : ears) EXPECT_EQ(ear.ends(), 1);
    running.reset();
    tickets.clear();  // may outlive the engine
  }
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

TEST(EngineThreads, SleepWhileThereIsNothingToDo) {
  Running running;
  Ear ear;
  const auto ticket = running.submit(submission({1}, 5), ear.listener());
  ear.wait_for_end();
  const double before = cpu_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_LT(cpu_seconds() - before, 0.05);
}

}  // namespace
}  // namespace freehold::engine
