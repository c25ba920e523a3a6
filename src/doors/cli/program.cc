#include "cli/program.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "base/log.h"
#include "cli/command.h"
#include "cli/help.h"
#include "cli/print.h"
#include "hub/store.h"

namespace freehold::cli {
namespace {

bool contains(const std::vector<std::string>& arguments, std::string_view flag) {
  for (const std::string& argument : arguments) {
    if (argument == "--") return false;
    if (argument == flag) return true;
  }
  return false;
}

int tell(const Error& error, bool json) {
  const int code = static_cast<int>(error.code);
  if (json) {
    print_json(Object{{"error", Object{{"code", std::string(name_of(error.code))},
                                       {"message", error.message},
                                       {"hint", error.hint}}}});
    return code;
  }
  std::fputs(fmt::format("freehold: {}\n", error.message).c_str(), stderr);
  if (!error.hint.empty()) std::fputs(fmt::format("  try: {}\n", error.hint).c_str(), stderr);
  return code;
}

const Verb* find_verb(std::string_view name) {
  for (const Verb* verb : all_verbs()) {
    if (verb->name == name) return verb;
  }
  return nullptr;
}

Result<void> apply_log_level(const std::string& level) {
  constexpr std::string_view names[] = {"debug", "info", "warning", "error", "off"};
  const auto found = std::ranges::find(names, level);
  if (found == std::end(names)) return fail(ErrorCode::usage, "--log-level: unknown level");
  log::set_level(static_cast<log::Level>(found - std::begin(names)));
  return {};
}

// The configuration file: the one that --config names, else config.toml in the home, if it exists.
Result<Value> read_settings(const std::vector<std::string>& arguments,
                            const std::filesystem::path& home) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].starts_with("--config=")) return read_config_file(arguments[i].substr(9));
    if (arguments[i] == "--config" && i + 1 < arguments.size()) {
      return read_config_file(arguments[i + 1]);
    }
  }
  std::error_code unused;
  const std::filesystem::path standard = home / "config.toml";
  if (std::filesystem::exists(standard, unused)) return read_config_file(standard.string());
  return Value();
}

Result<int> run_verb(const Verb& verb, const std::vector<std::string>& arguments) {
  Context context;
  context.home = TRY(hub::home_directory());
  const std::unique_ptr<Command> command = verb.make();
  Options options{std::string(verb.name)};
  CommonOptions common;
  command->declare(options);
  common.declare(options);
  const Value settings = TRY(read_settings(arguments, context.home));
  TRY(options.parse(arguments, settings, [](const char* name) { return std::getenv(name); }));
  context.json = common.json;
  if (!common.log_level.empty()) TRY(apply_log_level(common.log_level));
  return command->run(context);
}

}  // namespace

int run_program(std::vector<std::string> arguments) {
  ::signal(SIGPIPE, SIG_IGN);
  const bool json = contains(arguments, "--json");
  if (arguments.empty() || arguments[0] == "help" || arguments[0] == "--help" ||
      arguments[0] == "-h") {
    if (!arguments.empty()) arguments.erase(arguments.begin());
    const Result<std::string> text = help_for(arguments);
    if (!text) return tell(text.error(), json);
    print(*text);
    return 0;
  }
  if (arguments[0] == "--version" || arguments[0] == "version") {
    if (json) {
      print_json(Object{{"name", "freehold"}, {"version", version}});
    } else {
      print(fmt::format("freehold {}\n", version));
    }
    return 0;
  }
  const Verb* verb = find_verb(arguments[0]);
  if (verb == nullptr) {
    return tell(
        {ErrorCode::usage, fmt::format("there is no verb \"{}\"", arguments[0]), "freehold help"},
        json);
  }
  arguments.erase(arguments.begin());
  if (contains(arguments, "--help") || contains(arguments, "-h")) {
    print(help_for({std::string(verb->name)}).value());
    return 0;
  }
  const Result<int> code = run_verb(*verb, arguments);
  return code ? *code : tell(code.error(), json);
}

}  // namespace freehold::cli
