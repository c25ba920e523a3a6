// What connects a sequence in the engine with the listener of whoever asked. The engine's thread
// tells; any thread may cancel or close, the listener itself included.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "freehold/generator.h"

namespace freehold::engine {

class Subscription {
 public:
  explicit Subscription(Listener listener) : listener_(std::move(listener)) {}

  // For the engine's thread. Nothing happens once closed; nothing follows an end.
  void tell(Delta delta);
  void end(Result<Outcome> outcome);

  void cancel() { cancelled_ = true; }
  bool cancelled() const { return cancelled_; }

  // Cancels. When this returns the listener is gone: no call to it is under way, and none will
  // come. It waits for a call under way on another thread, so do not hold what the listener locks;
  // called from within the listener it returns at once, and that call is the last.
  void close();

 private:
  using ThreadId = decltype(std::this_thread::get_id());
  void call(const std::function<void(Listener&)>& call, bool last);

  std::mutex mutex_;
  std::condition_variable returned_;
  ThreadId caller_;  // the thread that is in the listener now, if one is
  bool open_ = true;
  Listener listener_;  // touched by caller_ while there is one, else under the mutex
  std::atomic<bool> cancelled_{false};
};

}  // namespace freehold::engine
