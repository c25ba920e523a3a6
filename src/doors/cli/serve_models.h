// The models that `freehold serve` opens, and the options that say how.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"
#include "engine/local_generator.h"

namespace freehold::cli {

class ServeModels {
 public:
  void declare(Options& options);
  // Opens them all; they live as long as this.
  Result<std::vector<Generator*>> open(const Context& context);

 private:
  Result<std::uint64_t> cache_bytes_each(const Context& context) const;

  std::vector<std::string> names_;
  std::uint32_t threads_ = 0;
  bool pin_threads_ = false;
  std::uint32_t context_ = 0;
  std::uint32_t max_sequences_ = 16;
  std::string kv_ = "f16";
  std::vector<std::unique_ptr<engine::LocalGenerator>> opened_;
};

}  // namespace freehold::cli
