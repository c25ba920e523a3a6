#include "base/thread_pool.h"

#include <algorithm>

#include "freehold/result.h"

namespace freehold {
namespace {

constexpr int spins_before_sleep = 4000;  // some 20 µs: longer than a barrier between two layers

inline void pause_briefly() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

// Returns when `watched` no longer holds `old`.
void wait_while(std::atomic<std::uint32_t>& watched, std::uint32_t old) {
  for (int spin = 0; spin < spins_before_sleep; ++spin) {
    if (watched.load(std::memory_order_acquire) != old) return;
    pause_briefly();
  }
  while (watched.load(std::memory_order_acquire) == old) watched.wait(old);
}

}  // namespace

std::uint32_t machine_threads() {
  return std::max(1u, std::thread::hardware_concurrency());
}

void Barrier::wait() {
  const std::uint32_t round = round_.load(std::memory_order_acquire);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads_) {
    arrived_.store(0, std::memory_order_relaxed);
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
    return;
  }
  wait_while(round_, round);
}

ThreadPool::ThreadPool(std::uint32_t threads)
    : threads_(threads == 0 ? machine_threads() : threads) {
  for (std::uint32_t i = 1; i < threads_; ++i) crew_.emplace_back([this, i] { serve(i); });
}

ThreadPool::~ThreadPool() {
  stopping_.store(true, std::memory_order_relaxed);
  region_.fetch_add(1, std::memory_order_release);
  region_.notify_all();
  for (std::thread& thread : crew_) thread.join();
}

void ThreadPool::run_erased(Erased work, void* context) {
  CHECK(running_.load(std::memory_order_acquire) == 0);
  work_ = work;
  context_ = context;
  running_.store(threads_ - 1, std::memory_order_relaxed);
  region_.fetch_add(1, std::memory_order_release);
  region_.notify_all();
  work(context, 0);
  for (std::uint32_t left = running_.load(std::memory_order_acquire); left != 0;
       left = running_.load(std::memory_order_acquire)) {
    wait_while(running_, left);
  }
}

void ThreadPool::serve(std::uint32_t thread) {
  std::uint32_t seen = 0;
  while (true) {
    wait_while(region_, seen);
    ++seen;
    if (stopping_.load(std::memory_order_relaxed)) return;
    work_(context_, thread);
    if (running_.fetch_sub(1, std::memory_order_acq_rel) == 1) running_.notify_all();
  }
}

}  // namespace freehold
