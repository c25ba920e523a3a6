#include "base/thread_pool.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <thread>
#include <vector>

namespace freehold {
namespace {

TEST(ThreadPool, VisitsEveryItemExactlyOnce) {
  ThreadPool pool(3);
  for (const std::size_t count : {0, 1, 7, 100, 1001}) {
    std::vector<std::atomic<int>> visits(count);
    pool.parallel_for(count, 7, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) ++visits[i];
    });
    for (const auto& visit : visits) EXPECT_EQ(visit.load(), 1);
  }
}

TEST(ThreadPool, RunsEveryThreadOnceARegion) {
  ThreadPool pool(4);
  std::vector<int> runs(4, 0);
  for (int region = 0; region < 1000; ++region)
    pool.run([&](std::uint32_t thread) { ++runs[thread]; });
  EXPECT_EQ(runs, std::vector<int>(4, 1000));
}

TEST(ThreadPool, FinishesASharedRegionWithoutThreadsThatDoNotCome) {
  ThreadPool pool(4);
  std::atomic<int> pieces{0};
  for (int region = 0; region < 20000; ++region) {
    std::atomic<int> left{5};
    pool.share([&](std::uint32_t) {
      while (left.fetch_sub(1) > 0) ++pieces;
    });
  }
  EXPECT_EQ(pieces.load(), 5 * 20000);
}

// In a thread of its own, whose binding ends with it.
TEST(ThreadPool, KeepsPinnedThreadsOnOneProcessorEach) {
  std::thread([] {
    ThreadPool pool(2, Pinning::on);
    std::vector<int> processors(2, 0);
    pool.run([&](std::uint32_t thread) {
      cpu_set_t set;
      CPU_ZERO(&set);
      EXPECT_EQ(sched_getaffinity(0, sizeof set, &set), 0);
      processors[thread] = CPU_COUNT(&set);
    });
    EXPECT_EQ(processors, std::vector<int>(2, 1));
  }).join();
}

TEST(Barrier, LetsNoThreadPassBeforeTheLastArrives) {
  constexpr std::uint32_t threads = 3;
  ThreadPool pool(threads);
  Barrier barrier(threads);
  std::atomic<int> arrivals{0};
  std::atomic<int> early{0};
  pool.run([&](std::uint32_t) {
    for (int round = 1; round <= 200; ++round) {
      ++arrivals;
      barrier.wait();
      if (arrivals.load() < round * static_cast<int>(threads)) ++early;
      barrier.wait();
    }
  });
  EXPECT_EQ(early.load(), 0);
}

}  // namespace
}  // namespace freehold
