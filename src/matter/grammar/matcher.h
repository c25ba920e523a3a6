// One answer against its grammar: which tokens may come next, and where the answer is after one.
// Not safe to use from several threads at once; MaskCache is shared by matchers of one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "grammar/grammar.h"
#include "grammar/stacks.h"
#include "grammar/vocabulary.h"

namespace freehold::grammar {

// What a leaf of the grammar makes of the whole vocabulary, whatever surrounds it.
struct LeafMask {
  std::vector<std::uint64_t> inside;  // tokens that stay in the leaf or end with it
  std::vector<std::uint32_t> exits;   // twigs at which the leaf may be done
};

// Masks that took long to compute, of one grammar and one vocabulary.
class MaskCache {
 public:
  static constexpr std::size_t most_bytes = std::size_t{32} << 20;

  const LeafMask* find(std::uint64_t leaf, std::uint64_t key) const;
  const LeafMask& keep(std::uint64_t leaf, std::uint64_t key, LeafMask mask);

 private:
  struct Key {
    std::uint64_t leaf, key;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const {
      return (key.leaf * 0x9e3779b97f4a7c15u) ^ (key.key * 0xc2b2ae3d27d4eb4fu);
    }
  };
  std::unordered_map<Key, LeafMask, Hash> masks_;
  std::size_t bytes_ = 0;
};

class Matcher {
 public:
  Matcher(std::shared_ptr<const Grammar> grammar, std::shared_ptr<const Vocabulary> vocabulary,
          std::shared_ptr<MaskCache> cache);

  // One bit for each token, lowest first: those that keep the grammar alive, and the end tokens
  // where the answer may end. Good until the next call.
  std::span<const std::uint64_t> mask();
  // False when the token cannot come here; nothing has changed then. End tokens change nothing.
  bool accept(Token token);
  bool accept(std::string_view bytes);
  bool may_end() const;
  bool must_end() const;  // nothing can follow

 private:
  void walk(std::uint32_t twig, StackId stack);
  const LeafMask& scanned(StackId stack, LeafMask& scratch);
  void follow(const std::vector<std::uint32_t>& exits, StackId stack);

  std::shared_ptr<const Grammar> grammar_;
  std::shared_ptr<const Vocabulary> vocabulary_;
  std::shared_ptr<MaskCache> cache_;
  Stacks stacks_;
  std::vector<StackId> at_;
  std::vector<std::uint64_t> mask_;
  std::unordered_set<std::uint64_t> walked_;  // twig and stack, of the mask under way
};

}  // namespace freehold::grammar
