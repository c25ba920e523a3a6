#include "engine/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace freehold::engine {
namespace {

class SequenceTicket : public Ticket {
 public:
  SequenceTicket(std::shared_ptr<Subscription> subscription, std::uint32_t prompt_tokens)
      : subscription_(std::move(subscription)), prompt_tokens_(prompt_tokens) {}
  ~SequenceTicket() override { subscription_->close(); }
  std::uint32_t prompt_tokens() const override { return prompt_tokens_; }
  void cancel() override { subscription_->cancel(); }

 private:
  std::shared_ptr<Subscription> subscription_;
  const std::uint32_t prompt_tokens_;
};

EngineOptions bounded(EngineOptions options, const model::KvCache& cache) {
  const std::uint64_t positions = std::uint64_t{cache.blocks()} * model::KvCache::block_positions;
  if (options.context_length == 0 || options.context_length > positions) {
    options.context_length =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(positions, UINT32_MAX));
  }
  return options;
}

Result<void> check_prompt(const Submission& submission, std::uint32_t context_length,
                          std::size_t vocabulary) {
  if (submission.prompt.empty()) return fail(ErrorCode::invalid, "the prompt has no tokens");
  const std::size_t room = submission.stop.max_tokens == 0 ? 0 : 1;
  if (submission.prompt.size() + room > context_length) {
    return fail(ErrorCode::invalid,
                fmt::format("the prompt has {} tokens, the context holds {} with the answer",
                            submission.prompt.size(), context_length),
                "shorten the prompt or raise the context length");
  }
  for (std::size_t i = 0; i < submission.prompt.size(); ++i) {
    const Token token = submission.prompt[i];
    if (token < 0 || static_cast<std::size_t>(token) >= vocabulary) {
      return fail(
          ErrorCode::invalid,
          fmt::format("token {} of the prompt is {}, the vocabulary has {}", i, token, vocabulary));
    }
  }
  return {};
}

}  // namespace

Engine::Engine(model::Decoder& decoder, model::KvCache cache, const EngineOptions& options,
               const Clock& clock)
    : decoder_(decoder),
      cache_(std::move(cache)),
      clock_(clock),
      options_(bounded(options, cache_)),
      scheduler_(options_.scheduler, cache_.blocks()) {
  status_.max_running = scheduler_.limits().running;
  status_.block_tokens = model::KvCache::block_positions;
  status_.blocks = cache_.blocks();
}

Engine::~Engine() {
  stop();
}

// One turn of the engine. Decide, compute, choose, tell.
Result<void> Engine::step() {
  const Turn& turn = scheduler_.plan();
  const model::Logits logits = TRY(compute(turn));
  scheduler_.settle(turn);
  std::size_t row = 0;
  for (std::size_t i = 0; i < turn.sequences.size(); ++i) {
    const std::size_t rows = turn.plan.spans[i].wanted_logits;
    turn.sequences[i]->advance(Rows(logits, row, rows), clock_.now());
    row += rows;
  }
  return {};
}

Result<model::Logits> Engine::compute(const Turn& turn) {
  const Duration now = clock_.now();
  std::size_t wanted = 0;
  std::size_t tokens = 0;
  for (const model::Span& span : turn.plan.spans) {
    wanted += span.wanted_logits;
    tokens += span.tokens.size();
  }
  for (Sequence* sequence : turn.sequences) {
    sequence->admitted(now);
    leave_queue(*sequence);
  }
  note_state();
  model::Logits logits = TRY(decoder_.forward(turn.plan, cache_));
  {
    const std::lock_guard lock(mutex_);
    status_.count_step(tokens);
  }
  CHECK(logits.rows() == wanted &&
        (wanted == 0 || logits.vocabulary == decoder_.recipe().vocabulary));
  return logits;
}

bool Engine::turn() {
  take_in();
  drop_cancelled();
  if (scheduler_.idle()) return false;
  if (auto stepped = step(); !stepped) end_all(fail(std::move(stepped).error()));
  finish_ended();
  return true;
}

Result<std::unique_ptr<Ticket>> Engine::submit(Submission submission, Listener listener) {
  TRY(check_prompt(submission, options_.context_length, decoder_.recipe().vocabulary));
  auto subscription = std::make_shared<Subscription>(std::move(listener));
  const auto prompt_tokens = static_cast<std::uint32_t>(submission.prompt.size());
  auto sequence = std::make_unique<Sequence>(std::move(submission), subscription,
                                             options_.context_length, clock_.now());
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return fail(ErrorCode::absent, "the engine is stopping");
    if (queued_ >= options_.queue) {
      return fail(ErrorCode::absent,
                  fmt::format("the queue is full: {} requests are waiting", options_.queue),
                  "try again later");
    }
    ++queued_;
    inbox_.push_back(std::move(sequence));
  }
  wake_.notify_one();
  return std::make_unique<SequenceTicket>(std::move(subscription), prompt_tokens);
}

void Engine::take_in() {
  std::vector<std::unique_ptr<Sequence>> arrived;
  {
    std::lock_guard lock(mutex_);
    arrived.swap(inbox_);
    status_.waiting += static_cast<std::uint32_t>(arrived.size());
  }
  for (std::unique_ptr<Sequence>& sequence : arrived) {
    scheduler_.add(*sequence);
    sequences_.push_back(std::move(sequence));
  }
}

void Engine::leave_queue(Sequence& sequence) {
  if (std::exchange(sequence.queued, false)) --queued_;
}

void Engine::drop_cancelled() {
  for (const auto& sequence : sequences_) {
    if (sequence->cancelled()) sequence->end(FinishReason::cancelled);
  }
  finish_ended();
}

// Everything about a sequence is put in order before its listener hears of the end: the listener
// may submit the next request at once.
void Engine::finish_ended() {
  std::vector<std::unique_ptr<Sequence>> finished;
  std::erase_if(sequences_, [&](std::unique_ptr<Sequence>& sequence) {
    if (!sequence->ending()) return false;
    finished.push_back(std::move(sequence));
    return true;
  });
  for (const auto& sequence : finished) {
    scheduler_.remove(*sequence);
    leave_queue(*sequence);
  }
  if (!finished.empty()) note_state();
  for (const auto& sequence : finished) sequence->finish();
}

void Engine::end_all(const Result<FinishReason>& ending) {
  for (const auto& sequence : sequences_) {
    if (!sequence->ending()) sequence->end(ending);
  }
  finish_ended();
}

void Engine::cancel_all() {
  take_in();
  end_all(FinishReason::cancelled);
}

void Engine::note_state() {
  const Blocks& blocks = scheduler_.blocks();
  const std::lock_guard lock(mutex_);
  status_.running = static_cast<std::uint32_t>(scheduler_.running());
  status_.waiting = static_cast<std::uint32_t>(scheduler_.waiting());
  status_.preemptions = scheduler_.preemptions();
  status_.held_blocks = blocks.count() - blocks.free();
}

GeneratorStatus Engine::status() const {
  const std::lock_guard lock(mutex_);
  GeneratorStatus status = status_;
  status.waiting += static_cast<std::uint32_t>(inbox_.size());
  return status;
}

void Engine::start() {
  CHECK(!thread_.joinable());
  thread_ = std::thread([this] { run(); });
}

void Engine::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  CHECK(thread_.get_id() != std::this_thread::get_id());
  if (thread_.joinable()) {
    thread_.join();
  } else {
    cancel_all();
  }
}

bool Engine::stopping() {
  std::lock_guard lock(mutex_);
  return stopping_;
}

void Engine::run() {
  while (!stopping()) {
    if (turn()) continue;
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return stopping_ || !inbox_.empty(); });
  }
  cancel_all();
}

}  // namespace freehold::engine
