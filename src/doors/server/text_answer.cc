#include "server/text_answer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/log.h"
#include "server/keys.h"
#include "server/sse.h"

namespace freehold::server {
namespace {

const Outcome cancelled{FinishReason::cancelled, {}, {}};

auto now() {
  return std::chrono::steady_clock::now();
}

double seconds_between(std::chrono::steady_clock::time_point a,
                       std::chrono::steady_clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

// A prompt that is too long gets the code that clients look for.
ApiError refusal(const Generator& generator, const Prompt& prompt, std::string_view field,
                 const Error& error) {
  ApiError told = from_error(error);
  if (told.status != 400) return told;
  told.param = field;
  if (field.empty()) told.param = std::holds_alternative<Chat>(prompt) ? "messages" : "prompt";
  const std::uint32_t context = generator.card().context_length;
  const auto tokens = generator.tokenize(prompt);
  if (context != 0 && tokens && tokens->size() >= context) told.code = "context_length_exceeded";
  return told;
}

}  // namespace

HttpResponse Dialect::stream_begin(const std::vector<std::uint32_t>&) {
  return sse_head();
}

std::string Dialect::stream_failure(const ApiError& error, const ErrorForm& form) {
  return form.stream_piece(error);
}

void TextAnswer::start(const std::shared_ptr<Exchange>& exchange, Metrics& metrics, TextJob job) {
  ModelCounters& counters = metrics.model(job.generator->card().name);
  const auto answer = std::make_shared<TextAnswer>(*exchange, counters, std::move(job));
  if (auto started = answer->start_choices(exchange); !started) {
    exchange->send(to_response(started.error(), *answer->job_.errors));
    return;
  }
  exchange->keep(answer);
}

TextAnswer::TextAnswer(Exchange& exchange, ModelCounters& counters, TextJob job)
    : exchange_(exchange), counters_(counters), job_(std::move(job)), choices_(job_.choices) {}

TextAnswer::~TextAnswer() {
  for (Choice& choice : choices_) {
    if (choice.ticket && !choice.ended) count_end(choice, cancelled, now());
  }
}

// Listeners run on the generator's thread: they only pass on what they are told. They hold the
// exchange, but not this, so that it is destroyed on the strand whatever happens.
Parsed<void> TextAnswer::start_choices(const std::shared_ptr<Exchange>& exchange) {
  for (std::size_t i = 0; i < choices_.size(); ++i) {
    Listener listener;
    listener.on_delta = [exchange, weak = weak_from_this(), i](Delta delta) {
      exchange->post([weak, i, delta = std::move(delta), told = now()]() mutable {
        if (const auto self = weak.lock()) self->on_delta(i, std::move(delta), told);
      });
    };
    listener.on_end = [exchange, weak = weak_from_this(), i](Result<Outcome> outcome) {
      exchange->post([weak, i, outcome = std::move(outcome), told = now()]() mutable {
        if (const auto self = weak.lock()) self->on_end(i, std::move(outcome), told);
      });
    };
    choices_[i].asked_for = now();
    auto ticket = job_.generator->start(job_.request_of(i), std::move(listener));
    if (!ticket) {
      return fail(
          refusal(*job_.generator, job_.request_of(i).prompt, job_.prompt_field, ticket.error()));
    }
    choices_[i].ticket = *std::move(ticket);
    ++under_way_;
    ++counters_.waiting;
  }
  job_.request_of = {};  // and with it the prompts
  return {};
}

void TextAnswer::on_delta(std::size_t index, Delta delta, Moment told) {
  Choice& choice = choices_[index];
  if (over_ || choice.ended) return;
  if (choice.pieces++ == 0) {
    --counters_.waiting;
    ++counters_.running;
  } else {
    counters_.between_pieces_s.add(seconds_between(choice.last_piece, told));
  }
  choice.last_piece = told;
  if (job_.stream) {
    begin_stream();
    exchange_.write(job_.dialect->delta(index, delta));
    return;
  }
  choice.completion.add(std::move(delta));
}

void TextAnswer::on_end(std::size_t index, Result<Outcome> outcome, Moment told) {
  Choice& choice = choices_[index];
  if (over_ || choice.ended) return;
  count_end(choice, outcome, told);
  if (!outcome) return fail_with(from_error(outcome.error()));
  if (outcome->finish == FinishReason::cancelled) return fail_with(draining_error());
  choice.completion.outcome = *std::move(outcome);
  if (job_.stream) {
    begin_stream();
    exchange_.write(job_.dialect->choice_end(index, choice.completion.outcome));
  }
  if (--under_way_ == 0) finish();
}

void TextAnswer::begin_stream() {
  if (exchange_.begun()) return;
  std::vector<std::uint32_t> prompt_tokens;
  for (const Choice& choice : choices_) prompt_tokens.push_back(choice.ticket->prompt_tokens());
  exchange_.begin(job_.dialect->stream_begin(prompt_tokens));
}

void TextAnswer::count_end(Choice& choice, const Result<Outcome>& outcome, Moment told) {
  choice.ended = true;
  const Usage usage = outcome ? outcome->usage : Usage();
  log::info("http.generated", {{"id", exchange_.request().id},
                               {"model", job_.generator->card().name},
                               {"finish", outcome ? name_of(outcome->finish) : "error"},
                               {"prompt_tokens", usage.prompt_tokens},
                               {"cached_tokens", usage.cached_tokens},
                               {"completion_tokens", usage.completion_tokens},
                               {"queue_s", usage.queue_s},
                               {"prefill_s", usage.prefill_s},
                               {"decode_s", usage.decode_s}});
  if (exchange_.request().permit) {
    // Who goes away in between pays for what was computed, as far as it was told.
    const std::uint64_t told_tokens = std::uint64_t{choice.ticket->prompt_tokens()} + choice.pieces;
    exchange_.request().permit->spend_tokens(std::max<std::uint64_t>(
        told_tokens, std::uint64_t{usage.prompt_tokens} + usage.completion_tokens));
  }
  --(choice.pieces > 0 ? counters_.running : counters_.waiting);
  if (outcome) {
    counters_.count_end(*outcome, seconds_between(choice.asked_for, told));
  } else {
    ++counters_.failed;
  }
}

void TextAnswer::finish() {
  over_ = true;
  const Usage usage = total_usage();
  if (job_.stream) {
    exchange_.write(job_.dialect->stream_end(usage));
    exchange_.end();
    return;
  }
  std::vector<Completion> completions;
  for (Choice& choice : choices_) completions.push_back(std::move(choice.completion));
  exchange_.send({.body = to_json(job_.dialect->whole(completions, usage))});
}

// A stream that has begun cannot change its status any more: the error is its last event.
void TextAnswer::fail_with(const ApiError& error) {
  over_ = true;
  log::warning("http.answer_failed", {{"id", exchange_.request().id}, {"reason", error.message}});
  for (Choice& choice : choices_) {
    if (choice.ticket) choice.ticket->cancel();
  }
  if (exchange_.begun()) {
    exchange_.write(job_.dialect->stream_failure(error, *job_.errors));
    exchange_.end();
  } else {
    exchange_.send(to_response(error, *job_.errors));
  }
}

void TextAnswer::shut_down() {
  if (!over_) fail_with(draining_error());
}

// A prompt that several choices share is counted once.
Usage TextAnswer::total_usage() const {
  Usage total;
  for (std::size_t i = 0; i < choices_.size(); ++i) {
    const Usage& usage = choices_[i].completion.outcome.usage;
    total.completion_tokens += usage.completion_tokens;
    if (i % job_.choices_per_prompt != 0) continue;
    total.prompt_tokens += usage.prompt_tokens;
    total.cached_tokens += usage.cached_tokens;
  }
  return total;
}

Handler text_handler(Service& service, Parsed<TextJob> (*make_job)(Service&, const HttpRequest&),
                     const ErrorForm& errors) {
  return
      [&service, &errors, make_job](const std::shared_ptr<Exchange>& exchange, std::string_view) {
        auto job = make_job(service, exchange->request());
        if (!job) return exchange->send(to_response(job.error(), errors));
        job->errors = &errors;
        TextAnswer::start(exchange, service.metrics, *std::move(job));
      };
}

Value usage_value(const Usage& usage) {
  return Object{{"prompt_tokens", usage.prompt_tokens},
                {"completion_tokens", usage.completion_tokens},
                {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
                {"prompt_tokens_details", Object{{"cached_tokens", usage.cached_tokens}}}};
}

}  // namespace freehold::server
