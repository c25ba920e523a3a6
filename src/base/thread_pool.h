// A fixed crew of threads for arithmetic. The caller is one of the crew. No queue, no futures.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

namespace freehold {

// Cores that this process may use, at least 1.
std::uint32_t machine_threads();

// Where all threads of a region wait for each other. Spins briefly, then sleeps, so that a busy
// neighbour on the machine does not turn waiting into a fight for its core.
class Barrier {
 public:
  explicit Barrier(std::uint32_t threads) : threads_(threads) {}
  void wait();

 private:
  const std::uint32_t threads_;
  std::atomic<std::uint32_t> arrived_{0};
  std::atomic<std::uint32_t> round_{0};
};

// Whether threads stay on one processor each, from the first that this process may use on: for
// machines with nothing else to do. Whoever calls share() is bound too, and stays so.
enum class Pinning { off, on };

class ThreadPool {
 public:
  // `threads` counts the caller; 0 takes as many as the machine has cores.
  explicit ThreadPool(std::uint32_t threads, Pinning pinning = Pinning::off);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  std::uint32_t threads() const { return threads_; }

  // Runs work(thread_index) on the caller and on every other thread that comes before the caller
  // has finished; returns when all that began are done. For work dealt out in pieces, which the
  // caller can do alone: a thread that the system keeps from running is not waited for. Not
  // reentrant: one region at a time, from one calling thread at a time.
  template <class Work>
  void share(Work&& work) {
    share_erased(
        [](void* context, std::uint32_t thread) {
          (*static_cast<std::remove_reference_t<Work>*>(context))(thread);
        },
        const_cast<void*>(static_cast<const void*>(std::addressof(work))));
  }

  // Runs work(thread_index) exactly once on every thread of the crew.
  template <class Work>
  void run(Work&& work) {
    std::atomic<std::uint32_t> missing{threads_ - 1};
    share([&](std::uint32_t thread) {
      work(thread);
      if (thread != 0) {
        if (missing.fetch_sub(1, std::memory_order_acq_rel) == 1) missing.notify_one();
      } else {
        wait_for_zero(missing);
      }
    });
  }

  // Calls work(begin, end) over pieces of [0, count) of at most `grain` items, each piece once.
  // Which thread takes which piece is not fixed; results must not depend on it.
  template <class Work>
  void parallel_for(std::size_t count, std::size_t grain, Work&& work) {
    if (count <= grain || threads_ == 1) {
      if (count > 0) work(std::size_t{0}, count);
      return;
    }
    std::atomic<std::size_t> next{0};
    share([&](std::uint32_t) {
      while (true) {
        const std::size_t begin = next.fetch_add(grain, std::memory_order_relaxed);
        if (begin >= count) return;
        work(begin, begin + grain < count ? begin + grain : count);
      }
    });
  }

 private:
  using Erased = void (*)(void* context, std::uint32_t thread);
  void share_erased(Erased work, void* context);
  void serve(std::uint32_t thread);
  void pin(std::uint32_t thread);
  static void wait_for_zero(std::atomic<std::uint32_t>& count);

  const std::uint32_t threads_;
  std::atomic<std::uint32_t> bell_{0};  // counts regions; a change wakes the crew
  std::atomic<std::uint64_t> gate_{0};  // (region's number, whether one may enter, how many are in)
  std::atomic<bool> stopping_{false};
  Erased work_ = nullptr;  // both change only while the gate is shut and nobody is in
  void* context_ = nullptr;
  std::vector<int> processors_;  // that threads are pinned to; empty: none is
  std::thread::id caller_;       // that was pinned last
  std::vector<std::thread> crew_;
};

}  // namespace freehold
