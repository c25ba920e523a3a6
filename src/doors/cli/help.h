// Help texts and the reference page, made from the verbs' own declarations.
#pragma once

#include <string>
#include <vector>

#include "base/options.h"
#include "freehold/result.h"

namespace freehold::cli {

// Options that every verb has.
struct CommonOptions {
  bool json = false;
  std::string config;
  std::string log_level;

  void declare(Options& options) {
    options.flag("json", json, "print one JSON document instead of text");
    options.add("config", &config, "FILE",
                "read options from this TOML file instead of the home's");
    options.add("log-level", &log_level, "LEVEL",
                "events to show: debug, info, warning, error, off");
  }
};

// `freehold help`, `freehold help VERB`, `freehold help --markdown`.
Result<std::string> help_for(const std::vector<std::string>& arguments);

}  // namespace freehold::cli
