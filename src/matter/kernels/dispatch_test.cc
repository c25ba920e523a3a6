#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

#include "kernels/kernels.h"

namespace freehold::kernels {
namespace {

// Each choice is made once in a process, so each is tried in a process of its own.
int exit_code_of_choosing(const char* forced, const char* expected) {
  setenv("FREEHOLD_KERNELS", forced, 1);
  return std::strcmp(kernels().name, expected) == 0 ? 0 : 1;
}

TEST(Dispatch, OffersTheScalarTableLastAndNoTableTwice) {
  const auto tables = available_kernels();
  ASSERT_FALSE(tables.empty());
  EXPECT_STREQ(tables.back()->name, "scalar");
  for (const Kernels* table : tables) EXPECT_EQ(std::ranges::count(tables, table), 1);
}

TEST(Dispatch, OffersAvx2WhereTheProcessorHasIt) {
  if (!__builtin_cpu_supports("avx2")) GTEST_SKIP() << "this machine has no AVX2";
  EXPECT_STREQ(available_kernels().front()->name, "avx2");
}

TEST(Dispatch, TakesTheBestTableUnlessTheEnvironmentForcesOne) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const char* best = available_kernels().front()->name;
  EXPECT_EXIT(std::_Exit(exit_code_of_choosing("", best)), testing::ExitedWithCode(0), "");
  for (const Kernels* table : available_kernels()) {
    EXPECT_EXIT(std::_Exit(exit_code_of_choosing(table->name, table->name)),
                testing::ExitedWithCode(0), "");
  }
}

TEST(Dispatch, EndsTheProcessWithTheListOfPossibleTablesWhenTheForcedOneIsUnknown) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(exit_code_of_choosing("avx9000", ""), testing::ExitedWithCode(3),
              "FREEHOLD_KERNELS=avx9000.*possible: .*scalar");
}

}  // namespace
}  // namespace freehold::kernels
