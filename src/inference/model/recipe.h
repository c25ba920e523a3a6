// What a decoder is, as plain data: comparable, printable, re-read from the file's own keys.
// Every field is used by at least one listed architecture and flipped by a test.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace freehold::model {

struct Norm {
  float epsilon = 1e-5f;
  bool operator==(const Norm&) const = default;
};

enum class RopeLayout { half, adjacent };  // NeoX halves; pairs of neighbours
enum class RopeScalingKind { none, linear, dynamic_ntk, yarn, llama3 };

struct RopeScaling {
  RopeScalingKind kind = RopeScalingKind::none;
  float factor = 1;
  std::uint32_t original_context = 0;
  float low_frequency_factor = 1;   // llama3
  float high_frequency_factor = 4;  // llama3
  float beta_fast = 32;             // yarn
  float beta_slow = 1;              // yarn
  bool truncate = true;             // yarn: the ramp starts and ends at whole dimensions
  float attention_factor = 1;       // yarn: cosines and sines are multiplied by it
  bool operator==(const RopeScaling&) const = default;
};

struct Rope {
  float theta = 10000;
  std::uint32_t dimensions = 0;  // rotated elements of a head
  RopeLayout layout = RopeLayout::half;
  RopeScaling scaling;
  bool operator==(const Rope&) const = default;
};

struct Attention {
  std::uint32_t heads = 0;
  std::uint32_t kv_heads = 0;
  std::uint32_t head_dim = 0;
  bool query_key_value_bias = false;
  bool output_bias = false;
  bool qk_norm_per_head = false;
  Rope rope;
  bool operator==(const Attention&) const = default;
};

struct Experts {
  std::uint32_t count = 0;  // 0: dense
  std::uint32_t active = 0;
  std::uint32_t hidden = 0;
  bool renormalize = true;  // the chosen experts' weights sum to one
  bool operator==(const Experts&) const = default;
};

struct Feedforward {
  std::uint32_t hidden = 0;
  bool bias = false;
  Experts experts;
  bool operator==(const Feedforward&) const = default;
};

struct LayerKind {
  std::uint32_t sliding_window = 0;  // positions a token sees, itself included; 0: all
  bool experts = false;              // feed-forward through experts
  bool operator==(const LayerKind&) const = default;
};

struct Head {
  bool tied = false;  // logits through the embedding matrix
  bool operator==(const Head&) const = default;
};

struct Recipe {
  std::string architecture;  // the listed name
  std::uint32_t layers = 0;
  std::uint32_t width = 0;
  std::uint32_t vocabulary = 0;
  std::uint32_t context_length = 0;  // positions it was trained for
  Norm norm;
  Attention attention;
  Feedforward feedforward;
  std::vector<LayerKind> pattern;  // repeats over the layers: kind of layer i is pattern[i % size]
  Head head;

  const LayerKind& kind(std::uint32_t layer) const { return pattern[layer % pattern.size()]; }
  bool operator==(const Recipe&) const = default;
};

}  // namespace freehold::model
