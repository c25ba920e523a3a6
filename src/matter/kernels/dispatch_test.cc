#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ostream>
#include <string>

#include "kernels/isa/tables.h"
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

}  // namespace

// In the names of tests, where an address would be another one each time.
inline void PrintTo(const Candidate& candidate, std::ostream* out) {
  *out << candidate.table->name;
}

namespace {

// One test for each table that the program was built with, so that the list of tests says by name
// which of them this machine could not try.
class InstructionSet : public testing::TestWithParam<Candidate> {};

TEST_P(InstructionSet, IsOfferedWhereTheProcessorHasIt) {
  const auto [table, runs] = GetParam();
  EXPECT_EQ(std::ranges::count(available_kernels(), table), runs() ? 1 : 0);
  if (!runs()) GTEST_SKIP() << "this machine cannot run " << table->name << ": nothing tested it";
}

INSTANTIATE_TEST_SUITE_P(Tables, InstructionSet, testing::ValuesIn(candidates()),
                         [](const auto& info) { return std::string(info.param.table->name); });

TEST(Dispatch, TakesTheFirstTableUnlessTheEnvironmentForcesOne) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const char* best = available_kernels().front()->name;
  EXPECT_EXIT(std::_Exit(exit_code_of_choosing("", best)), testing::ExitedWithCode(0), "");
  for (const Kernels* table : available_kernels()) {
    EXPECT_EXIT(std::_Exit(exit_code_of_choosing(table->name, table->name)),
                testing::ExitedWithCode(0), "");
  }
}

TEST(Dispatch, SettlesOnTheWantedTableOnceAndNeverAgainstTheEnvironment) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto settled = [](const char* forced, const Kernels& first, const Kernels& second) {
    setenv("FREEHOLD_KERNELS", forced, 1);
    const Kernels* chosen = &settle_kernels(first);
    const bool stays = &settle_kernels(second) == chosen && &kernels() == chosen;
    return stays ? chosen : nullptr;
  };
  const Kernels& best = *available_kernels().front();
  const Kernels& scalar = *available_kernels().back();
  EXPECT_EXIT(std::_Exit(settled("", scalar, best) == &scalar ? 0 : 1), testing::ExitedWithCode(0),
              "");
  EXPECT_EXIT(std::_Exit(settled(best.name, scalar, scalar) == &best ? 0 : 1),
              testing::ExitedWithCode(0), "");
}

TEST(Dispatch, EndsTheProcessWithTheListOfPossibleTablesWhenTheForcedOneIsUnknown) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(exit_code_of_choosing("avx9000", ""), testing::ExitedWithCode(3),
              "FREEHOLD_KERNELS=avx9000.*possible: .*scalar");
}

}  // namespace
}  // namespace freehold::kernels
