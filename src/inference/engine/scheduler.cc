#include "engine/scheduler.h"

#include <algorithm>

namespace freehold::engine {
namespace {

// The part of `budget` for one of `sharers`, rounded up so that somebody always gets something.
std::uint32_t share(std::uint32_t budget, std::size_t sharers) {
  const auto count = static_cast<std::uint32_t>(sharers);
  return (budget + count - 1) / count;
}

// In the memory of an earlier turn's span, where there is one.
void append(Turn& turn, Sequence& sequence, std::uint32_t count) {
  const std::size_t index = turn.sequences.size();
  if (index == turn.plan.spans.size()) turn.plan.spans.emplace_back();
  model::Span& span = turn.plan.spans[index];
  const std::span<const Token> tokens = sequence.tokens().subspan(sequence.computed, count);
  const std::uint32_t blocks = Scheduler::blocks_for(sequence.computed + count);
  span.tokens.assign(tokens.begin(), tokens.end());
  span.position = sequence.computed;
  span.blocks.assign(sequence.blocks.begin(), sequence.blocks.begin() + blocks);
  span.wanted_logits = sequence.wanted_logits(count);
  span.prompt_tokens = sequence.prompt_tokens();
  turn.sequences.push_back(&sequence);
}

// A budget below the number of sequences would let short prompts pass a long one for ever.
SchedulerLimits workable(SchedulerLimits limits) {
  limits.running = std::max(limits.running, 1u);
  limits.prompt_tokens = std::max(limits.prompt_tokens, limits.running);
  limits.prompt_tokens_beside_answers =
      std::max(limits.prompt_tokens_beside_answers, limits.running);
  limits.echo_rows = std::max(limits.echo_rows, limits.running);
  return limits;
}

}  // namespace

Scheduler::Scheduler(const SchedulerLimits& limits, std::uint32_t blocks)
    : limits_(workable(limits)), blocks_(blocks) {}

void Scheduler::add(Sequence& sequence) {
  CHECK(blocks_for(sequence.size()) <= blocks_.count());
  waiting_.push_back(&sequence);
}

void Scheduler::remove(Sequence& sequence) {
  blocks_.give_back(sequence.blocks);
  std::erase(waiting_, &sequence);
  std::erase(running_, &sequence);
}

const Turn& Scheduler::plan() {
  make_room();
  admit();
  turn_.sequences.clear();
  share_out();
  turn_.plan.spans.resize(turn_.sequences.size());
  CHECK(idle() || !turn_.sequences.empty());
  return turn_;
}

void Scheduler::settle(const Turn& turn) {
  for (std::size_t i = 0; i < turn.sequences.size(); ++i) {
    turn.sequences[i]->computed += static_cast<std::uint32_t>(turn.plan.spans[i].tokens.size());
    remember(*turn.sequences[i]);
  }
}

// Blocks that have been filled are there for others.
void Scheduler::remember(Sequence& sequence) {
  constexpr std::size_t each = Prefixes::block_tokens;
  if (sequence.known_blocks == 0) sequence.known = empty_prefix(sequence.cache_salt());
  while ((sequence.known_blocks + 1) * each <= sequence.computed) {
    const auto tokens = sequence.tokens().subspan(sequence.known_blocks * each).first<each>();
    const std::uint32_t block = sequence.blocks[sequence.known_blocks];
    sequence.known = blocks_.remember(sequence.known, tokens, block);
    ++sequence.known_blocks;
  }
}

// Every running sequence gets the blocks for the tokens it has, the oldest first, if need be from
// the youngest.
void Scheduler::make_room() {
  for (std::size_t i = 0; i < running_.size(); ++i) {
    Sequence& sequence = *running_[i];
    while (!grow(sequence)) {
      Sequence& youngest = *running_.back();
      preempt(youngest);
      if (&youngest == &sequence) break;
    }
  }
}

bool Scheduler::grow(Sequence& sequence) {
  while (sequence.blocks.size() < blocks_for(sequence.size())) {
    const auto block = blocks_.take();
    if (!block) return false;
    sequence.blocks.push_back(*block);
  }
  return true;
}

void Scheduler::preempt(Sequence& sequence) {
  ++preemptions_;
  running_.pop_back();
  blocks_.give_back(sequence.blocks);
  sequence.computed = 0;
  sequence.known_blocks = 0;
  waiting_.push_front(&sequence);
}

// A sequence comes in with all blocks for the tokens it has, while every running one can still grow
// by a block: whoever comes in gets some way before blocks run out again.
void Scheduler::admit() {
  while (!waiting_.empty() && running_.size() < limits_.running) {
    Sequence& next = *waiting_.front();
    if (!admit(next)) return;
    waiting_.pop_front();
    running_.push_back(&next);
  }
}

bool Scheduler::admit(Sequence& sequence) {
  const std::vector<Prefixes::Known> known = known_beginning(sequence);
  // Of the known blocks those that somebody holds cost nothing; the others are counted as free.
  const auto held = static_cast<std::uint32_t>(std::ranges::count_if(
      known, [&](const Prefixes::Known& each) { return blocks_.holders(each.block) > 0; }));
  if (blocks_.free() < blocks_for(sequence.size()) - held + running_.size()) return false;
  for (const Prefixes::Known& each : known) {
    blocks_.hold(each.block);
    sequence.blocks.push_back(each.block);
    sequence.known = each.id;
  }
  sequence.known_blocks = static_cast<std::uint32_t>(known.size());
  sequence.computed = sequence.known_blocks * model::KvCache::block_positions;
  if (!sequence.cached_tokens) sequence.cached_tokens = sequence.computed;
  CHECK(grow(sequence));
  return true;
}

std::vector<Prefixes::Known> Scheduler::known_beginning(const Sequence& sequence) const {
  if (sequence.echoes()) return {};  // it wants logits of every token
  return blocks_.known(empty_prefix(sequence.cache_salt()),
                       sequence.tokens().first(sequence.size() - 1));
}

void Scheduler::share_out() {
  // The shortest first: what it leaves of its share goes to the longer ones.
  const auto shorter = [](const Sequence* a, const Sequence* b) {
    return a->pending() < b->pending();
  };
  std::vector<Sequence*> prompts;
  std::size_t echoing = 0;
  for (Sequence* sequence : running_) {
    if (sequence->pending() == 1) {
      append(turn_, *sequence, 1);
      continue;
    }
    prompts.insert(std::upper_bound(prompts.begin(), prompts.end(), sequence, shorter), sequence);
    if (sequence->echoes()) ++echoing;
  }
  std::uint32_t budget =
      turn_.sequences.empty() ? limits_.prompt_tokens : limits_.prompt_tokens_beside_answers;
  for (std::size_t i = 0; i < prompts.size() && budget > 0; ++i) {
    std::uint32_t count = std::min(prompts[i]->pending(), share(budget, prompts.size() - i));
    if (prompts[i]->echoes()) count = std::min(count, share(limits_.echo_rows, echoing));
    append(turn_, *prompts[i], count);
    budget -= count;
  }
}

}  // namespace freehold::engine
