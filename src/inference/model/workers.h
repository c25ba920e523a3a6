// The thread pool as the decoder uses it: every thread with scratch memory of its own, work dealt
// out in pieces. Results never depend on which thread takes which piece.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <vector>

#include "base/thread_pool.h"

namespace freehold::model {

// One thread's memory, in floats.
struct Scratch {
  std::vector<float> attention;  // AttentionParts::scratch_floats
  std::vector<float> row;        // of one token: its residual
  std::vector<float> tile;       // product_tile_floats: of a product that is used at once
  std::vector<float> columns;    // of one token, in the order of a matrix; grows at first use
};

class Workers {
 public:
  Workers(ThreadPool& pool, std::size_t attention_floats, std::size_t row_floats,
          std::size_t tile_floats)
      : pool_(pool),
        scratch_(pool.threads(), Scratch{std::vector<float>(attention_floats),
                                         std::vector<float>(row_floats),
                                         std::vector<float>(tile_floats),
                                         {}}) {}

  // Calls work(begin, end, scratch) over pieces of [0, count) of at most `grain` items: one
  // parallel region, unless there is but one piece, which the caller does at once.
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

 private:
  ThreadPool& pool_;
  std::vector<Scratch> scratch_;
};

}  // namespace freehold::model
