// How doctor shows what was measured to be fastest on this machine.
#pragma once

#include <filesystem>
#include <string>

#include "engine/tuning_file.h"
#include "freehold/value.h"

namespace freehold::cli {

struct TuningShown {
  engine::KeptTuning kept;
  std::filesystem::path file;  // where it is kept
};

Value tuning_json(const TuningShown& shown);
std::string tuning_text(const TuningShown& shown);

}  // namespace freehold::cli
