// The thread pool as the decoder uses it: every thread with scratch memory of its own, work dealt
// out in pieces. Results never depend on which thread takes which piece.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/thread_pool.h"

namespace freehold::model {

struct Scratch {
  std::vector<float> attention;  // AttentionParts::scratch_floats
  std::vector<float> columns;    // of one token, in the order of a matrix; grows at first use
};

class Workers {
 public:
  Workers(ThreadPool& pool, std::size_t attention_floats)
      : pool_(pool), scratch_(pool.threads(), Scratch{std::vector<float>(attention_floats), {}}) {}

  // Calls work(begin, end, scratch) over pieces of [0, count) of at most `grain` items.
  template <class Work>
  void split(std::size_t count, std::size_t grain, Work&& work) {
    if (count <= grain || scratch_.size() == 1) {
      if (count > 0) work(std::size_t{0}, count, scratch_[0]);
      return;
    }
    std::atomic<std::size_t> next{0};
    pool_.share([&](std::uint32_t thread) {
      while (true) {
        const std::size_t begin = next.fetch_add(grain, std::memory_order_relaxed);
        if (begin >= count) return;
        work(begin, std::min(begin + grain, count), scratch_[thread]);
      }
    });
  }

  std::size_t threads() const { return scratch_.size(); }

  // Memory for activations as the kernels' quantize() makes them, 64-byte aligned. Grows at first
  // use; what it held is lost with the next call.
  std::byte* quantized(std::size_t bytes) {
    constexpr std::size_t alignment = 64;
    if (quantized_.size() < bytes + alignment) quantized_.resize(bytes + alignment);
    const auto address = reinterpret_cast<std::uintptr_t>(quantized_.data());
    return quantized_.data() + (alignment - address % alignment) % alignment;
  }

 private:
  ThreadPool& pool_;
  std::vector<Scratch> scratch_;
  std::vector<std::byte> quantized_;
};

}  // namespace freehold::model
