#include "freehold/scripted_generator.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <limits>
#include <map>
#include <mutex>
#include <thread>

namespace freehold {
namespace {

std::size_t character_bytes(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  if (byte >= 0xf0) return 4;
  if (byte >= 0xe0) return 3;
  return byte >= 0xc0 ? 2 : 1;
}

// Words with the space before them. Characters of three bytes and more become two pieces each, so
// that tokens which are half a character occur, as they do in real vocabularies.
std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> pieces;
  bool fresh = true;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = std::min(character_bytes(text[at]), text.size() - at);
    if (bytes >= 3) {
      pieces.emplace_back(text.substr(at, 2));
      pieces.emplace_back(text.substr(at + 2, bytes - 2));
      fresh = true;
    } else {
      if (fresh || text[at] == ' ' || text[at] == '\n') pieces.emplace_back();
      pieces.back() += text.substr(at, bytes);
      fresh = false;
    }
    at += bytes;
  }
  return pieces;
}

// How many bytes at the end of `text` are the start of a character that is not complete.
std::size_t unfinished_bytes(std::string_view text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const char c = text[text.size() - back];
    if ((static_cast<unsigned char>(c) & 0xc0) == 0x80) continue;
    return character_bytes(c) > back ? back : 0;
  }
  return 0;
}

// How many bytes at the end of `text` may be the start of a stop string.
std::size_t possible_stop_bytes(std::string_view text, const std::vector<std::string>& stops) {
  std::size_t longest = 0;
  for (const std::string_view stop : stops) {
    for (std::size_t n = std::min(text.size(), stop.size()); n > longest; --n) {
      if (text.ends_with(stop.substr(0, n))) longest = n;
    }
  }
  return longest;
}

struct Run {
  Request request;
  Listener listener;
  std::vector<Token> prompt;
  std::vector<Token> answer;
  Outcome outcome;
  std::string held;  // made but not told: an unfinished character or a possible stop string
  bool cancelled = false;
  bool ended = false;
  bool calling = false;  // its listener is being called right now
};

}  // namespace

struct ScriptedGenerator::State {
  explicit State(Script given) : script(std::move(given)) {}

  Token intern(const std::string& piece) {
    const auto [found, added] = ids.try_emplace(piece, static_cast<Token>(vocabulary.size()));
    if (added) vocabulary.push_back(piece);
    return found->second;
  }
  std::vector<Token> encode(std::string_view text) {
    std::vector<Token> tokens;
    for (const std::string& piece : split(text)) tokens.push_back(intern(piece));
    return tokens;
  }
  std::string bytes_of(Token token) const {
    const auto index = static_cast<std::size_t>(token);
    return token >= 0 && index < vocabulary.size() ? vocabulary[index] : "";
  }
  TokenInfo info(Token token, std::uint32_t alternatives) {
    TokenInfo made{token, bytes_of(token), -0.25f, {}};
    for (std::uint32_t k = 0; k < alternatives; ++k) {
      const Token other = k == 0 ? token : intern(fmt::format(" alternative{}", k));
      made.top.push_back({other, bytes_of(other), -0.25f - static_cast<float>(k)});
    }
    return made;
  }

  void serve();
  void step(const std::shared_ptr<Run>& run, std::unique_lock<std::mutex>& lock);
  Delta next_delta(Run& run);
  Delta prompt_delta(const Run& run);
  bool is_over(Run& run, Token token);
  std::string release(Run& run, bool at_end);
  void end(const std::shared_ptr<Run>& run, Result<Outcome> result,
           std::unique_lock<std::mutex>& lock);

  const Script script;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::shared_ptr<Run>> runs;
  std::map<std::string, Token> ids;
  std::vector<std::string> vocabulary;
  std::optional<Request> last;
  Counts counts;
  bool stopping = false;
  std::thread thread;
};

namespace {

class ScriptedTicket : public Ticket {
 public:
  ScriptedTicket(std::shared_ptr<Run> run, std::mutex& mutex, std::condition_variable& changed,
                 std::thread::id generator_thread)
      : run_(std::move(run)), mutex_(mutex), changed_(changed), thread_(generator_thread) {}

  ~ScriptedTicket() override {
    cancel();
    std::unique_lock lock(mutex_);
    run_->listener = {};
    if (std::this_thread::get_id() == thread_) return;
    changed_.wait(lock, [&] { return !run_->calling; });
  }
  std::uint32_t prompt_tokens() const override {
    return static_cast<std::uint32_t>(run_->prompt.size());
  }
  void cancel() override {
    std::lock_guard lock(mutex_);
    run_->cancelled = true;
    changed_.notify_all();
  }

 private:
  std::shared_ptr<Run> run_;
  std::mutex& mutex_;
  std::condition_variable& changed_;
  std::thread::id thread_;
};

}  // namespace

void ScriptedGenerator::State::serve() {
  std::unique_lock lock(mutex);
  while (true) {
    changed.wait(lock, [&] { return stopping || !runs.empty(); });
    if (stopping) break;
    if (script.token_delay.count() > 0) {
      changed.wait_for(lock, script.token_delay, [&] {
        return stopping || std::ranges::any_of(runs, [](auto& run) { return run->cancelled; });
      });
    }
    const auto round = runs;
    for (const auto& run : round) step(run, lock);
    std::erase_if(runs, [](const auto& run) { return run->ended; });
    counts.running = runs.size();
  }
  for (const auto& run : std::vector(runs)) {
    run->cancelled = true;
    step(run, lock);
  }
}

void ScriptedGenerator::State::step(const std::shared_ptr<Run>& run,
                                    std::unique_lock<std::mutex>& lock) {
  if (run->cancelled) {
    run->outcome.finish = FinishReason::cancelled;
    end(run, run->outcome, lock);
    return;
  }
  const std::uint32_t made = run->outcome.usage.completion_tokens;
  if (script.fail_after && made >= *script.fail_after) {
    end(run, fail(ErrorCode::internal, "the script says to fail here"), lock);
    return;
  }
  const bool with_prompt = made == 0 && run->request.echo_prompt_logprobs;
  Delta delta = with_prompt ? prompt_delta(*run) : Delta{};
  run->request.echo_prompt_logprobs = false;
  if (made == 0 && script.beside) delta.reasoning = script.beside(run->request).reasoning;
  Delta next = next_delta(*run);
  delta.text = std::move(next.text);
  std::ranges::move(next.tokens, std::back_inserter(delta.tokens));
  const bool over = run->ended;
  if (over && script.beside) delta.tool_calls = script.beside(run->request).tool_calls;
  if (!delta.tool_calls.empty()) run->outcome.finish = FinishReason::tool_calls;
  run->calling = true;
  const auto tell = run->listener.on_delta;
  lock.unlock();
  if (tell && !(over && delta.empty())) tell(std::move(delta));
  lock.lock();
  run->calling = false;
  changed.notify_all();
  if (over) end(run, run->outcome, lock);
}

Delta ScriptedGenerator::State::prompt_delta(const Run& run) {
  Delta delta;
  for (const Token token : run.prompt) {
    delta.tokens.push_back(info(token, run.request.sampling.logprobs.value_or(0)));
  }
  if (!delta.tokens.empty()) {  // nothing comes before the first token
    delta.tokens[0].logprob = std::numeric_limits<float>::quiet_NaN();
    delta.tokens[0].top.clear();
  }
  return delta;
}

// The next token's delta; sets `ended` when it was the last.
Delta ScriptedGenerator::State::next_delta(Run& run) {
  Delta delta;
  Usage& usage = run.outcome.usage;
  const bool endless = run.request.stop.ignore_end_of_text && !run.answer.empty();
  const std::uint32_t made = usage.completion_tokens;
  const std::uint32_t context = script.card.context_length;
  const bool too_long = context != 0 && usage.prompt_tokens + made >= context;
  if (too_long || made >= run.request.stop.max_tokens.value_or(~0u)) {
    run.outcome.finish = FinishReason::length;
    run.ended = true;
  } else if (!endless && made >= run.answer.size()) {
    run.ended = true;
  } else {
    const Token token = run.answer[made % run.answer.size()];
    run.ended = is_over(run, token);
    ++counts.tokens;
    ++usage.completion_tokens;
    if (std::ranges::count(run.request.stop.tokens, token) == 0) {
      run.held += bytes_of(token);
      const auto& wanted = run.request.sampling.logprobs;
      if (wanted) delta.tokens.push_back(info(token, *wanted));
    }
  }
  delta.text = release(run, run.ended);
  return delta;
}

// Whether this token, the next one, is the last for reasons that can be seen before the text.
bool ScriptedGenerator::State::is_over(Run& run, Token token) {
  if (std::ranges::count(run.request.stop.tokens, token) != 0) return true;
  const std::uint32_t made = run.outcome.usage.completion_tokens + 1;
  if (made == run.answer.size() && !run.request.stop.ignore_end_of_text) return true;
  if (made < run.request.stop.max_tokens.value_or(~0u)) return false;
  run.outcome.finish = FinishReason::length;
  return true;
}

// Takes out of `held` what may be told. A complete stop string ends the run.
std::string ScriptedGenerator::State::release(Run& run, bool at_end) {
  std::size_t cut = std::string::npos;
  for (const std::string& stop : run.request.stop.strings) {
    const std::size_t found = run.held.find(stop);
    if (found >= cut) continue;
    cut = found;
    run.outcome.stop_string = stop;
  }
  if (cut != std::string::npos) {
    run.outcome.finish = FinishReason::stop;
    run.ended = true;
    return run.held.substr(0, cut);
  }
  const std::size_t unfinished = unfinished_bytes(run.held);
  if (at_end) {
    run.held.resize(run.held.size() - unfinished);
    return std::exchange(run.held, {}) + (unfinished > 0 ? "\xef\xbf\xbd" : "");
  }
  const std::size_t kept =
      std::max(unfinished, possible_stop_bytes(run.held, run.request.stop.strings));
  std::string told = run.held.substr(0, run.held.size() - kept);
  run.held.erase(0, told.size());
  return told;
}

void ScriptedGenerator::State::end(const std::shared_ptr<Run>& run, Result<Outcome> result,
                                   std::unique_lock<std::mutex>& lock) {
  run->ended = true;
  run->calling = true;
  const bool cancelled = result && result->finish == FinishReason::cancelled;
  ++(cancelled ? counts.cancelled : counts.finished);
  const auto tell = std::exchange(run->listener, {}).on_end;
  lock.unlock();
  if (tell) tell(std::move(result));
  lock.lock();
  run->calling = false;
  changed.notify_all();
}

ScriptedGenerator::ScriptedGenerator(Script script)
    : state_(std::make_unique<State>(std::move(script))) {
  state_->thread = std::thread([state = state_.get()] { state->serve(); });
}

ScriptedGenerator::~ScriptedGenerator() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    state_->changed.notify_all();
  }
  state_->thread.join();
}

const ModelCard& ScriptedGenerator::card() const {
  return state_->script.card;
}

Result<std::unique_ptr<Ticket>> ScriptedGenerator::start(Request request, Listener listener) {
  auto run = std::make_shared<Run>();
  run->prompt = TRY(tokenize(request.prompt));
  std::lock_guard lock(state_->mutex);
  const Script& script = state_->script;
  const std::uint32_t context = script.card.context_length;
  if (context != 0 && run->prompt.size() >= context) {
    return fail(ErrorCode::invalid, fmt::format("the prompt has {} tokens, but the context of {} "
                                                "holds {} tokens, prompt and answer together",
                                                run->prompt.size(), script.card.name, context));
  }
  if (state_->runs.size() >= script.max_running) {
    ++state_->counts.refused;
    return fail(ErrorCode::absent,
                fmt::format("the queue is full: {} requests are under way", state_->runs.size()));
  }
  const std::uint64_t turn = state_->counts.started++;
  const std::string answer = script.answer ? script.answer(request)
                             : script.answers.empty()
                                 ? std::string()
                                 : script.answers[turn % script.answers.size()];
  run->answer = state_->encode(answer);
  run->outcome.usage.prompt_tokens = static_cast<std::uint32_t>(run->prompt.size());
  state_->last = request;
  run->request = std::move(request);
  run->listener = std::move(listener);
  state_->runs.push_back(run);
  state_->counts.running = state_->runs.size();
  state_->changed.notify_all();
  return std::make_unique<ScriptedTicket>(std::move(run), state_->mutex, state_->changed,
                                          state_->thread.get_id());
}

Result<std::string> ScriptedGenerator::render(const Chat& chat) const {
  std::string text;
  for (const Value& message : chat.messages) {
    const Value* role = message.find("role");
    const Value* content = message.find("content");
    if (role == nullptr || role->as_string() == nullptr) {
      return fail(ErrorCode::invalid, "a message has no role");
    }
    text += fmt::format("<{}> ", *role->as_string());
    if (content != nullptr && content->as_string() != nullptr) text += *content->as_string();
    text += "\n";
  }
  if (chat.add_generation_prompt && !chat.continue_final_message) text += "<assistant>";
  return text;
}

Result<std::vector<Token>> ScriptedGenerator::tokenize(const Prompt& prompt) const {
  if (const auto* tokens = std::get_if<std::vector<Token>>(&prompt)) return *tokens;
  const auto* chat = std::get_if<Chat>(&prompt);
  const std::string text = chat ? TRY(render(*chat)) : std::get<std::string>(prompt);
  std::lock_guard lock(state_->mutex);
  return state_->encode(text);
}

Result<std::vector<Token>> ScriptedGenerator::tokenize_text(std::string_view text, bool,
                                                            bool) const {
  std::lock_guard lock(state_->mutex);
  return state_->encode(text);
}

Result<std::string> ScriptedGenerator::detokenize(std::span<const Token> tokens) const {
  std::string text;
  for (const std::string& piece : TRY(pieces(tokens))) text += piece;
  return text;
}

Result<std::vector<std::string>> ScriptedGenerator::pieces(std::span<const Token> tokens) const {
  std::lock_guard lock(state_->mutex);
  std::vector<std::string> pieces;
  for (const Token token : tokens) {
    if (token < 0 || static_cast<std::size_t>(token) >= state_->vocabulary.size()) {
      return fail(ErrorCode::invalid, fmt::format("token {} has not been said yet", token));
    }
    pieces.push_back(state_->bytes_of(token));
  }
  return pieces;
}

ScriptedGenerator::Counts ScriptedGenerator::counts() const {
  std::lock_guard lock(state_->mutex);
  return state_->counts;
}

std::optional<Request> ScriptedGenerator::last_request() const {
  std::lock_guard lock(state_->mutex);
  return state_->last;
}

}  // namespace freehold
