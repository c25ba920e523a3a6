#include "cli/bench_compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/json.h"

namespace freehold::cli {
namespace {

using Decision = BenchComparison::Decision;
using testing::HasSubstr;

Value document(double prefill, double decode) {
  return Object{
      {"weights_bytes", 1e9},
      {"threads", 2},
      {"kv", "f16"},
      {"machine", Object{{"cpu", "AMD EPYC"}, {"kind", "zen3"}}},
      {"prefill", Object{{"tokens", 512}, {"tokens_per_s", prefill}}},
      {"decode", Object{{"batch", 1}, {"depth", 0}, {"tokens", 64}, {"tokens_per_s", decode}}}};
}

Value with(Value whole, std::string_view key, Value value) {
  whole.set(key, std::move(value));
  return whole;
}

TEST(BenchCompare, PassesWithinTheTolerance) {
  const auto compared = compare_bench(document(100, 50), document(91, 60), 10);
  EXPECT_EQ(compared.decision, Decision::pass);
  EXPECT_EQ(compared.reason, "");
  ASSERT_EQ(compared.rates.size(), 2u);
  EXPECT_DOUBLE_EQ(compared.rates[0].ratio(), 0.91);
  EXPECT_DOUBLE_EQ(compared.rates[1].ratio(), 1.2);
  EXPECT_EQ(exit_code(compared.decision), 0);
}

TEST(BenchCompare, NamesEachRateThatFell) {
  const auto compared = compare_bench(document(100, 50), document(80, 40), 10);
  EXPECT_EQ(compared.decision, Decision::slower);
  EXPECT_THAT(compared.reason, HasSubstr("prefill fell by 20.0 %, from 100.0 to 80.0 tokens/s"));
  EXPECT_THAT(compared.reason, HasSubstr("decode fell by 20.0 %"));
  EXPECT_EQ(exit_code(compared.decision), 1);
  EXPECT_EQ(compare_bench(document(100, 50), document(80, 40), 25).decision, Decision::pass);
}

TEST(BenchCompare, RefusesAnotherKindOfProcessorButShowsTheRatios) {
  const Value machine = Object{{"cpu", "AMD EPYC"}, {"kind", "zen4"}};
  const auto compared =
      compare_bench(document(100, 50), with(document(50, 20), "machine", machine), 10);
  EXPECT_EQ(compared.decision, Decision::not_comparable);
  EXPECT_THAT(compared.reason, HasSubstr("machine.kind: \"zen3\" before, \"zen4\" now"));
  EXPECT_EQ(compared.rates.size(), 2u);
  EXPECT_EQ(exit_code(compared.decision), 2);
}

TEST(BenchCompare, GoesByTheNameWhenAnOldResultHasNoKind) {
  const auto old = with(document(100, 50), "machine", Object{{"cpu", "AMD EPYC"}});
  EXPECT_EQ(compare_bench(old, document(100, 50), 10).decision, Decision::pass);
  const auto other = with(document(100, 50), "machine", Object{{"cpu", "Something else"}});
  EXPECT_EQ(compare_bench(other, document(100, 50), 10).decision, Decision::not_comparable);
}

TEST(BenchCompare, RefusesOtherSettings) {
  const Value before = document(100, 50);
  const auto reason = [&](const Value& now) {
    const auto compared = compare_bench(before, now, 10);
    EXPECT_EQ(compared.decision, Decision::not_comparable);
    return compared.reason;
  };
  EXPECT_THAT(reason(with(document(1, 1), "threads", 1)), HasSubstr("threads: 2 before, 1 now"));
  EXPECT_THAT(reason(with(document(1, 1), "kv", "f32")), HasSubstr("kv: \"f16\" before"));
  EXPECT_THAT(reason(with(document(1, 1), "weights_bytes", 2e9)), HasSubstr("weights_bytes"));
  const Value longer = Object{{"tokens", 4096}, {"tokens_per_s", 1.0}};
  EXPECT_THAT(reason(with(document(1, 1), "prefill", longer)), HasSubstr("prefill.tokens: 512"));
}

TEST(BenchCompare, ComparesWhatBothHaveMeasured) {
  const auto only_decode = with(document(100, 50), "prefill", nullptr);
  const auto compared = compare_bench(only_decode, document(1, 50), 10);
  EXPECT_EQ(compared.decision, Decision::pass);
  ASSERT_EQ(compared.rates.size(), 1u);
  const auto only_prefill = with(document(100, 50), "decode", nullptr);
  EXPECT_EQ(compare_bench(only_decode, only_prefill, 10).decision, Decision::not_comparable);
}

TEST(BenchCompare, ReadsADocumentAsItWasPrinted) {
  const std::string path = testing::TempDir() + "/before.json";
  std::ofstream(path) << to_json(document(100, 50));
  const auto read = read_bench_document(path);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(compare_bench(*read, document(100, 50), 0).decision, Decision::pass);
}

TEST(BenchCompare, SaysWhatIsWrongWithAFile) {
  const std::string path = testing::TempDir() + "/wrong.json";
  const auto message = [&](const std::string& text) {
    std::ofstream(path) << text;
    const auto read = read_bench_document(path);
    EXPECT_FALSE(read.has_value()) << text;
    if (read.has_value()) return std::string();
    EXPECT_EQ(read.error().code, ErrorCode::invalid);
    return read.error().message;
  };
  EXPECT_THAT(message("{"), HasSubstr("wrong.json"));
  EXPECT_THAT(message("[]"), HasSubstr("machine.cpu is missing"));
  EXPECT_THAT(message(to_json(document(0, 50))), HasSubstr("prefill.tokens_per_s"));
  EXPECT_THAT(message(to_json(document(100, -1))), HasSubstr("decode.tokens_per_s"));
  EXPECT_FALSE(read_bench_document("/nowhere/before.json").has_value());
}

}  // namespace
}  // namespace freehold::cli
