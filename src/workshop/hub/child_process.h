// Another program run to its end, without a shell: arguments as they are, no standard input, output
// collected. It dies with us when we are interrupted.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "freehold/result.h"

namespace freehold::hub {

struct ChildCommand {
  std::vector<std::string> arguments;  // the first is the program, looked up in PATH
  std::vector<std::pair<std::string, std::string>> environment;  // in place of what we have
  Duration time_limit = std::chrono::hours(2);
};

struct ChildOutcome {
  int exit_code = 0;   // 128 + signal when a signal ended it
  std::string output;  // the last 64 KiB
  std::string errors;  // likewise
};

// `absent` when there is no such program or it took longer than its limit, `interrupted` when
// `cancelled` was set; then its whole process group is ended. `tick` is called a few times a
// second.
Result<ChildOutcome> run_child(const ChildCommand& command, const std::atomic<bool>* cancelled,
                               const std::function<void()>& tick = {});

}  // namespace freehold::hub
