// An answer that one or more sequences of a generator compute: starts them, follows them, streams
// or gathers what they say, and cancels them when nobody listens any more. How it is spelled is the
// Dialect's.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "freehold/generator.h"
#include "server/api_error.h"
#include "server/http.h"
#include "server/metrics.h"
#include "server/router.h"
#include "server/service.h"

namespace freehold::server {

// One API's spelling. Called on the exchange's strand.
class Dialect {
 public:
  virtual ~Dialect() = default;
  // What a stream begins with; each prompt's length is known by then.
  virtual HttpResponse stream_begin(const std::vector<std::uint32_t>& prompt_tokens);
  // Events of a stream; may be empty.
  virtual std::string delta(std::size_t choice, const Delta& delta) = 0;
  virtual std::string choice_end(std::size_t choice, const Outcome& outcome) = 0;
  virtual std::string stream_end(const Usage& usage) = 0;
  // The last event of a stream that goes wrong; the form's own unless the dialect knows better.
  virtual std::string stream_failure(const ApiError& error, const ErrorForm& form);
  // The body of an answer that is not streamed.
  virtual Value whole(const std::vector<Completion>& choices, const Usage& usage) = 0;
};

struct TextJob {
  Generator* generator;
  // Makes the request of a choice when it is started: prompts are not copied ahead.
  std::function<Request(std::size_t choice)> request_of;
  std::size_t choices = 1;  // those of one prompt are neighbours
  std::size_t choices_per_prompt = 1;
  bool stream = false;
  std::unique_ptr<Dialect> dialect;
  const ErrorForm* errors = &openai_errors;
  std::string_view prompt_field = {};  // what its prompt is called; empty: messages or prompt
};

class TextAnswer : public Answer, public std::enable_shared_from_this<TextAnswer> {
 public:
  // Starts all sequences. When one is refused none is left running and the exchange has the error.
  static void start(const std::shared_ptr<Exchange>& exchange, Metrics& metrics, TextJob job);

  TextAnswer(Exchange& exchange, ModelCounters& counters, TextJob job);
  ~TextAnswer() override;
  void shut_down() override;

 private:
  using Moment = std::chrono::steady_clock::time_point;
  struct Choice {
    Completion completion;
    std::unique_ptr<Ticket> ticket;
    Moment asked_for{};
    Moment last_piece{};       // when the last delta was told
    std::uint32_t pieces = 0;  // deltas so far
    bool ended = false;
  };

  Parsed<void> start_choices(const std::shared_ptr<Exchange>& exchange);
  // `told`: when the generator said so.
  void on_delta(std::size_t index, Delta delta, Moment told);
  void on_end(std::size_t index, Result<Outcome> outcome, Moment told);
  void begin_stream();
  void count_end(Choice& choice, const Result<Outcome>& outcome, Moment told);
  void finish();
  void fail_with(const ApiError& error);
  Usage total_usage() const;

  Exchange& exchange_;  // owns this
  ModelCounters& counters_;
  TextJob job_;
  std::vector<Choice> choices_;
  std::size_t under_way_ = 0;
  bool over_ = false;
};

// Answers what `make_job` makes of a request, or with the error that it found. The service must
// outlive the handler.
Handler text_handler(Service& service, Parsed<TextJob> (*make_job)(Service&, const HttpRequest&),
                     const ErrorForm& errors = openai_errors);

// usage in OpenAI's form.
Value usage_value(const Usage& usage);

}  // namespace freehold::server
