// Ctrl-C and SIGTERM as a flag that long work looks at. A second signal ends the process at once.
#pragma once

#include <functional>

#include "freehold/result.h"

namespace freehold::cli {

class Interrupt {
 public:
  // Takes over both signals until destroyed; one at a time. `on_signal`, when given, is called from
  // a thread of its own at each signal, and a second signal does not end the process. `on_hangup`,
  // when given beside it, is called from that thread at SIGHUP, which is no interrupt.
  explicit Interrupt(std::function<void()> on_signal = {}, std::function<void()> on_hangup = {});
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  static bool seen();
  static void forget();
  static Error error() { return {ErrorCode::interrupted, "interrupted"}; }
};

}  // namespace freehold::cli
