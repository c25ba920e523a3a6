// Tuning as it is kept between runs: one small file for each kind of machine that shares a home, in
// a folder. Never an error: what cannot be read, or was measured by another program or elsewhere,
// is measured again, and what cannot be written is measured each time.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "engine/tuning.h"
#include "freehold/value.h"

namespace freehold::engine {

// What a measurement holds for: processor, number of processors, the tables and the very program
// file (a rebuilt one is checked and measured again).
std::string tuning_identity();

// Where this machine's tuning is kept.
std::filesystem::path tuning_path(const std::filesystem::path& folder, const std::string& identity);

struct TuningRequest {
  std::filesystem::path folder;
  std::string identity = tuning_identity();
  bool again = false;  // measure, whatever is kept
  std::function<Tuning()> measure = [] { return measure_tuning(kernels::available_kernels()); };
  std::int64_t now_unix_s = 0;  // 0: by the system's clock
};

struct KeptTuning {
  Tuning tuning;
  bool measured_now = false;
};

// What is kept, else what is measured now, which is then kept. What was measured while others kept
// the machine busy is used for ten minutes only.
KeptTuning tuning_for(const TuningRequest& request);

Value tuning_value(const Tuning& tuning);

// Nothing for what is no tuning, names a table that is not available, or more threads than there
// are.
std::optional<Tuning> read_tuning(const Value& value);

// Fixes the table that kernels() gives, before anything is computed, and says how many threads to
// take when a caller asks for `threads`; 0 leaves the number to the measurement.
std::uint32_t settle(const Tuning& tuning, std::uint32_t threads);

}  // namespace freehold::engine
