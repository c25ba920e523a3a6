// freehold render: the prompt that a model's chat template makes of a conversation.
#include <fmt/format.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/open.h"
#include "cli/print.h"
#include "cli/verbs.h"
#include "text/chat_template.h"

namespace freehold::cli {
namespace {

constexpr std::size_t max_request_bytes = 64u << 20;
constexpr std::size_t max_template_bytes = 1u << 20;

Result<Chat> read_chat(const std::string& text) {
  const Value request = TRY(parse_json(text));
  const Object* members = request.as_object();
  if (members == nullptr) return fail(ErrorCode::invalid, "not a JSON object");
  Chat chat;
  for (const auto& [key, value] : *members) {
    if (key == "messages" && value.as_list() != nullptr) {
      chat.messages = *value.as_list();
    } else if (key == "tools" && (value.as_list() != nullptr || value.is_null())) {
      if (value.as_list() != nullptr) chat.tools = *value.as_list();
    } else if (key == "add_generation_prompt" && value.as_bool() != nullptr) {
      chat.add_generation_prompt = *value.as_bool();
    } else if (key == "chat_template_kwargs" && (value.as_object() != nullptr || value.is_null())) {
      if (value.as_object() != nullptr) chat.template_arguments = *value.as_object();
    } else if (key == "continue_final_message" && value.as_bool() != nullptr) {
      chat.continue_final_message = *value.as_bool();
    } else if (key == "messages" || key == "tools" || key == "add_generation_prompt" ||
               key == "continue_final_message" || key == "chat_template_kwargs") {
      return fail(ErrorCode::invalid, key + ": not of the right kind");
    }
  }
  return chat;
}

class Render : public Command {
 public:
  void declare(Options& options) override {
    options.add("model", &model_, "MODEL", model_help).short_name('m');
    options.add("template", &template_, "FILE", "use this template instead of the model's own");
  }

  Result<int> run(const Context& context) override {
    const std::string input =
        TRY_IN("standard input", read_descriptor(STDIN_FILENO, max_request_bytes));
    const Chat chat = TRY_IN("standard input", read_chat(input));
    const text::ChatTemplate chat_template = TRY(open_template(context));
    print(TRY(chat_template.render(chat, Clock::system().unix_time_s())));
    return 0;
  }

 private:
  Result<text::ChatTemplate> open_template(const Context& context) const {
    if (!template_.empty() && model_.empty()) {
      const std::string source = TRY(read_file(template_, max_template_bytes));
      return TRY_IN(template_, text::ChatTemplate::from_source(source, nullptr));
    }
    const auto path = TRY(find_model(context, model_));
    const auto checkpoint = TRY(formats::Checkpoint::open(path));
    const auto tokenizer = TRY(text::Tokenizer::open(checkpoint));
    if (!template_.empty()) {
      const std::string source = TRY(read_file(template_, max_template_bytes));
      return TRY_IN(template_, text::ChatTemplate::from_source(source, &tokenizer));
    }
    auto found = TRY(text::ChatTemplate::open(checkpoint, tokenizer));
    if (!found) {
      return fail(ErrorCode::invalid, path.string() + ": the model has no chat template",
                  "freehold render --template FILE");
    }
    return std::move(*found);
  }

  std::string model_;
  std::string template_;
};

}  // namespace

const Verb render_verb = {
    "render", "Look inside", "Show the prompt that a chat template makes of a conversation",
    "  echo '{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}' |\n"
    "    freehold render --model smollm2-135m-instruct\n"
    "The request may hold messages, tools, add_generation_prompt and chat_template_kwargs.\n",
    make_command<Render>};

}  // namespace freehold::cli
