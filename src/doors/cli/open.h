// From MODEL on the command line to something open: the path, or the local engine behind it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/options.h"
#include "cli/command.h"
#include "engine/local_generator.h"
#include "freehold/result.h"

namespace freehold::cli {

// Options of every verb that runs a model.
struct ModelOptions {
  std::string model;
  std::uint32_t threads = 0;
  std::uint32_t context = 0;
  std::string kv = "f16";

  void declare(Options& options);
};

// What --kv takes.
std::vector<std::string> kv_type_names();

// What the help of --threads says.
inline constexpr const char* threads_help =
    "threads for arithmetic; 0: all cores, unless fewer were measured to be faster";

// What the help of --model says.
inline constexpr const char* model_help =
    "a catalogue or store name, a GGUF file, or a directory with safetensors";

// What the help of --pin-threads says.
inline constexpr const char* pin_threads_help =
    "keep each thread on one core, for machines with nothing else to do";

// The model that is meant: `name`, else the one in the store that was pulled last; `absent` when
// there is none.
Result<std::string> model_or_default(const Context& context, const std::string& name);

// Fixes which kernels this process uses, as measured on this machine at the first start (the home
// keeps the result), and says how many threads to compute with where the caller asks for `threads`.
// Call it before anything is computed. Kernels that FREEHOLD_KERNELS forces are used unmeasured.
std::uint32_t tuned_threads(const Context& context, std::uint32_t threads);

// Where the home keeps what was measured.
std::filesystem::path tuning_folder(const Context& context);

Result<std::filesystem::path> find_model(const Context& context, const std::string& name);

Result<std::unique_ptr<engine::LocalGenerator>> open_generator(const Context& context,
                                                               const ModelOptions& options);

}  // namespace freehold::cli
