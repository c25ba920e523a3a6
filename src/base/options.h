// Options declared once: from one declaration come the flag, the environment variable, the key in
// the configuration file, the help text and the reference page. Parsing of argv is CLI11's, of
// files toml++'s, behind base/toml.h.
//
// Precedence: flag, then FREEHOLD_<VERB>_<NAME>, then `name` in the table [<verb>] of the
// configuration file, then the default that the variable held when it was declared.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "freehold/result.h"
#include "freehold/value.h"

namespace freehold {

class Option {
 public:
  using Target = std::variant<bool*, std::string*, std::vector<std::string>*, std::uint16_t*,
                              std::uint32_t*, std::uint64_t*, double*, std::optional<double>*,
                              std::optional<std::uint32_t>*, std::optional<std::uint64_t>*>;

  Option(std::string name, Target target, std::string placeholder, std::string help);

  Option& short_name(char letter);
  Option& positional();  // given by place instead of by flag; a vector takes all that remain
  Option& required();
  Option& one_of(std::vector<std::string> choices);

  const std::string& name() const { return name_; }
  const std::string& placeholder() const { return placeholder_; }
  const std::string& help() const { return help_; }
  const std::string& default_text() const { return default_; }
  const std::vector<std::string>& choices() const { return choices_; }
  char letter() const { return letter_; }
  bool is_positional() const { return positional_; }
  bool is_required() const { return required_; }
  bool is_flag() const { return std::holds_alternative<bool*>(target_); }
  bool is_list() const { return std::holds_alternative<std::vector<std::string>*>(target_); }
  bool was_set() const { return set_; }

  // Sets the variable from text; `usage` says what was expected.
  Result<void> assign(const std::vector<std::string>& texts);

 private:
  std::string name_;
  Target target_;
  std::string placeholder_;
  std::string help_;
  std::string default_;
  std::vector<std::string> choices_;
  char letter_ = 0;
  bool positional_ = false;
  bool required_ = false;
  bool set_ = false;
};

class Options {
 public:
  explicit Options(std::string verb) : verb_(std::move(verb)) {}

  // The reference stays valid only until the next add.
  Option& add(std::string name, Option::Target target, std::string placeholder, std::string help);
  Option& flag(std::string name, bool& target, std::string help) {
    return add(std::move(name), &target, "", std::move(help));
  }

  // `usage` for anything that cannot be understood. `file` is the configuration file as a value
  // (an object of tables); an unknown key in the verb's table is `invalid`.
  Result<void> parse(const std::vector<std::string>& arguments, const Value& file,
                     const std::function<const char*(const char*)>& environment);

  const std::string& verb() const { return verb_; }
  const std::vector<Option>& all() const { return options_; }

  std::string environment_name(const Option& option) const;  // FREEHOLD_SERVE_MAX_TOKENS
  std::string usage_line() const;                            // freehold serve [options] MODEL
  std::string help() const;                                  // the options, aligned, with defaults
  std::string markdown() const;                              // a table for the reference page

 private:
  Result<void> fill_from_environment(const std::function<const char*(const char*)>& environment);
  Result<void> fill_from_file(const Value& file);

  std::string verb_;
  std::vector<Option> options_;
};

// The configuration file at `path` as a Value; `invalid` names line and column.
Result<Value> read_config_file(const std::string& path);

}  // namespace freehold
