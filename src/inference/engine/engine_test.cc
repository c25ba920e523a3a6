#include "engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/fake_decoder.h"

namespace freehold::engine {
namespace {

using testing::HasSubstr;

constexpr std::uint32_t vocabulary = 61;

// One ASCII character a token.
class LetterSpeller : public Speller {
 public:
  std::string add(Token token) override { return std::string(bytes(token)); }
  std::string finish() override { return {}; }
  std::string_view bytes(Token token) const override {
    static const std::string letters =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return std::string_view(letters).substr(static_cast<std::size_t>(token), 1);
  }
};

struct Heard {
  std::string text;
  std::vector<TokenInfo> tokens;
  std::optional<Result<Outcome>> end;
  int ends = 0;
};

Listener listen_to(Heard& heard) {
  return {.on_delta =
              [&heard](Delta delta) {
                EXPECT_EQ(heard.ends, 0);
                heard.text += delta.text;
                heard.tokens.insert(heard.tokens.end(), delta.tokens.begin(), delta.tokens.end());
              },
          .on_end =
              [&heard](Result<Outcome> outcome) {
                ++heard.ends;
                heard.end = std::move(outcome);
              }};
}

SamplerSettings greedy() {
  return {.temperature = 0, .logit_bias = {}, .logprobs = {}};
}

Submission submission(std::vector<Token> prompt, std::uint32_t max_tokens,
                      SamplerSettings sampling = greedy()) {
  Submission result{.prompt = std::move(prompt),
                    .sampling = std::move(sampling),
                    .stop = {},
                    .speller = std::make_unique<LetterSpeller>()};
  result.stop.max_tokens = max_tokens;
  return result;
}

std::vector<Token> prompt_of(std::size_t length, std::uint64_t seed) {
  Random random(seed);
  std::vector<Token> prompt(length);
  for (Token& token : prompt) token = static_cast<Token>(random.below(vocabulary));
  return prompt;
}

// An engine whose turns the test takes itself.
struct ByHand {
  explicit ByHand(std::uint32_t blocks = 64, EngineOptions options = {})
      : engine(decoder, fake_cache(decoder.recipe(), blocks), options, clock) {}

  std::unique_ptr<Ticket> submit(Submission request, Heard& heard) {
    auto ticket = engine.submit(std::move(request), listen_to(heard));
    EXPECT_TRUE(ticket.has_value()) << ticket.error().message;
    return ticket ? std::move(*ticket) : nullptr;
  }
  Heard run(Submission request) {
    Heard heard;
    const auto ticket = submit(std::move(request), heard);
    finish();
    return heard;
  }
  void finish() {
    while (engine.turn()) {
    }
    EXPECT_EQ(engine.scheduler().blocks().free(), engine.scheduler().blocks().count());
  }

  FakeDecoder decoder{vocabulary};
  ManualClock clock;
  Engine engine;
};

// What greedy decoding appends, straight from the fake's definition.
std::string greedy_text(const FakeDecoder& decoder, std::vector<Token> history, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    history.push_back(peak(decoder.logits_after(history))->token);
    text += LetterSpeller().bytes(history.back());
  }
  return text;
}

TEST(Engine, AnswersWithTheGreedyTokens) {
  ByHand hand;
  const std::vector<Token> prompt = prompt_of(100, 1);
  const Heard heard = hand.run(submission(prompt, 40));
  EXPECT_EQ(heard.text, greedy_text(hand.decoder, prompt, 40));
  ASSERT_EQ(heard.ends, 1);
  EXPECT_EQ((*heard.end)->finish, FinishReason::length);
  EXPECT_EQ((*heard.end)->usage.prompt_tokens, 100u);
  EXPECT_EQ((*heard.end)->usage.completion_tokens, 40u);
  EXPECT_TRUE(heard.tokens.empty());
}

TEST(Engine, GivesEightAtOnceWhatEachGetsAlone) {
  for (const float temperature : {0.0f, 1.0f}) {
    ByHand together;
    std::vector<Heard> heard(8);
    std::vector<std::unique_ptr<Ticket>> tickets;
    const auto request = [&](std::size_t i) {
      SamplerSettings sampling = greedy();
      sampling.temperature = temperature;
      sampling.seed = i;
      return submission(prompt_of(20 + 70 * i, i), 50, sampling);
    };
    for (std::size_t i = 0; i < heard.size(); ++i) {
      tickets.push_back(together.submit(request(i), heard[i]));
    }
    together.finish();
    for (std::size_t i = 0; i < heard.size(); ++i) {
      EXPECT_EQ(heard[i].text.size(), 50u);
      EXPECT_EQ(heard[i].text, ByHand().run(request(i)).text);
    }
  }
}

TEST(Engine, PreemptsTheYoungestWhenBlocksRunOutWithoutChangingAnyText) {
  ByHand hand(8);  // 256 positions for three sequences of 40 + 150
  std::vector<Heard> heard(3);
  std::vector<std::unique_ptr<Ticket>> tickets;
  std::size_t recomputed = 0;
  hand.decoder.before_forward = [&](const model::Plan& plan) {
    for (const model::Span& span : plan.spans) {
      if (span.position == 0 && span.tokens.size() > 40) ++recomputed;
    }
  };
  for (std::size_t i = 0; i < heard.size(); ++i) {
    tickets.push_back(hand.submit(submission(prompt_of(40, i), 150), heard[i]));
  }
  hand.finish();
  EXPECT_GT(recomputed, 0u);
  for (std::size_t i = 0; i < heard.size(); ++i) {
    EXPECT_EQ(heard[i].text, greedy_text(hand.decoder, prompt_of(40, i), 150));
  }
}

TEST(Engine, TellsItsState) {
  ByHand hand(8, {.scheduler = {.running = 2}});
  EXPECT_EQ(hand.engine.status().blocks, 8u);
  EXPECT_EQ(hand.engine.status().block_tokens, model::KvCache::block_positions);
  EXPECT_EQ(hand.engine.status().max_running, 2u);
  std::vector<Heard> heard(3);
  std::vector<std::unique_ptr<Ticket>> tickets;
  for (std::size_t i = 0; i < heard.size(); ++i) {
    tickets.push_back(hand.submit(submission(prompt_of(40, i), 150), heard[i]));
  }
  EXPECT_EQ(hand.engine.status().waiting, 3u);
  EXPECT_EQ(hand.engine.status().running, 0u);
  hand.engine.turn();
  GeneratorStatus status = hand.engine.status();
  EXPECT_EQ(status.running, 2u);
  EXPECT_EQ(status.waiting, 1u);
  EXPECT_EQ(status.held_blocks, 4u);
  EXPECT_EQ(status.preemptions, 0u);
  EXPECT_EQ(status.step_tokens, 80u);
  EXPECT_EQ(status.steps[5], 1u);  // one pass of up to 128 tokens
  hand.finish();
  status = hand.engine.status();
  EXPECT_EQ(status.running + status.waiting + status.held_blocks, 0u);
  EXPECT_GT(status.preemptions, 0u);  // 2 sequences of 190 tokens do not fit into 256 positions
}

TEST(Engine, GivesEveryAnswerATokenInEveryTurnWhileALongPromptIsRead) {
  ByHand hand(256);
  Heard answer;
  const auto ticket = hand.submit(submission(prompt_of(10, 1), 500), answer);
  hand.engine.turn();
  Heard long_prompt;
  const auto long_ticket = hand.submit(submission(prompt_of(4000, 2), 1), long_prompt);
  Heard short_prompt;
  const auto short_ticket = hand.submit(submission(prompt_of(20, 3), 1), short_prompt);
  std::size_t turns = 0;
  while (long_prompt.ends == 0) {
    const std::size_t before = answer.text.size();
    ASSERT_TRUE(hand.engine.turn());
    EXPECT_EQ(answer.text.size(), before + 1);
    ++turns;
    if (turns == 2) EXPECT_EQ(short_prompt.ends, 1);  // did not wait for the long one
  }
  EXPECT_GE(turns, 4000u / 64);
}

TEST(Engine, RefusesAtOnceWhatCanNeverBeServedAndSaysTheNumbers) {
  ByHand hand(4);  // 128 positions
  EXPECT_EQ(hand.engine.context_length(), 128u);
  Heard heard;
  const auto refused = [&](Submission request) {
    const auto ticket = hand.engine.submit(std::move(request), listen_to(heard));
    EXPECT_FALSE(ticket.has_value());
    return ticket.has_value() ? Error{} : ticket.error();
  };
  const Error too_long = refused(submission(prompt_of(128, 1), 5));
  EXPECT_EQ(too_long.code, ErrorCode::invalid);
  EXPECT_THAT(too_long.message, HasSubstr("128 tokens"));
  EXPECT_EQ(refused(submission({}, 5)).code, ErrorCode::invalid);
  EXPECT_THAT(refused(submission({0, 61}, 5)).message, HasSubstr("token 1 of the prompt is 61"));
  EXPECT_THAT(refused(submission({-1}, 5)).message, HasSubstr("is -1"));
  EXPECT_EQ(heard.ends, 0);
  EXPECT_EQ(hand.run(submission(prompt_of(127, 1), 5)).text.size(), 1u);
  EXPECT_EQ(hand.run(submission(prompt_of(128, 1), 0)).text.size(), 0u);
}

TEST(Engine, RefusesMoreThanItsQueueHoldsUntilSomebodyIsLetIn) {
  EngineOptions options;
  options.queue = 3;
  options.scheduler.running = 2;
  ByHand hand(64, options);
  Heard heard[5];
  std::vector<std::unique_ptr<Ticket>> tickets;
  for (int i = 0; i < 3; ++i) tickets.push_back(hand.submit(submission({1}, 10), heard[i]));
  const auto refused = hand.engine.submit(submission({1}, 10), listen_to(heard[3]));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::absent);
  EXPECT_THAT(refused.error().message, HasSubstr("queue is full"));
  hand.engine.turn();  // two are let in, one waits
  tickets.push_back(hand.submit(submission({1}, 10), heard[3]));
  tickets.push_back(hand.submit(submission({1}, 10), heard[4]));
  EXPECT_FALSE(hand.engine.submit(submission({1}, 10), {}).has_value());
  tickets.clear();  // all give up, whether they were let in or not
  hand.finish();
  for (int i = 0; i < 3; ++i) tickets.push_back(hand.submit(submission({1}, 10), heard[i]));
}

TEST(Engine, EndsAtTheContextsEndWithLength) {
  ByHand hand(2);
  const Heard heard = hand.run(submission(prompt_of(30, 4), 1000));
  EXPECT_EQ(heard.text, greedy_text(hand.decoder, prompt_of(30, 4), 34));
  EXPECT_EQ((*heard.end)->finish, FinishReason::length);
}

TEST(Engine, EndsAtAStopTokenWithoutShowingIt) {
  ByHand hand;
  const std::vector<Token> prompt = prompt_of(9, 5);
  const std::string text = greedy_text(hand.decoder, prompt, 30);
  std::size_t at = 5;
  while (text.find(text[at]) != at) ++at;
  Submission request = submission(prompt, 30);
  request.sampling.logprobs = 0;
  for (Token token = 0; token < static_cast<Token>(vocabulary); ++token) {
    if (LetterSpeller().bytes(token)[0] == text[at]) request.stop.tokens = {token};
  }
  const Heard heard = hand.run(std::move(request));
  EXPECT_EQ(heard.text, text.substr(0, at));
  EXPECT_EQ(heard.tokens.size(), at);
  EXPECT_EQ((*heard.end)->finish, FinishReason::stop);
  EXPECT_EQ((*heard.end)->usage.completion_tokens, at + 1);
}

TEST(Engine, EndsBeforeAStopStringAndNamesIt) {
  ByHand hand;
  const std::vector<Token> prompt = prompt_of(9, 6);
  const std::string text = greedy_text(hand.decoder, prompt, 30);
  Submission request = submission(prompt, 30);
  request.stop.strings = {"not in there", text.substr(10, 4)};
  const Heard heard = hand.run(std::move(request));
  EXPECT_EQ(heard.text, text.substr(0, text.find(text.substr(10, 4))));
  EXPECT_EQ((*heard.end)->stop_string, text.substr(10, 4));
  EXPECT_EQ((*heard.end)->finish, FinishReason::stop);
}

TEST(Engine, ShowsWhatWasHeldBackWhenTheAnswerEndsOtherwise) {
  ByHand hand;
  const std::vector<Token> prompt = prompt_of(9, 7);
  const std::string text = greedy_text(hand.decoder, prompt, 12);
  Submission request = submission(prompt, 12);
  request.stop.strings = {text.substr(9) + "?"};
  EXPECT_EQ(hand.run(std::move(request)).text, text);
}

double logprob(const FakeDecoder& decoder, std::span<const Token> history, Token token) {
  const std::vector<float> logits = decoder.logits_after(history);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
  return static_cast<double>(logits[static_cast<std::size_t>(token)]) - std::log(sum);
}

TEST(Engine, ReportsLogprobsOfTheModelsOwnDistributionWhateverTheSampling) {
  ByHand hand;
  std::vector<Token> history = prompt_of(50, 8);
  SamplerSettings sampling{
      .temperature = 0.3f, .top_k = 4, .presence_penalty = 1, .logit_bias = {}, .logprobs = 3};
  const Heard heard = hand.run(submission(history, 20, sampling));
  ASSERT_EQ(heard.tokens.size(), 20u);
  for (const TokenInfo& info : heard.tokens) {
    EXPECT_NEAR(info.logprob, logprob(hand.decoder, history, info.token), 1e-5);
    EXPECT_EQ(info.bytes, LetterSpeller().bytes(info.token));
    ASSERT_EQ(info.top.size(), 3u);
    EXPECT_EQ(info.top[0].token, peak(hand.decoder.logits_after(history))->token);
    for (const Alternative& alternative : info.top) {
      EXPECT_NEAR(alternative.logprob, logprob(hand.decoder, history, alternative.token), 1e-5);
      EXPECT_LE(alternative.logprob, info.top[0].logprob);
    }
    history.push_back(info.token);
  }
}

TEST(Engine, EchoesEveryTokenOfThePromptOnceEvenWhenItIsPreempted) {
  ByHand hand(8);
  Heard older;
  const auto ticket = hand.submit(submission(prompt_of(20, 1), 200), older);
  hand.engine.turn();
  Submission request = submission(prompt_of(150, 2), 60);
  request.echo_prompt_logprobs = true;
  request.sampling.logprobs = 1;
  const std::vector<Token> prompt = request.prompt;
  Heard heard;
  const auto echo_ticket = hand.submit(std::move(request), heard);
  std::size_t went_back = 0, reached = 0;
  std::size_t most_rows = 0;
  hand.decoder.before_forward = [&](const model::Plan& plan) {
    std::size_t rows = 0;
    for (const model::Span& span : plan.spans) {
      if (span.prompt_tokens == 150) {
        went_back += span.position < reached;
        reached = span.position + span.tokens.size();
      }
      rows += span.wanted_logits;
    }
    most_rows = std::max(most_rows, rows);
  };
  hand.finish();
  EXPECT_GE(went_back, 1u);
  EXPECT_LE(most_rows, 65u);
  ASSERT_EQ(heard.tokens.size(), 210u);
  EXPECT_TRUE(std::isnan(heard.tokens[0].logprob));
  std::vector<Token> history = {heard.tokens[0].token};
  for (std::size_t i = 1; i < heard.tokens.size(); ++i) {
    EXPECT_NEAR(heard.tokens[i].logprob, logprob(hand.decoder, history, heard.tokens[i].token),
                1e-5);
    history.push_back(heard.tokens[i].token);
  }
  history.resize(150);
  EXPECT_EQ(history, prompt);
  EXPECT_EQ(heard.text, greedy_text(hand.decoder, prompt, 60));
}

TEST(Engine, EchoesThePromptAloneWhenNoTokenIsAskedFor) {
  ByHand hand;
  Submission request = submission(prompt_of(33, 2), 0);
  request.echo_prompt_logprobs = true;
  const Heard heard = hand.run(std::move(request));
  EXPECT_EQ(heard.tokens.size(), 33u);
  EXPECT_EQ((*heard.end)->finish, FinishReason::length);
  EXPECT_EQ((*heard.end)->usage.completion_tokens, 0u);
}

TEST(Engine, EndsOnlyTheSequenceWhoseLogitsAreBroken) {
  ByHand hand;
  hand.decoder.spoil = [](Token first, std::span<float> row) {
    if (first == 7) row[3] = NAN;
  };
  Heard broken;
  Heard sound;
  const auto first = hand.submit(submission({7, 1, 2}, 10), broken);
  const auto second = hand.submit(submission({8, 1, 2}, 10), sound);
  hand.finish();
  ASSERT_EQ(broken.ends, 1);
  EXPECT_FALSE(broken.end->has_value());
  EXPECT_EQ(sound.text.size(), 10u);
  EXPECT_TRUE(sound.end->has_value());
}

TEST(Engine, EndsEverySequenceWhenAForwardPassFailsAndGoesOnAfterwards) {
  ByHand hand;
  Heard heard[2];
  const auto first = hand.submit(submission({7}, 10), heard[0]);
  const auto second = hand.submit(submission({8}, 10), heard[1]);
  hand.engine.turn();
  hand.decoder.failure = "the machine is on fire";
  hand.finish();
  for (const Heard& one : heard) {
    ASSERT_EQ(one.ends, 1);
    ASSERT_FALSE(one.end->has_value());
    EXPECT_EQ(one.end->error().message, "the machine is on fire");
  }
  hand.decoder.failure.clear();
  EXPECT_EQ(hand.run(submission({7}, 10)).text.size(), 10u);
}

TEST(Engine, MeasuresQueuePrefillAndDecode) {
  EngineOptions options;
  options.scheduler.prompt_tokens = 32;
  ByHand hand(64, options);
  hand.decoder.before_forward = [&](const model::Plan&) {
    hand.clock.advance(std::chrono::seconds(1));
  };
  Heard heard;
  const auto ticket = hand.submit(submission(prompt_of(64, 1), 5), heard);
  hand.clock.advance(std::chrono::seconds(3));
  hand.finish();
  EXPECT_DOUBLE_EQ((*heard.end)->usage.queue_s, 3);
  EXPECT_DOUBLE_EQ((*heard.end)->usage.prefill_s, 2);
  EXPECT_DOUBLE_EQ((*heard.end)->usage.decode_s, 4);
}

TEST(Engine, EndsACancelledSequenceOnceAndFreesItsBlocks) {
  ByHand hand;
  Heard heard;
  const auto ticket = hand.submit(submission({7}, 100), heard);
  for (int i = 0; i < 5; ++i) hand.engine.turn();
  ticket->cancel();
  ticket->cancel();
  EXPECT_EQ(heard.ends, 0);
  EXPECT_FALSE(hand.engine.turn());
  ASSERT_EQ(heard.ends, 1);
  EXPECT_EQ((*heard.end)->finish, FinishReason::cancelled);
  EXPECT_EQ((*heard.end)->usage.completion_tokens, 5u);
  EXPECT_EQ(heard.text.size(), 5u);
  EXPECT_EQ(hand.engine.scheduler().blocks().free(), 64u);
}

TEST(Engine, TellsNothingOnceItsTicketIsDestroyed) {
  ByHand hand;
  Heard heard;
  auto ticket = hand.submit(submission({7}, 100), heard);
  for (int i = 0; i < 5; ++i) hand.engine.turn();
  ticket.reset();
  hand.finish();
  EXPECT_EQ(heard.text.size(), 5u);
  EXPECT_EQ(heard.ends, 0);
}

TEST(Engine, MayHaveItsTicketDestroyedFromWithinTheListener) {
  ByHand hand;
  std::unique_ptr<Ticket> ticket;
  int deltas = 0;
  auto witness = std::make_shared<int>(0);
  Listener listener{.on_delta =
                        [&, witness](Delta) {
                          if (++deltas == 3) ticket.reset();
                          EXPECT_LE(deltas, 3);
                          EXPECT_GT(witness.use_count(), 1);
                        },
                    .on_end = [&](Result<Outcome>) { ADD_FAILURE() << "ended"; }};
  ticket = std::move(*hand.engine.submit(submission({7}, 100), std::move(listener)));
  while (ticket) hand.engine.turn();
  EXPECT_EQ(witness.use_count(), 1);  // the listener is gone with the call
  hand.finish();
  EXPECT_EQ(deltas, 3);
}

TEST(Engine, LetsAListenerSubmitTheNextRequest) {
  EngineOptions options;
  options.queue = 1;
  options.scheduler.running = 1;
  ByHand hand(64, options);
  Heard next;
  std::unique_ptr<Ticket> next_ticket;
  Listener listener{.on_delta = {}, .on_end = [&](Result<Outcome>) {
                      next_ticket = hand.submit(submission({9}, 4), next);
                    }};
  const auto ticket = hand.engine.submit(submission({7}, 4), std::move(listener));
  hand.finish();
  EXPECT_EQ(next.text.size(), 4u);
}

TEST(Engine, CancelsWhatIsUnderWayWhenItStops) {
  ByHand hand;
  Heard heard[2];
  const auto first = hand.submit(submission({7}, 100), heard[0]);
  hand.engine.turn();
  const auto second = hand.submit(submission({8}, 100), heard[1]);
  hand.engine.stop();
  for (const Heard& one : heard) {
    ASSERT_EQ(one.ends, 1);
    EXPECT_EQ((*one.end)->finish, FinishReason::cancelled);
  }
  EXPECT_FALSE(hand.engine.submit(submission({8}, 100), {}).has_value());
}

}  // namespace
}  // namespace freehold::engine
