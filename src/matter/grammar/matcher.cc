#include "grammar/matcher.h"

#include <algorithm>
#include <array>
#include <utility>

namespace freehold::grammar {
namespace {

constexpr std::size_t worth_keeping = 500;  // twigs that were looked at
constexpr std::size_t most_walks = 200'000;

void allow(std::vector<std::uint64_t>& mask, Token token) {
  const auto index = static_cast<std::size_t>(token);
  mask[index / 64] |= std::uint64_t{1} << (index % 64);
}

}  // namespace

const LeafMask* MaskCache::find(std::uint64_t leaf, std::uint64_t key) const {
  const auto found = masks_.find({leaf, key});
  return found == masks_.end() ? nullptr : &found->second;
}

const LeafMask& MaskCache::keep(std::uint64_t leaf, std::uint64_t key, LeafMask mask) {
  const std::size_t bytes = mask.inside.size() * 8 + mask.exits.size() * 4;
  if (bytes_ + bytes > most_bytes) {
    masks_.clear();
    bytes_ = 0;
  }
  bytes_ += bytes;
  return masks_.insert_or_assign({leaf, key}, std::move(mask)).first->second;
}

Matcher::Matcher(std::shared_ptr<const Grammar> grammar,
                 std::shared_ptr<const Vocabulary> vocabulary, std::shared_ptr<MaskCache> cache)
    : grammar_(std::move(grammar)),
      vocabulary_(std::move(vocabulary)),
      cache_(std::move(cache)),
      stacks_(grammar_->program()),
      at_(stacks_.begin()),
      mask_((vocabulary_->size() + 63) / 64) {}

bool Matcher::may_end() const {
  return std::ranges::find(at_, finished) != at_.end();
}

bool Matcher::must_end() const {
  return at_.size() == 1 && at_.front() == finished;
}

bool Matcher::accept(Token token) {
  if (std::ranges::find(vocabulary_->end_tokens(), token) != vocabulary_->end_tokens().end()) {
    return may_end();
  }
  const std::string_view bytes = vocabulary_->bytes(token);
  return !bytes.empty() && accept(bytes);
}

bool Matcher::accept(std::string_view bytes) {
  std::vector<StackId> at = at_;
  for (const char byte : bytes) {
    at = stacks_.step(at, static_cast<std::uint8_t>(byte));
    if (at.empty()) return false;
  }
  at_ = std::move(at);
  stacks_.tidy(at_);
  return true;
}

std::span<const std::uint64_t> Matcher::mask() {
  std::ranges::fill(mask_, 0);
  walked_.clear();
  for (const StackId stack : at_) {
    if (stack != finished) walk(0, stack);
  }
  if (may_end()) {
    for (const Token token : vocabulary_->end_tokens()) allow(mask_, token);
  }
  return mask_;
}

// What of the vocabulary below `twig` can follow when the stack is where it is.
void Matcher::walk(std::uint32_t twig, StackId stack) {
  if (walked_.size() > most_walks) return;
  if (!walked_.insert(std::uint64_t{twig} << 32 | stack).second) return;
  if (twig == 0) {
    LeafMask scratch;
    const LeafMask& mask = scanned(stack, scratch);
    for (std::size_t i = 0; i < mask_.size(); ++i) mask_[i] |= mask.inside[i];
    return follow(mask.exits, stack);
  }
  const auto& twigs = vocabulary_->twigs();
  const std::uint32_t end = twigs[twig].end;
  if (twig + 1 == end) return;
  const Frame frame = stacks_[stack];
  const Leaf leaf(stacks_.program(), stacks_.program()[frame.node]);
  std::array<Position, Vocabulary::longest_token + 1> at;
  std::vector<std::uint32_t> exits;
  at[twigs[twig].depth] = Position::unpack(frame.value);
  for (std::uint32_t i = twig + 1; i < end;) {
    Position here = at[twigs[i].depth - 1];
    if (!leaf.step(here, twigs[i].byte)) {
      i = twigs[i].end;
      continue;
    }
    at[twigs[i].depth] = here;
    for (const Token token : vocabulary_->tokens_at(i)) allow(mask_, token);
    if (leaf.accepts(here)) exits.push_back(i);
    i = leaf.ends(here) ? twigs[i].end : i + 1;
  }
  follow(exits, stack);
}

const LeafMask& Matcher::scanned(StackId stack, LeafMask& scratch) {
  const Frame& frame = stacks_[stack];
  const Node& node = stacks_.program()[frame.node];
  const Leaf leaf(stacks_.program(), node);
  const Position from = Position::unpack(frame.value);
  // Automata are shared by nodes; texts differ in what they count.
  const std::uint64_t name =
      node.kind == NodeKind::dfa ? std::uint64_t{node.dfa} : std::uint64_t{frame.node} | 1ull << 32;
  const std::uint64_t key = leaf.key(from, vocabulary_->longest());
  if (const LeafMask* known = cache_->find(name, key)) return *known;
  scratch.inside.assign(mask_.size(), 0);
  std::array<Position, Vocabulary::longest_token + 1> at;
  at[0] = from;
  const auto& twigs = vocabulary_->twigs();
  std::size_t looked_at = 0;
  for (std::uint32_t i = 1; i < twigs.size(); ++looked_at) {
    Position here = at[twigs[i].depth - 1];
    if (!leaf.step(here, twigs[i].byte)) {
      i = twigs[i].end;
      continue;
    }
    at[twigs[i].depth] = here;
    for (const Token token : vocabulary_->tokens_at(i)) allow(scratch.inside, token);
    if (leaf.accepts(here) && i + 1 < twigs[i].end) scratch.exits.push_back(i);
    i = leaf.ends(here) ? twigs[i].end : i + 1;
  }
  if (looked_at < worth_keeping) return scratch;
  return cache_->keep(name, key, std::move(scratch));
}

// Beyond the ends of the leaf: what surrounds it goes on.
void Matcher::follow(const std::vector<std::uint32_t>& exits, StackId stack) {
  if (exits.empty()) return;
  const std::vector<std::uint32_t> from = exits;  // the cache may let go of them meanwhile
  for (const StackId next : stacks_.after(stack)) {
    if (next == finished) continue;
    for (const std::uint32_t exit : from) walk(exit, next);
  }
}

}  // namespace freehold::grammar
