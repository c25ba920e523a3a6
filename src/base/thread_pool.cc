#include "base/thread_pool.h"

#include <pthread.h>
#include <sched.h>

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

constexpr std::uint64_t open_bit = std::uint64_t{1} << 31;
constexpr std::uint64_t inside_mask = open_bit - 1;

std::uint64_t region_of(std::uint64_t gate) {
  return gate >> 32;
}

// Returns when `watched` no longer holds `old`.
template <class Number>
void wait_while(std::atomic<Number>& watched, Number old) {
  for (int spin = 0; spin < spins_before_sleep; ++spin) {
    if (watched.load(std::memory_order_acquire) != old) return;
    pause_briefly();
  }
  while (watched.load(std::memory_order_acquire) == old) watched.wait(old);
}

std::vector<int> usable_processors() {
  std::vector<int> processors;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return processors;
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(static_cast<unsigned>(i), &set)) processors.push_back(i);
  }
  return processors;
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

ThreadPool::ThreadPool(std::uint32_t threads, Pinning pinning)
    : threads_(threads == 0 ? machine_threads() : threads) {
  if (pinning == Pinning::on) processors_ = usable_processors();
  for (std::uint32_t i = 1; i < threads_; ++i) crew_.emplace_back([this, i] { serve(i); });
}

ThreadPool::~ThreadPool() {
  stopping_.store(true, std::memory_order_relaxed);
  bell_.fetch_add(1, std::memory_order_release);
  bell_.notify_all();
  for (std::thread& thread : crew_) thread.join();
}

// Of the calling thread. A processor that has gone since is no reason to stop.
void ThreadPool::pin(std::uint32_t thread) {
  if (processors_.empty()) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(processors_[thread % processors_.size()]), &set);
  static_cast<void>(pthread_setaffinity_np(pthread_self(), sizeof set, &set));
}

void ThreadPool::wait_for_zero(std::atomic<std::uint32_t>& count) {
  for (std::uint32_t left = count.load(std::memory_order_acquire); left != 0;
       left = count.load(std::memory_order_acquire)) {
    wait_while(count, left);
  }
}

void ThreadPool::share_erased(Erased work, void* context) {
  if (!processors_.empty() && caller_ != std::this_thread::get_id()) {
    caller_ = std::this_thread::get_id();
    pin(0);
  }
  const std::uint64_t before = gate_.load(std::memory_order_acquire);
  CHECK((before & (open_bit | inside_mask)) == 0);
  work_ = work;
  context_ = context;
  gate_.store(((region_of(before) + 1) << 32) | open_bit, std::memory_order_release);
  bell_.fetch_add(1, std::memory_order_release);
  bell_.notify_all();
  work(context, 0);
  std::uint64_t gate = gate_.fetch_and(~open_bit, std::memory_order_acq_rel) & ~open_bit;
  while ((gate & inside_mask) != 0) {
    wait_while(gate_, gate);
    gate = gate_.load(std::memory_order_acquire);
  }
}

void ThreadPool::serve(std::uint32_t thread) {
  pin(thread);
  std::uint32_t heard = 0;
  std::uint64_t entered = 0;  // the region this thread was in last: it enters each but once
  while (true) {
    wait_while(bell_, heard);
    heard = bell_.load(std::memory_order_acquire);
    if (stopping_.load(std::memory_order_relaxed)) return;
    std::uint64_t gate = gate_.load(std::memory_order_acquire);
    while ((gate & open_bit) != 0 && region_of(gate) != entered) {
      if (!gate_.compare_exchange_weak(gate, gate + 1, std::memory_order_acq_rel)) continue;
      entered = region_of(gate);
      work_(context_, thread);
      gate = gate_.fetch_sub(1, std::memory_order_acq_rel) - 1;
      if ((gate & (open_bit | inside_mask)) == 0) gate_.notify_all();
    }
  }
}

}  // namespace freehold
