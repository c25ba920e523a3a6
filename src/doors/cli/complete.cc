// freehold complete: go on from a text, or answer one question, and end.
#include <fmt/format.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/answer.h"
#include "cli/interrupt.h"
#include "cli/open.h"
#include "cli/print.h"
#include "cli/sampling_options.h"
#include "cli/verbs.h"

namespace freehold::cli {
namespace {

constexpr std::size_t max_prompt_bytes = 16u << 20;

class Complete : public Command {
 public:
  void declare(Options& options) override {
    model_.declare(options);
    sampling_.declare(options);
    options.flag("speed", speed_, "say how fast it was even when no terminal looks on");
    options.flag("chat", chat_, "the prompt is a question: use the model's chat template");
    options.add("system", &system_, "TEXT", "with --chat: what the system message says");
    options.add("prompt", &prompt_, "PROMPT", "the text; - or nothing: standard input")
        .positional();
  }

  Result<int> run(const Context& context) override {
    if (!system_.empty() && !chat_) return fail(ErrorCode::usage, "--system needs --chat");
    if (prompt_.empty() || prompt_ == "-") {
      prompt_ = TRY_IN("standard input", read_descriptor(STDIN_FILENO, max_prompt_bytes));
    }
    const auto generator = TRY(open_generator(context, model_));
    const Interrupt interrupt;
    const Completion completion = TRY(generator->complete(request(), [&](const Delta& delta) {
      if (!context.json) print(delta.text);
      return !Interrupt::seen();
    }));
    if (Interrupt::seen()) return fail(Interrupt::error());
    if (context.json) {
      print_json(completion_json(generator->card(), completion));
    } else {
      print("\n");
      tell_speed(completion.outcome.usage, speed_);
    }
    return 0;
  }

 private:
  Request request() const {
    Request made;
    made.sampling = sampling_.sampling();
    made.stop = sampling_.stops();
    if (!chat_) {
      made.prompt = prompt_;
      return made;
    }
    Chat chat;
    if (!system_.empty()) chat.messages.push_back(message("system", system_));
    chat.messages.push_back(message("user", prompt_));
    made.prompt = std::move(chat);
    return made;
  }

  ModelOptions model_;
  SamplingOptions sampling_;
  bool chat_ = false;
  bool speed_ = false;
  std::string system_;
  std::string prompt_;
};

}  // namespace

const Verb complete_verb = {
    "complete", "Run", "Continue a text, or answer one question with --chat",
    "  freehold complete --model smollm2-135m-instruct --chat 'Why is the sky blue?'\n"
    "  freehold complete -m model.gguf --temperature 0 -n 32 'Once upon a time'\n",
    make_command<Complete>};

}  // namespace freehold::cli
