// How fast this instruction set is at most: loops that do one thing and nothing else. For `bench`
// and `doctor`, which report speeds as shares of these.
#pragma once

namespace freehold::kernels {
namespace {

constexpr size_t probe_chains = 8;  // independent sums, more than the latency of an addition

// Reads memory in order; bytes beyond the last whole piece are left out.
inline void probe_read(const std::byte* data, size_t bytes) {
  constexpr size_t step = 4 * sizeof(Quads);
  Quads seen = load_quads(data);
  for (size_t i = 0; i + step <= bytes; i += step) {
    const std::byte* p = data + i;
    const Quads a = load_quads(p) ^ load_quads(p + sizeof(Quads));
    const Quads b = load_quads(p + 2 * sizeof(Quads)) ^ load_quads(p + 3 * sizeof(Quads));
    seen = seen ^ (a ^ b);
  }
  opaque(seen);
}

// Multiply-accumulates of bytes; returns the operations done, two for each product.
inline uint64_t probe_int8(size_t rounds) {
  uint8_t bytes[sizeof(Quads)];
  for (size_t i = 0; i < sizeof(bytes); ++i) bytes[i] = static_cast<uint8_t>(i);
  Quads a = load_quads(bytes);
  const Quads b = load_quads(bytes);
  Ints sums[probe_chains];
  for (Ints& sum : sums) sum = splat_int(0);
  for (size_t round = 0; round < rounds; ++round) {
    for (Ints& sum : sums) {
      opaque(a);
      sum = multiply_add_quads(a, b, sum);
    }
  }
  for (Ints& sum : sums) opaque(sum);
  return uint64_t{2} * sizeof(Quads) * probe_chains * rounds;
}

// Fused multiply-adds of floats; returns the operations done, two for each.
inline uint64_t probe_fp32(size_t rounds) {
  Floats a = splat(0.5f);
  const Floats b = splat(0.25f);
  Floats sums[probe_chains];
  for (Floats& sum : sums) sum = splat(0);
  for (size_t round = 0; round < rounds; ++round) {
    opaque(a);
    for (Floats& sum : sums) sum = multiply_add(a, b, sum);
  }
  for (Floats& sum : sums) opaque(sum);
  return uint64_t{2} * lanes * probe_chains * rounds;
}

}  // namespace
}  // namespace freehold::kernels
