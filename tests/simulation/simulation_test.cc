// The engine, simulated: random requests arrive, are cancelled and run out of blocks under a
// stepped clock and a fake decoder. A seed fixes everything, so a failure prints the command that
// replays it.
//
//   FREEHOLD_SIMULATION_SEEDS=20000  runs that many seeds
//   FREEHOLD_SIMULATION_SEED=17      runs that one
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/fake_decoder.h"

namespace freehold::engine {
namespace {

constexpr std::uint64_t default_seeds = 300;

// One client: what it asks for, when, when it gives up and how, and what it heard.
struct Client {
  std::vector<Token> prompt;
  SamplerSettings sampling;
  StopRules stop;
  bool echo = false;
  std::string salt{};
  std::uint64_t arrives = 0;                // turn
  std::optional<std::uint64_t> gives_up{};  // turn
  bool drops_ticket = false;                // gives up by destroying it

  std::unique_ptr<Ticket> ticket{};
  bool accepted = false;
  bool deaf = false;  // its ticket is gone: nothing may be heard any more
  std::vector<Token> echoed{};
  std::vector<Token> answer{};
  std::vector<float> logprobs{};
  int ends = 0;
  std::optional<Result<Outcome>> end{};
  Duration submitted{};
};

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed);
  void run();
  std::uint64_t cached_tokens() const { return cached_; }

 private:
  std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    return low + random_.below(high - low + 1);
  }
  bool chance(std::uint64_t percent) { return random_.below(100) < percent; }

  EngineOptions random_options();
  std::vector<Token> random_prompt();
  Client random_client();
  void act(std::uint64_t turn);
  void submit(Client& client);
  void hear(Client& client, const Delta& delta);
  void check_plan(const model::Plan& plan);
  void check_idle();
  void check_client(const Client& client);
  void check_order();
  std::vector<Token> expected_answer(const Client& client, bool& stopped);

  Random random_;
  FakeDecoder decoder_;
  ManualClock clock_;
  EngineOptions options_;
  std::uint32_t blocks_;
  Engine engine_;
  std::vector<std::vector<Token>> beginnings_;  // that several clients' prompts have
  std::uint64_t cached_ = 0;                    // tokens, of all clients
  std::vector<std::unique_ptr<Client>> clients_;
  std::set<std::uint64_t> failing_turns_;
};

Simulation::Simulation(std::uint64_t seed)
    : random_(seed),
      decoder_(static_cast<std::uint32_t>(between(2, 40))),
      options_(random_options()),
      blocks_(static_cast<std::uint32_t>(between(1, 20))),
      engine_(decoder_, fake_cache(decoder_.recipe(), blocks_), options_, clock_) {
  decoder_.before_forward = [this](const model::Plan& plan) { check_plan(plan); };
  for (std::uint64_t i = between(3, 25); i > 0; --i) {
    clients_.push_back(std::make_unique<Client>(random_client()));
  }
  if (chance(20)) failing_turns_.insert(between(0, 60));
}

EngineOptions Simulation::random_options() {
  EngineOptions options;
  options.queue = chance(30) ? between(1, 5) : 1000;
  options.context_length = chance(50) ? static_cast<std::uint32_t>(between(1, 300)) : 0;
  options.scheduler.running = static_cast<std::uint32_t>(between(1, 12));
  options.scheduler.prompt_tokens = static_cast<std::uint32_t>(between(1, 200));
  options.scheduler.prompt_tokens_beside_answers = static_cast<std::uint32_t>(between(1, 40));
  options.scheduler.echo_rows = static_cast<std::uint32_t>(between(1, 30));
  return options;
}

std::vector<Token> Simulation::random_prompt() {
  const std::uint32_t vocabulary = decoder_.recipe().vocabulary;
  std::vector<Token> prompt;
  const std::size_t beginning = random_.below(3);
  if (!beginnings_.empty() && chance(60)) {
    prompt = beginnings_[beginning % beginnings_.size()];
    prompt.resize(between(0, prompt.size()));
  }
  for (std::uint64_t i = chance(30) ? between(1, 400) : between(1, 40); i > 0; --i) {
    prompt.push_back(static_cast<Token>(random_.below(vocabulary)));
  }
  if (beginnings_.size() < 3) beginnings_.push_back(prompt);
  return prompt;
}

Client Simulation::random_client() {
  Client client{.prompt = {}, .sampling = {.logit_bias = {}, .logprobs = 0}, .stop = {}};
  const std::uint32_t vocabulary = decoder_.recipe().vocabulary;
  const auto token = [&] { return static_cast<Token>(random_.below(vocabulary)); };
  client.prompt = random_prompt();
  if (chance(15)) client.salt = "own";
  client.sampling.temperature = chance(40) ? 0 : 1;
  client.sampling.seed = random_.next();
  if (chance(30)) client.sampling.top_k = static_cast<std::uint32_t>(between(1, 10));
  if (chance(30)) client.sampling.top_p = 0.8f;
  if (chance(20)) client.sampling.repetition_penalty = 1.3f;
  if (chance(20)) client.sampling.frequency_penalty = 0.5f;
  if (chance(80)) client.stop.max_tokens = static_cast<std::uint32_t>(between(0, 120));
  if (chance(30)) client.stop.tokens = {token()};
  client.echo = chance(20);
  client.arrives = between(0, 80);
  if (chance(25)) client.gives_up = client.arrives + between(0, 60);
  client.drops_ticket = chance(50);
  return client;
}

void Simulation::submit(Client& client) {
  Submission submission{.prompt = client.prompt,
                        .sampling = client.sampling,
                        .stop = client.stop,
                        .speller = {},
                        .echo_prompt_logprobs = client.echo,
                        .cache_salt = client.salt};
  client.submitted = clock_.now();
  auto ticket =
      engine_.submit(std::move(submission),
                     {.on_delta = [this, &client](const Delta& delta) { hear(client, delta); },
                      .on_end =
                          [&client](Result<Outcome> outcome) {
                            EXPECT_FALSE(client.deaf);
                            ++client.ends;
                            client.end = std::move(outcome);
                          }});
  client.accepted = ticket.has_value();
  if (ticket) client.ticket = std::move(*ticket);
}

void Simulation::hear(Client& client, const Delta& delta) {
  EXPECT_FALSE(client.deaf);
  EXPECT_EQ(client.ends, 0);
  for (const TokenInfo& info : delta.tokens) {
    const bool echo = client.echo && client.echoed.size() < client.prompt.size();
    (echo ? client.echoed : client.answer).push_back(info.token);
    client.logprobs.push_back(info.logprob);
  }
}

void Simulation::act(std::uint64_t turn) {
  for (const auto& client : clients_) {
    if (client->arrives == turn) submit(*client);
    if (client->gives_up != turn || !client->ticket) continue;
    if (client->drops_ticket) {
      client->ticket.reset();
      client->deaf = true;
    } else {
      client->ticket->cancel();
    }
  }
  decoder_.failure = failing_turns_.contains(turn) ? "simulated failure" : "";
}

// No block that is written is in two tables, and the spans are within the limits.
void Simulation::check_plan(const model::Plan& plan) {
  ASSERT_FALSE(plan.spans.empty());
  const SchedulerLimits& limits = options_.scheduler;
  ASSERT_LE(plan.spans.size(), limits.running);
  std::map<std::uint32_t, int> tables;
  for (const model::Span& span : plan.spans) {
    for (const std::uint32_t block : span.blocks) ++tables[block];
  }
  std::size_t prompt_tokens = 0;
  for (const model::Span& span : plan.spans) {
    ASSERT_FALSE(span.tokens.empty());
    ASSERT_EQ(
        span.blocks.size(),
        Scheduler::blocks_for(span.position + static_cast<std::uint32_t>(span.tokens.size())));
    for (std::size_t i = 0; i < span.blocks.size(); ++i) {
      ASSERT_LT(span.blocks[i], blocks_);
      const bool written = i >= span.position / model::KvCache::block_positions;
      if (written) ASSERT_EQ(tables[span.blocks[i]], 1) << "block " << span.blocks[i];
    }
    if (span.tokens.size() > 1) prompt_tokens += span.tokens.size();
  }
  ASSERT_LE(prompt_tokens,
            std::max({limits.prompt_tokens, limits.prompt_tokens_beside_answers, limits.running}));
  clock_.advance(std::chrono::milliseconds(10));
}

void Simulation::run() {
  const std::uint64_t last_event = 160;
  for (std::uint64_t turn = 0;; ++turn) {
    ASSERT_LT(turn, 100'000u) << "requests are stuck";
    act(turn);
    if (!engine_.turn() && turn > last_event) break;
    ASSERT_LE(engine_.scheduler().running(), options_.scheduler.running);
    ASSERT_LE(engine_.scheduler().waiting(), clients_.size());
  }
  EXPECT_EQ(engine_.scheduler().blocks().free(), blocks_) << "blocks leaked";
  EXPECT_TRUE(engine_.scheduler().idle());
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    SCOPED_TRACE("client " + std::to_string(i));
    check_client(*clients_[i]);
  }
  check_order();
}

// What the client should get, told without an engine: one token after another from the fake's
// definition.
std::vector<Token> Simulation::expected_answer(const Client& client, bool& stopped) {
  std::vector<Token> history = client.prompt;
  Sampler sampler(client.sampling, client.prompt);
  stopped = false;
  while (history.size() < engine_.context_length() &&
         (!client.stop.max_tokens ||
          history.size() - client.prompt.size() < *client.stop.max_tokens)) {
    const Token token = *sampler.choose(decoder_.logits_after(history));
    if (client.stop.ends_at(token)) {
      stopped = true;
      break;
    }
    history.push_back(token);
  }
  history.erase(history.begin(), history.begin() + static_cast<long>(client.prompt.size()));
  return history;
}

void Simulation::check_client(const Client& client) {
  if (!client.accepted) {
    EXPECT_EQ(client.ends, 0);
    EXPECT_TRUE(client.answer.empty() && client.echoed.empty());
    return;
  }
  if (!client.deaf) ASSERT_EQ(client.ends, 1);
  EXPECT_LE(client.ends, 1);
  bool stopped = false;
  const std::vector<Token> expected = expected_answer(client, stopped);
  const bool whole =
      client.end && client.end->has_value() && (*client.end)->finish != FinishReason::cancelled;
  if (whole) {
    EXPECT_EQ(client.answer, expected);
    EXPECT_EQ((*client.end)->finish, stopped ? FinishReason::stop : FinishReason::length);
    EXPECT_EQ((*client.end)->usage.prompt_tokens, client.prompt.size());
    EXPECT_EQ((*client.end)->usage.completion_tokens, expected.size() + stopped);
    if (client.echo) EXPECT_EQ(client.echoed, client.prompt);
    const std::uint32_t cached = (*client.end)->usage.cached_tokens;
    EXPECT_EQ(cached % model::KvCache::block_positions, 0u);
    EXPECT_LT(cached, client.prompt.size());
    if (client.echo) EXPECT_EQ(cached, 0u);
    cached_ += cached;
  } else {
    ASSERT_LE(client.answer.size(), expected.size());
    EXPECT_TRUE(std::equal(client.answer.begin(), client.answer.end(), expected.begin()));
    EXPECT_TRUE(std::equal(client.echoed.begin(), client.echoed.end(), client.prompt.begin()));
    EXPECT_TRUE(client.deaf || client.gives_up || !failing_turns_.empty());
  }
}

// First come, first served: nobody is let in before who came earlier.
void Simulation::check_order() {
  std::map<std::pair<Duration, std::size_t>, double> admitted;
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    const Client& client = *clients_[i];
    if (!client.end || !*client.end || (*client.end)->usage.completion_tokens == 0) continue;
    admitted[{client.submitted, i}] = seconds(client.submitted) + (*client.end)->usage.queue_s;
  }
  double last = 0;
  for (const auto& [arrival, time] : admitted) {
    EXPECT_GE(time, last - 1e-9);
    last = time;
  }
}

std::optional<std::uint64_t> from_environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  return std::strtoull(value, nullptr, 10);
}

TEST(Simulation, EveryRequestEndsOnceWithItsOwnTextAndNoBlockIsLostOrShared) {
  const auto one = from_environment("FREEHOLD_SIMULATION_SEED");
  const std::uint64_t first = one.value_or(0);
  const std::uint64_t count =
      one ? 1 : from_environment("FREEHOLD_SIMULATION_SEEDS").value_or(default_seeds);
  std::uint64_t cached = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("replay with: FREEHOLD_SIMULATION_SEED=" + std::to_string(seed) +
                 " simulation_test");
    Simulation simulation(seed);
    simulation.run();
    if (HasFailure()) return;
    cached += simulation.cached_tokens();
  }
  if (count >= default_seeds) EXPECT_GT(cached, 3'000u);  // the cache of prefixes was in it
}

}  // namespace
}  // namespace freehold::engine
