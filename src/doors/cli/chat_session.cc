#include "cli/chat_session.h"

#include <fmt/format.h>

#include <algorithm>

namespace freehold::cli {
namespace {

constexpr const char* commands =
    "/system TEXT      what the system message says; without TEXT: none\n"
    "/set NAME VALUE   temperature, top-k, top-p, min-p, repetition-penalty, seed, max-tokens\n"
    "/show             the settings\n"
    "/reset            forget the conversation\n"
    "/quit             leave (so does Ctrl-D)\n";

// The first word, and the rest without the spaces between.
std::pair<std::string, std::string> split(const std::string& text) {
  const std::size_t space = text.find(' ');
  if (space == text.npos) return {text, ""};
  const std::size_t rest = text.find_first_not_of(' ', space);
  return {text.substr(0, space), rest == text.npos ? "" : text.substr(rest)};
}

}  // namespace

ChatSession::Turn ChatSession::take(const std::string& line) {
  if (unfinished_.empty() && line.starts_with('/')) {
    const auto [name, argument] = split(line);
    if (name == "/quit" || name == "/exit" || name == "/bye") return {.leave = true};
    return {.text = command(name, argument)};
  }
  if (line.ends_with('\\')) {
    unfinished_ += line.substr(0, line.size() - 1) + "\n";
    return {};
  }
  messages_.push_back(message("user", unfinished_ + line));
  unfinished_.clear();
  return {.ask = true};
}

std::string ChatSession::command(const std::string& name, const std::string& argument) {
  if (name == "/help" || name == "/?") return commands;
  if (name == "/show") return show();
  if (name == "/set") return set(argument);
  if (name == "/reset" || name == "/clear") {
    messages_.clear();
    return "The conversation starts anew.\n";
  }
  if (name == "/system") {
    system_ = argument;
    return system_.empty() ? "No system message.\n" : "The system message is set.\n";
  }
  return fmt::format("There is no command {}.\n{}", name, commands);
}

std::string ChatSession::set(const std::string& argument) {
  const auto [name, value] = split(argument);
  Options options("chat");
  SamplingOptions changed = sampling_;
  changed.declare(options);
  const auto known = std::ranges::find(options.all(), name, &Option::name);
  if (known == options.all().end() || value.empty()) return commands;
  const auto nothing = [](const char*) -> const char* { return nullptr; };
  if (auto parsed = options.parse({"--" + name + "=" + value}, {}, nothing); !parsed) {
    return parsed.error().message + "\n";
  }
  sampling_ = changed;
  return fmt::format("{} is {}.\n", name, value);
}

std::string ChatSession::show() const {
  SamplingOptions copy = sampling_;
  Options options("chat");
  copy.declare(options);
  std::string text = fmt::format("model               {}\n", generator_.card().name);
  for (const Option& option : options.all()) {
    text += fmt::format("{:<18}  {}\n", option.name(),
                        option.default_text().empty() ? "the model's own" : option.default_text());
  }
  return text + fmt::format("{:<18}  {}\n", "system", system_.empty() ? "none" : system_);
}

Result<Completion> ChatSession::answer(const std::function<bool(const Delta&)>& on_delta) {
  Chat chat;
  if (!system_.empty()) chat.messages.push_back(message("system", system_));
  chat.messages.insert(chat.messages.end(), messages_.begin(), messages_.end());
  Request request;
  request.prompt = std::move(chat);
  request.sampling = sampling_.sampling();
  request.stop = sampling_.stops();
  Result<Completion> completion = generator_.complete(std::move(request), on_delta);
  if (completion) {
    messages_.push_back(message("assistant", completion->text));
  } else {
    messages_.pop_back();
  }
  return completion;
}

}  // namespace freehold::cli
