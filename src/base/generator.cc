#include "freehold/generator.h"

#include <algorithm>
#include <condition_variable>
#include <iterator>
#include <mutex>

namespace freehold {
namespace {

struct Waiting {
  std::mutex mutex;
  std::condition_variable changed;
  Completion completion;
  std::vector<Delta> fresh;
  std::optional<Result<Outcome>> end;
};

}  // namespace

void Completion::add(Delta delta) {
  text += delta.text;
  reasoning += delta.reasoning;
  std::ranges::move(delta.tokens, std::back_inserter(tokens));
  std::ranges::move(delta.tool_calls, std::back_inserter(tool_calls));
}

Result<Completion> Generator::complete(Request request,
                                       const std::function<bool(const Delta&)>& on_delta) {
  Waiting waiting;
  Listener listener{.on_delta =
                        [&](Delta delta) {
                          std::lock_guard lock(waiting.mutex);
                          waiting.fresh.push_back(std::move(delta));
                          waiting.changed.notify_one();
                        },
                    .on_end =
                        [&](Result<Outcome> outcome) {
                          std::lock_guard lock(waiting.mutex);
                          waiting.end = std::move(outcome);
                          waiting.changed.notify_one();
                        }};
  const std::unique_ptr<Ticket> ticket = TRY(start(std::move(request), std::move(listener)));
  std::unique_lock lock(waiting.mutex);
  while (true) {
    waiting.changed.wait(lock, [&] { return !waiting.fresh.empty() || waiting.end; });
    const std::vector<Delta> deltas = std::exchange(waiting.fresh, {});
    const bool ended = waiting.end.has_value();
    lock.unlock();
    for (const Delta& delta : deltas) {
      if (on_delta && !on_delta(delta)) ticket->cancel();
      waiting.completion.add(delta);
    }
    lock.lock();
    if (ended && waiting.fresh.empty()) break;
  }
  waiting.completion.outcome = TRY(std::move(*waiting.end));
  return std::move(waiting.completion);
}

}  // namespace freehold
