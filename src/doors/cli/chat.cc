// freehold chat: a conversation at the terminal.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "cli/answer.h"
#include "cli/chat_session.h"
#include "cli/interrupt.h"
#include "cli/line_editor.h"
#include "cli/print.h"
#include "cli/verbs.h"

namespace freehold::cli {
namespace {

class ChatVerb : public Command {
 public:
  void declare(Options& options) override {
    model_.declare(options);
    sampling_.declare(options);
    options.add("system", &system_, "TEXT", "what the system message says");
  }

  Result<int> run(const Context& context) override {
    if (context.json) {
      return fail(ErrorCode::usage, "a conversation has no JSON form",
                  "freehold complete --chat --json 'a question'");
    }
    const auto generator = TRY(open_generator(context, model_));
    ChatSession session(*generator, sampling_, system_);
    print(fmt::format("{}. /help shows the commands, Ctrl-D leaves.\n", generator->card().name));
    LineEditor editor(context.home / "history");
    std::string line;
    while (true) {
      const LineEditor::Got got = editor.read("> ", line);
      if (got == LineEditor::Got::end) break;
      if (got == LineEditor::Got::interrupted || line.empty()) continue;
      const ChatSession::Turn turn = session.take(line);
      if (turn.leave) break;
      print(turn.text);
      if (turn.ask) TRY(answer(session));
    }
    print("\n");
    return 0;
  }

 private:
  // A failed answer is told and the conversation goes on; only our own faults end it.
  static Result<void> answer(ChatSession& session) {
    const Interrupt interrupt;
    bool thinking = false;
    const Result<Completion> completion = session.answer([&](const Delta& delta) {
      if (!delta.reasoning.empty()) think(delta.reasoning);
      thinking = thinking || !delta.reasoning.empty();
      if (!delta.text.empty() && std::exchange(thinking, false)) think("\n\n");
      print(delta.text);
      return !Interrupt::seen();
    });
    if (!completion && completion.error().code == ErrorCode::internal) {
      return fail(completion.error());
    }
    print("\n");
    const std::string note = completion ? speed_text(completion->outcome.usage)
                                        : "freehold: " + completion.error().message;
    std::fputs((note + "\n").c_str(), stderr);
    return {};
  }

  // Thoughts are no result: they are shown beside it, and only to people.
  static void think(const std::string& text) {
    if (::isatty(STDERR_FILENO) == 1) std::fputs(("\033[2m" + text + "\033[0m").c_str(), stderr);
  }

  ModelOptions model_;
  SamplingOptions sampling_;
  std::string system_;
};

}  // namespace

const Verb chat_verb = {
    "chat", "Run", "Chat with a model at the terminal",
    "  freehold chat --model smollm2-135m-instruct --temperature 0\n"
    "Inside: /system TEXT, /set NAME VALUE, /reset, /show, /help, /quit.\n"
    "Ctrl-C stops an answer, Ctrl-D leaves; \\ at a line's end goes on below.\n",
    make_command<ChatVerb>};

}  // namespace freehold::cli
