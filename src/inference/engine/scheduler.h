// What the next forward pass computes, and for whom. Pure: no clock, no threads, no I/O, so that a
// seed replays it (tests/simulation).
//
// - First come, first served: nobody is admitted before who came earlier, and when blocks run out
//   the youngest gives its own back and starts over (preemption by recomputing).
// - Whoever begins with tokens that are in the cache takes those blocks over, whole blocks only, at
//   least one token being left to compute: its logits choose the next.
// - Every sequence that waits for its next token gets it in every turn; prompts share what is left
//   of the token budget evenly, so a long one delays neither the answers beside it nor the short
//   prompts behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "engine/blocks.h"
#include "engine/sequence.h"
#include "model/kv_cache.h"
#include "model/plan.h"

namespace freehold::engine {

struct SchedulerLimits {
  std::uint32_t running = 16;                       // sequences in the cache at once
  std::uint32_t prompt_tokens = 512;                // of all prompts in one turn
  std::uint32_t prompt_tokens_beside_answers = 64;  // the same when somebody waits for a next token
  std::uint32_t echo_rows =
      64;  // logits in one turn for prompts' log-probabilities, which are large
};

// One turn's work: the plan, and whose its spans are.
struct Turn {
  model::Plan plan;
  std::vector<Sequence*> sequences;  // of plan.spans, in the same order
};

class Scheduler {
 public:
  Scheduler(const SchedulerLimits& limits, std::uint32_t blocks);

  // Takes a place in the line.
  void add(Sequence& sequence);
  // Forgets a sequence, wherever it is, and takes its blocks back.
  void remove(Sequence& sequence);

  // Not empty unless idle(). The scheduler's memory: good until the next call.
  const Turn& plan();
  // The turn was computed.
  void settle(const Turn& turn);

  bool idle() const { return waiting_.empty() && running_.empty(); }
  std::size_t waiting() const { return waiting_.size(); }
  std::size_t running() const { return running_.size(); }
  std::uint64_t preemptions() const { return preemptions_; }  // so far
  const SchedulerLimits& limits() const { return limits_; }
  const Blocks& blocks() const { return blocks_; }

  static std::uint32_t blocks_for(std::uint32_t positions) {
    constexpr std::uint32_t block = model::KvCache::block_positions;
    return positions / block + (positions % block != 0 ? 1 : 0);
  }

 private:
  void make_room();
  void remember(Sequence& sequence);
  std::vector<Prefixes::Known> known_beginning(const Sequence& sequence) const;
  bool grow(Sequence& sequence);
  void preempt(Sequence& sequence);
  void admit();
  bool admit(Sequence& sequence);
  void share_out();

  const SchedulerLimits limits_;
  Blocks blocks_;
  std::uint64_t preemptions_ = 0;
  std::vector<Sequence*> running_;  // in the order of arrival, all before those who wait
  std::deque<Sequence*> waiting_;   // in the order of arrival
  Turn turn_;                       // the last one planned; its memory is used again
};

}  // namespace freehold::engine
