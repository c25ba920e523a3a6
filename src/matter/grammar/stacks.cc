#include "grammar/stacks.h"

#include <algorithm>
#include <utility>

namespace freehold::grammar {
namespace {

// Of a grammar that is at more places than this at once, some are given up. What is left is still
// the grammar's.
constexpr std::size_t most_stacks = 4096;
constexpr std::size_t most_work = 200'000;
constexpr std::size_t many_frames = 100'000;

}  // namespace

std::uint64_t Leaf::key(Position at, std::uint32_t longest) const {
  if (!counts_) return static_cast<std::uint32_t>(at.state);
  const std::uint64_t wanted = std::min(min_ - std::min(at.count, min_), longest);
  const std::uint64_t room = max_ == unlimited ? longest : std::min(max_ - at.count, longest);
  return static_cast<std::uint32_t>(at.state) | wanted << 32 | room << 48;
}

std::size_t Stacks::Hash::operator()(const Frame& frame) const {
  std::uint64_t hash = frame.value * 0x9e3779b97f4a7c15u;
  hash ^= (std::uint64_t{frame.node} << 32 | frame.below) * 0xc2b2ae3d27d4eb4fu;
  return hash ^ hash >> 29;
}

Stacks::Stacks(const Program& program) : program_(program) {
  frames_.push_back({});
}

StackId Stacks::push(const Frame& frame) {
  const auto [at, fresh] = known_.try_emplace(frame, static_cast<StackId>(frames_.size()));
  if (fresh) frames_.push_back(frame);
  return at->second;
}

void Stacks::take(StackId stack) {
  if (result_.size() < most_stacks && taken_.insert(stack).second) result_.push_back(stack);
}

std::vector<StackId> Stacks::begin() {
  enter(program_.root(), finished);
  work_ = 0;
  taken_.clear();
  fresh_.clear();
  entered_.clear();
  return std::exchange(result_, {});
}

std::vector<StackId> Stacks::step(const std::vector<StackId>& set, std::uint8_t byte) {
  for (const StackId stack : set) {
    if (stack == finished) continue;
    Frame frame = frames_[stack];
    const Leaf leaf(program_, program_[frame.node]);
    Position at = Position::unpack(frame.value);
    if (!leaf.step(at, byte)) continue;
    frame.value = at.packed();
    if (!leaf.ends(at)) take(push(frame));
    if (leaf.accepts(at)) leave(frame.below);
  }
  work_ = 0;
  taken_.clear();
  fresh_.clear();
  entered_.clear();
  return std::exchange(result_, {});
}

std::vector<StackId> Stacks::after(StackId stack) {
  leave(frames_[stack].below);
  work_ = 0;
  taken_.clear();
  fresh_.clear();
  entered_.clear();
  return std::exchange(result_, {});
}

void Stacks::enter(NodeId id, StackId below) {
  if (++work_ > most_work || !entered_.insert(std::uint64_t{id} << 32 | below).second) return;
  const Node& node = program_[id];
  switch (node.kind) {
    case NodeKind::dfa:
    case NodeKind::text: {
      const Leaf leaf(program_, node);
      if (!leaf.ends({})) take(push({.node = id, .below = below}));
      if (leaf.accepts({})) leave(below);
      return;
    }
    case NodeKind::sequence:
      if (node.children.empty()) return leave(below);
      return enter(node.children[0], push({.node = id, .below = below, .value = 1}));
    case NodeKind::choice:
      for (const NodeId child : node.children) enter(child, below);
      return;
    case NodeKind::repeat:
      return enter_repeat(id, below, 0);
    case NodeKind::members:
      return enter_members(id, below, 0, false);
    default:
      CHECK(false);
  }
}

// `count` children are done.
void Stacks::enter_repeat(NodeId id, StackId below, std::uint64_t count) {
  const Node& node = program_[id];
  if (count >= node.min) leave(below);
  if (node.children.empty() || count >= node.max) return;
  // Beyond the least number only the greatest needs counting.
  const std::uint64_t next =
      node.max == unlimited ? std::min<std::uint64_t>(count + 1, node.min) : count + 1;
  const StackId frame = push({.node = id, .below = below, .value = next});
  if (!fresh_.insert(frame).second) return;
  enter(node.children[0], frame);
}

// The members before `next` are done or left out; `later`: at least one was there.
void Stacks::enter_members(NodeId id, StackId below, std::uint64_t next, bool later) {
  const Node& node = program_[id];
  for (std::uint64_t i = next; i < node.required.size(); ++i) {
    enter(node.children[2 * i + (later ? 1 : 0)],
          push({.node = id, .below = below, .value = i + 1}));
    if (node.required[i]) return;
  }
  leave(below);
}

// What stood above the frame is done.
void Stacks::leave(StackId stack) {
  if (stack == finished) return take(finished);
  if (++work_ > most_work) return;
  const Frame frame = frames_[stack];
  const Node& node = program_[frame.node];
  switch (node.kind) {
    case NodeKind::sequence: {
      if (frame.value >= node.children.size()) return leave(frame.below);
      const bool last = frame.value + 1 == node.children.size();
      Frame next = frame;
      ++next.value;
      return enter(node.children[frame.value], last ? frame.below : push(next));
    }
    case NodeKind::repeat:
      // A round without a byte leads nowhere new, except that it counts as many as are wanted.
      if (fresh_.contains(stack)) return leave(frame.below);
      return enter_repeat(frame.node, frame.below, frame.value);
    case NodeKind::members:
      return enter_members(frame.node, frame.below, frame.value, true);
    default:
      CHECK(false);
  }
}

void Stacks::tidy(std::vector<StackId>& set) {
  if (frames_.size() < many_frames) return;
  std::vector<StackId> renamed(frames_.size(), finished);
  for (StackId stack : set) {
    for (; stack != finished && renamed[stack] == finished; stack = frames_[stack].below) {
      renamed[stack] = 1;
    }
  }
  std::vector<Frame> kept(1);
  known_.clear();
  for (StackId id = 1; id < frames_.size(); ++id) {  // what is below has the lower id
    if (renamed[id] == finished) continue;
    Frame frame = frames_[id];
    frame.below = renamed[frame.below];
    renamed[id] = static_cast<StackId>(kept.size());
    known_.emplace(frame, renamed[id]);
    kept.push_back(frame);
  }
  frames_ = std::move(kept);
  for (StackId& stack : set) stack = renamed[stack];
}

}  // namespace freehold::grammar
