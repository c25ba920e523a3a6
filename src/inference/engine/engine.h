// The heart: requests come in through a bounded queue, one thread takes turns over all of them.
// Tokens in, tokens and text out; templates and tokenizers are LocalGenerator's.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "engine/scheduler.h"
#include "engine/sequence.h"
#include "engine/subscription.h"
#include "freehold/generator.h"
#include "model/decoder.h"
#include "model/kv_cache.h"

namespace freehold::engine {

struct EngineOptions {
  std::uint32_t context_length =
      0;                     // of one sequence; 0 and more than the cache holds: what it holds
  std::size_t queue = 1024;  // requests that wait to be let in; more are refused
  SchedulerLimits scheduler;
};

class Engine {
 public:
  // The decoder and the clock must outlive the engine. Nothing runs before start().
  Engine(model::Decoder& decoder, model::KvCache cache, const EngineOptions& options,
         const Clock& clock = Clock::system());
  // As stop(). Not from within a listener.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Puts a request in the queue; from any thread, listeners included. `invalid` when it can never
  // be served (the message says the numbers), `absent` when the queue is full or the engine stops.
  Result<std::unique_ptr<Ticket>> submit(Submission submission, Listener listener);

  // Starts the engine's thread, which sleeps while there is nothing to do.
  void start();
  // Refuses what comes from now on, ends what is under way with `cancelled`, ends the thread.
  void stop();

  // One turn on the calling thread: takes in what was submitted, computes a step, tells. False when
  // there is nothing to do. For the engine's own thread, and for tests that take it by the hand.
  bool turn();

  // From any thread. Whoever has heard of a sequence's end finds it counted no more.
  GeneratorStatus status() const;

  std::uint32_t context_length() const { return options_.context_length; }
  const Scheduler& scheduler() const { return scheduler_; }  // for the thread that takes the turns

 private:
  Result<void> step();
  Result<model::Logits> compute(const Turn& turn);
  void take_in();
  void drop_cancelled();
  void finish_ended();
  void end_all(const Result<FinishReason>& ending);
  void cancel_all();
  void leave_queue(Sequence& sequence);
  void run();
  bool stopping();
  void note_state();

  model::Decoder& decoder_;
  model::KvCache cache_;
  const Clock& clock_;
  EngineOptions options_;
  Scheduler scheduler_;
  std::vector<std::unique_ptr<Sequence>> sequences_;  // all that the scheduler has

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::unique_ptr<Sequence>> inbox_;  // under the mutex
  bool stopping_ = false;                         // under the mutex
  GeneratorStatus status_;                        // under the mutex; without the inbox
  std::atomic<std::size_t> queued_{0};  // in the inbox or not yet let in; grows under the mutex
  std::thread thread_;
};

}  // namespace freehold::engine
