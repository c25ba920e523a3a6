// A `bench` document beside an earlier one: which rates fell, and whether the two can be compared
// at all. Decides nothing about noise; that is what the tolerance and medians are for.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "freehold/result.h"
#include "freehold/value.h"

namespace freehold::cli {

struct BenchComparison {
  enum class Decision {
    pass,           // no median is slower than before by more than the tolerance
    slower,         // one is
    not_comparable  // another kind of processor, or other settings: `reason` says which
  };
  struct Rate {
    std::string name;  // "prefill", "decode"
    double before = 0, now = 0;
    double ratio() const { return now / before; }
  };

  Decision decision = Decision::pass;
  std::string reason;  // empty when it passes
  std::vector<Rate> rates;
};

// An earlier `freehold bench --json`; `invalid` says what is wrong with it.
Result<Value> read_bench_document(const std::filesystem::path& path);

// Compares the rates that both documents have. tolerance_percent: 0 to 100.
BenchComparison compare_bench(const Value& before, const Value& now, double tolerance_percent);

Value comparison_json(const BenchComparison& comparison);
std::string comparison_text(const BenchComparison& comparison);
int exit_code(BenchComparison::Decision decision);  // as docs/reference/exit-codes.md says

}  // namespace freehold::cli
