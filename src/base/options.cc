#include "base/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

namespace freehold {
namespace {

template <class Number>
Result<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status == std::errc::result_out_of_range) {
    return fail(ErrorCode::usage, fmt::format("{} is out of range", text));
  }
  if (status != std::errc() || end != text.data() + text.size()) {
    return fail(ErrorCode::usage,
                fmt::format("\"{}\" is not a {}", text,
                            std::is_floating_point_v<Number> ? "number" : "whole number"));
  }
  if constexpr (std::is_floating_point_v<Number>) {
    if (!std::isfinite(number)) return fail(ErrorCode::usage, "must be a finite number");
  }
  return number;
}

Result<bool> parse_flag(std::string_view text) {
  if (text == "true" || text == "1" || text == "yes" || text == "on") return true;
  if (text == "false" || text == "0" || text == "no" || text == "off") return false;
  return fail(ErrorCode::usage, fmt::format("\"{}\" is neither true nor false", text));
}

struct Assign {
  const std::vector<std::string>& texts;
  const std::string& last = texts.back();

  Result<void> operator()(bool* target) const { return store(target, parse_flag(last)); }
  Result<void> operator()(std::string* target) const {
    *target = last;
    return {};
  }
  Result<void> operator()(std::vector<std::string>* target) const {
    *target = texts;
    return {};
  }
  template <class Number>
  Result<void> operator()(Number* target) const {
    return store(target, parse_number<Number>(last));
  }
  template <class Number>
  Result<void> operator()(std::optional<Number>* target) const {
    return store(target, parse_number<Number>(last));
  }
  template <class Target, class Parsed>
  static Result<void> store(Target* target, Result<Parsed> parsed) {
    if (!parsed) return fail(std::move(parsed).error());
    *target = *parsed;
    return {};
  }
};

struct Show {
  std::string operator()(const bool* target) const { return *target ? "true" : ""; }
  std::string operator()(const std::string* target) const { return *target; }
  std::string operator()(const std::vector<std::string>* target) const {
    return fmt::format("{}", fmt::join(*target, ", "));
  }
  template <class Number>
  std::string operator()(const Number* target) const {
    return fmt::format("{}", *target);
  }
  template <class Number>
  std::string operator()(const std::optional<Number>* target) const {
    return target->has_value() ? fmt::format("{}", **target) : "";
  }
};

std::string flag_text(const Option& option) {
  std::string text = option.letter() != 0 ? fmt::format("-{}, ", option.letter()) : "    ";
  text += "--" + option.name();
  if (!option.is_flag()) text += " " + option.placeholder();
  return text;
}

std::vector<std::string> texts_of(const Value& value) {
  if (const auto* text = value.as_string()) return {*text};
  if (const auto* flag = value.as_bool()) return {*flag ? "true" : "false"};
  if (const auto* integer = value.as_integer()) return {std::to_string(*integer)};
  if (const auto* real = value.as_double()) return {fmt::format("{}", *real)};
  std::vector<std::string> texts;
  if (const auto* list = value.as_list()) {
    for (const Value& item : *list) {
      for (std::string& text : texts_of(item)) texts.push_back(std::move(text));
    }
  }
  return texts;
}

}  // namespace

Option::Option(std::string name, Target target, std::string placeholder, std::string help)
    : name_(std::move(name)),
      target_(target),
      placeholder_(std::move(placeholder)),
      help_(std::move(help)),
      default_(std::visit(Show{}, target_)) {}

Option& Option::short_name(char letter) {
  letter_ = letter;
  return *this;
}
Option& Option::positional() {
  positional_ = true;
  return *this;
}
Option& Option::required() {
  required_ = true;
  return *this;
}
Option& Option::one_of(std::vector<std::string> choices) {
  choices_ = std::move(choices);
  return *this;
}

Result<void> Option::assign(const std::vector<std::string>& texts) {
  CHECK(!texts.empty());
  for (const std::string& text : texts) {
    if (!choices_.empty() && std::ranges::find(choices_, text) == choices_.end()) {
      return fail(ErrorCode::usage,
                  fmt::format("\"{}\" is not one of {}", text, fmt::join(choices_, ", ")));
    }
  }
  TRY(std::visit(Assign{texts}, target_));
  set_ = true;
  return {};
}

Option& Options::add(std::string name, Option::Target target, std::string placeholder,
                     std::string help) {
  return options_.emplace_back(std::move(name), target, std::move(placeholder), std::move(help));
}

Result<void> Options::parse(const std::vector<std::string>& arguments, const Value& file,
                            const std::function<const char*(const char*)>& environment) {
  CLI::App app;
  app.set_help_flag();
  std::vector<std::vector<std::string>> given(options_.size());
  std::vector<CLI::Option*> handles;
  for (std::size_t i = 0; i < options_.size(); ++i) {
    const Option& option = options_[i];
    std::string names = option.is_positional() ? option.name() : "--" + option.name();
    if (option.letter() != 0) names += fmt::format(",-{}", option.letter());
    CLI::Option* handle = option.is_flag() ? app.add_flag(names) : app.add_option(names, given[i]);
    if (!option.is_flag() && !option.is_list()) handle->expected(1);
    if (!option.is_positional()) handle->allow_extra_args(false);  // the next word is not a value
    if (option.is_list() && !option.is_positional()) {
      handle->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    }
    handles.push_back(handle);
  }
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    return fail(ErrorCode::usage, error.what(), fmt::format("freehold help {}", verb_));
  }
  for (std::size_t i = 0; i < options_.size(); ++i) {
    if (handles[i]->count() == 0) continue;
    if (options_[i].is_flag()) given[i] = {"true"};
    TRY_IN("--" + options_[i].name(), options_[i].assign(given[i]));
  }
  TRY(fill_from_environment(environment));
  TRY(fill_from_file(file));
  for (const Option& option : options_) {
    if (option.is_required() && !option.was_set()) {
      const std::string what = option.is_positional() ? option.placeholder() : "--" + option.name();
      return fail(ErrorCode::usage, fmt::format("{} is missing", what),
                  fmt::format("freehold help {}", verb_));
    }
  }
  return {};
}

Result<void> Options::fill_from_environment(
    const std::function<const char*(const char*)>& environment) {
  for (Option& option : options_) {
    if (option.was_set() || option.is_positional()) continue;
    const std::string name = environment_name(option);
    const char* text = environment(name.c_str());
    if (text != nullptr && *text != '\0') TRY_IN(name, option.assign({text}));
  }
  return {};
}

Result<void> Options::fill_from_file(const Value& file) {
  const Value* table = file.find(verb_);
  if (table == nullptr) return {};
  const Object* members = table->as_object();
  if (members == nullptr) {
    return fail(ErrorCode::invalid, fmt::format("configuration file: {} is not a table", verb_));
  }
  for (const auto& [key, value] : *members) {
    const std::string where = fmt::format("configuration file: {}.{}", verb_, key);
    const auto option = std::ranges::find(options_, key, &Option::name);
    if (option == options_.end()) {
      return fail(ErrorCode::invalid, where + ": unknown key",
                  fmt::format("freehold help {}", verb_));
    }
    const std::vector<std::string> texts = texts_of(value);
    if (texts.empty()) return fail(ErrorCode::invalid, where + ": not a plain value or a list");
    if (option->was_set()) continue;
    if (auto assigned = option->assign(texts); !assigned) {
      return fail(ErrorCode::invalid, where + ": " + assigned.error().message);
    }
  }
  return {};
}

std::string Options::environment_name(const Option& option) const {
  std::string name = fmt::format("FREEHOLD_{}_{}", verb_, option.name());
  for (char& c : name) c = c == '-' ? '_' : static_cast<char>(std::toupper(c));
  return name;
}

std::string Options::usage_line() const {
  std::string line = "freehold " + verb_ + " [options]";
  for (const Option& option : options_) {
    if (!option.is_positional()) continue;
    std::string text = option.placeholder() + (option.is_list() ? "…" : "");
    line += option.is_required() ? " " + text : " [" + text + "]";
  }
  return line;
}

std::string Options::help() const {
  std::size_t width = 0;
  for (const Option& option : options_) {
    if (!option.is_positional()) width = std::max(width, flag_text(option).size());
  }
  std::string text;
  for (const Option& option : options_) {
    const std::string left =
        option.is_positional() ? "    " + option.placeholder() : flag_text(option);
    text += fmt::format("  {:<{}}  {}", left, width, option.help());
    if (!option.choices().empty()) text += fmt::format(" ({})", fmt::join(option.choices(), ", "));
    if (!option.default_text().empty()) text += fmt::format(" [{}]", option.default_text());
    text += '\n';
  }
  return text;
}

std::string Options::markdown() const {
  std::string text = "| option | environment | default | |\n|---|---|---|---|\n";
  for (const Option& option : options_) {
    const std::string flag = option.is_positional()
                                 ? option.placeholder()
                                 : flag_text(option).substr(option.letter() != 0 ? 0 : 4);
    text += fmt::format("| `{}` | {} | {} | {} |\n", flag,
                        option.is_positional() ? "" : "`" + environment_name(option) + "`",
                        option.default_text().empty() ? "" : "`" + option.default_text() + "`",
                        option.help());
  }
  return text;
}

}  // namespace freehold
