// Events for the operator: one line of key=value on standard error. Not results, which go to
// standard output, and not progress bars.
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

namespace freehold::log {

enum class Level { debug, info, warning, error, off };

struct Field {
  std::string_view key;
  std::string value;

  Field(std::string_view name, std::string_view text) : key(name), value(text) {}
  Field(std::string_view name, const std::string& text) : key(name), value(text) {}
  Field(std::string_view name, const char* text) : key(name), value(text) {}
  Field(std::string_view name, bool flag) : key(name), value(flag ? "true" : "false") {}
  Field(std::string_view name, std::integral auto number)
      : key(name), value(std::to_string(number)) {}
  Field(std::string_view name, double number);
};

using Fields = std::initializer_list<Field>;

// Events below this level are dropped. Starts at `warning`; servers lower it to `info`.
void set_level(Level level);

// `event` is a dotted name such as "hub.retry". Values with spaces, quotes or control characters
// are quoted and escaped, so that one event is always one line.
void debug(std::string_view event, Fields fields = {});
void info(std::string_view event, Fields fields = {});
void warning(std::string_view event, Fields fields = {});
void error(std::string_view event, Fields fields = {});

}  // namespace freehold::log
