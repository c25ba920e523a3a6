#include "engine/subscription.h"

#include <utility>

namespace freehold::engine {

void Subscription::tell(Delta delta) {
  call(
      [&](Listener& listener) {
        if (listener.on_delta) listener.on_delta(std::move(delta));
      },
      false);
}

void Subscription::end(Result<Outcome> outcome) {
  call(
      [&](Listener& listener) {
        if (listener.on_end) listener.on_end(std::move(outcome));
      },
      true);
}

void Subscription::call(const std::function<void(Listener&)>& call, bool last) {
  std::unique_lock lock(mutex_);
  if (!open_) return;
  caller_ = std::this_thread::get_id();
  lock.unlock();
  call(listener_);
  lock.lock();
  if (last || !open_) {
    open_ = false;
    Listener spent = std::exchange(listener_, {});
    lock.unlock();
    spent = {};  // may destroy the ticket, which closes: caller_ is still set, so it won't wait
    lock.lock();
  }
  caller_ = {};
  returned_.notify_all();
}

void Subscription::close() {
  cancel();
  std::unique_lock lock(mutex_);
  open_ = false;
  if (caller_ == std::this_thread::get_id()) return;  // call() lets go of the listener
  returned_.wait(lock, [&] { return caller_ == ThreadId{}; });
  const Listener spent = std::exchange(listener_, {});
  lock.unlock();
}

}  // namespace freehold::engine
