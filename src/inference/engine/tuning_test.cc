#include "engine/tuning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "base/json.h"
#include "base/thread_pool.h"
#include "engine/cores.h"
#include "engine/kernel_check.h"
#include "engine/tuning_file.h"

namespace freehold::engine {
namespace {

namespace fs = std::filesystem;
using kernels::Kernels;
using testing::ElementsAre;
using testing::HasSubstr;

const Kernels& reference() {
  return *kernels::available_kernels().back();
}

TEST(KernelCheck, FindsNothingWrongWithTheTablesOfThisMachine) {
  for (const Kernels* table : kernels::available_kernels()) {
    EXPECT_EQ(wrong_result(*table, reference()), std::nullopt) << table->name;
  }
}

// Each function of a table, made wrong alone, is found and named.
TEST(KernelCheck, NamesWhatATableComputesWrongly) {
  Kernels table = reference();
  table.multiply_panels = [](DType type, const std::byte* panels, std::size_t columns,
                             std::size_t rows, const std::byte* x, std::size_t step_stride,
                             std::size_t tokens, float* y, std::size_t y_stride) {
    reference().multiply_panels(type, panels, columns, rows, x, step_stride, tokens, y, y_stride);
    if (type == DType::q6_k && tokens > 4) y[(tokens - 1) * y_stride + rows - 1] *= 1.5f;
  };
  EXPECT_EQ(wrong_result(table, reference()), "panels of Q6_K");

  table = reference();
  table.matmul = [](DType, const std::byte*, std::size_t, std::size_t, std::size_t, const float*,
                    std::size_t, std::size_t, float*, std::size_t) {};
  EXPECT_EQ(wrong_result(table, reference()), "matmul of F32");

  table = reference();
  table.store_kv = [](KvType type, const float* x, std::byte* block, std::size_t position,
                      std::size_t head_dim) {
    reference().store_kv(type, x, block, type == KvType::int8 ? position / 2 : position, head_dim);
  };
  EXPECT_EQ(wrong_result(table, reference()), "attention over int8");

  table = reference();
  table.softmax = [](float* x, std::size_t) { x[0] = std::nanf(""); };
  EXPECT_EQ(wrong_result(table, reference()), "arithmetic on vectors");
}

TEST(Tuning, NeverChoosesATableThatComputesWrongly) {
  Kernels wrong = reference();
  wrong.name = "wrong";
  wrong.add = [](const float*, float*, std::size_t) {};
  const Kernels* const tables[] = {&wrong, &reference()};
  testing::internal::CaptureStderr();
  const Tuning tuning = measure_tuning(tables);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("kernels.refused kernels=wrong"));
  EXPECT_EQ(tuning.kernels, reference().name);
  EXPECT_EQ(tuning.tables[0].refused, "arithmetic on vectors");
}

TEST(Tuning, TakesTheTableThatIsFasterInBothRatesTogetherAndKeepsTheFirstWhenTheyAreClose) {
  const auto speed = [](const char* name, double many, double one) {
    return TableSpeed{.name = name, .refused = {}, .many_tokens_gops = many, .one_token_gb_s = one};
  };
  const TableSpeed scalar = speed("scalar", 0, 0);
  EXPECT_EQ(fastest(std::vector{speed("a", 100, 20), speed("b", 200, 20), scalar}).name, "b");
  EXPECT_EQ(fastest(std::vector{speed("a", 100, 20), speed("b", 102, 20), scalar}).name, "a");
  EXPECT_EQ(fastest(std::vector{speed("a", 200, 20), speed("b", 300, 5), scalar}).name, "a");
  TableSpeed refused = speed("a", 300, 30);
  refused.refused = "panels of Q8_0";
  EXPECT_EQ(fastest(std::vector{refused, scalar}).name, "scalar");
}

TEST(Tuning, TakesFewerThreadsOnlyWhereTheyAreClearlyFaster) {
  EXPECT_EQ(best_threads(std::vector<ThreadsSpeed>{{8, 30}, {7, 31}, {4, 30}}, 0), 8u);
  EXPECT_EQ(best_threads(std::vector<ThreadsSpeed>{{8, 20}, {7, 20.5}, {4, 22}}, 0), 4u);
  EXPECT_EQ(best_threads(std::vector<ThreadsSpeed>{{8, 20}, {7, 20.5}, {4, 22}}, 1), 8u);
  EXPECT_EQ(best_threads(std::vector<ThreadsSpeed>{{2, 10}, {1, 16}}, 1), 1u);
}

TEST(Tuning, TriesAllProcessorsOneLessAndEachCoreOnce) {
  EXPECT_THAT(thread_counts_to_try(16, 8), ElementsAre(16, 15, 8));
  EXPECT_THAT(thread_counts_to_try(8, 8), ElementsAre(8, 7));
  EXPECT_THAT(thread_counts_to_try(2, 1), ElementsAre(2, 1));
  EXPECT_THAT(thread_counts_to_try(1, 1), ElementsAre(1));
}

TEST(Cores, AreCountedOnceWhereProcessorsShareThem) {
  EXPECT_EQ(physical_cores("/nowhere"), machine_threads());
  EXPECT_LE(physical_cores(), machine_threads());
}

class TuningFileTest : public testing::Test {
 protected:
  ~TuningFileTest() override { fs::remove_all(folder); }

  static fs::path make_folder() {
    std::string pattern = (fs::temp_directory_path() / "tuning-XXXXXX").string();
    return ::mkdtemp(pattern.data());
  }
  // Measures nothing: gives one thread, and counts how often it was asked.
  TuningRequest request(std::int64_t now_unix_s = 1000) {
    return {.folder = folder / "tuning",
            .identity = "this machine",
            .again = false,
            .measure =
                [this, now_unix_s] {
                  ++measured;
                  return Tuning{.kernels = reference().name,
                                .threads = 1,
                                .tables = {{.name = reference().name, .refused = {}}},
                                .thread_counts = {{1, 12.5}},
                                .foreign_cpus = foreign_cpus,
                                .took_s = 0.5,
                                .measured_unix_s = now_unix_s};
                },
            .now_unix_s = now_unix_s};
  }
  fs::path file() { return tuning_path(folder / "tuning", "this machine"); }

  const fs::path folder = make_folder();
  int measured = 0;
  double foreign_cpus = 0;
};

TEST_F(TuningFileTest, IsMeasuredOnceAndKept) {
  EXPECT_TRUE(tuning_for(request()).measured_now);
  const KeptTuning kept = tuning_for(request(999'999));
  EXPECT_FALSE(kept.measured_now);
  EXPECT_EQ(measured, 1);
  EXPECT_EQ(kept.tuning.threads, 1u);
  EXPECT_EQ(kept.tuning.thread_counts[0].one_token_gb_s, 12.5);
  EXPECT_EQ(kept.tuning.tables[0].name, reference().name);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder / "tuning"), {}), 1);
}

TEST_F(TuningFileTest, IsMeasuredAgainWhenAsked) {
  tuning_for(request());
  TuningRequest again = request();
  again.again = true;
  EXPECT_TRUE(tuning_for(again).measured_now);
  EXPECT_EQ(measured, 2);
}

TEST_F(TuningFileTest, IsMeasuredAgainWhateverTheFileHoldsInstead) {
  tuning_for(request());
  const std::string good = *read_file(file(), 1 << 16);
  const auto with = [&](const char* key, Value value) {
    Value document = *parse_json(good);
    document.set(key, std::move(value));
    return to_json(document);
  };
  int expected = 1;
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[1]"), good.substr(0, good.size() / 2),
        std::string(1 << 20, ' '), std::string("\xff\x00\xfe", 3),
        with("machine", "another machine"), with("kernels", "avx9000"), with("kernels", 7),
        with("threads", 0), with("threads", -1), with("threads", 1e300),
        with("threads", machine_threads() + 1), with("threads", "2"),
        with("tables", List{Object{{"name", reference().name}, {"refused", "all"}}})}) {
    std::ofstream(file(), std::ios::binary | std::ios::trunc) << text;
    EXPECT_TRUE(tuning_for(request()).measured_now) << text.substr(0, 200);
    EXPECT_EQ(measured, ++expected);
    EXPECT_FALSE(tuning_for(request()).measured_now);  // and is whole again
  }
}

TEST_F(TuningFileTest, IsMeasuredEachTimeWhereItCannotBeKept) {
  std::ofstream(folder / "tuning") << "a file where the folder would be";
  EXPECT_TRUE(tuning_for(request()).measured_now);
  EXPECT_TRUE(tuning_for(request()).measured_now);
}

TEST_F(TuningFileTest, HoldsForTenMinutesWhenOthersKeptTheMachineBusy) {
  foreign_cpus = 1;
  tuning_for(request(1000));
  EXPECT_FALSE(tuning_for(request(1599)).measured_now);
  EXPECT_TRUE(tuning_for(request(1600)).measured_now);
  EXPECT_TRUE(tuning_for(request(1000)).measured_now);  // the calendar went back
}

TEST_F(TuningFileTest, OfAnotherMachineStaysBesideOurs) {
  TuningRequest other = request();
  other.identity = "another machine";
  tuning_for(request());
  tuning_for(other);
  EXPECT_EQ(measured, 2);
  EXPECT_FALSE(tuning_for(request()).measured_now);
  EXPECT_FALSE(tuning_for(other).measured_now);
}

TEST(TuningIdentity, NamesProcessorTablesAndProgram) {
  const std::string identity = tuning_identity();
  EXPECT_THAT(identity, HasSubstr(reference().name));
  EXPECT_THAT(identity, HasSubstr("processors"));
  EXPECT_EQ(identity, tuning_identity());
}

}  // namespace
}  // namespace freehold::engine
