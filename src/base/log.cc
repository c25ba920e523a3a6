#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace freehold::log {
namespace {

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = std::make_shared<spdlog::logger>("freehold",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("time=%Y-%m-%dT%H:%M:%S.%e%z level=%l %v");
    made->set_level(spdlog::level::warn);
    made->flush_on(spdlog::level::debug);
    return made;
  }();
  return *instance;
}

bool is_plain(std::string_view value) {
  for (const char c : value) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '\\' || c == '=' || c == 0x7f) {
      return false;
    }
  }
  return !value.empty();
}

void append_quoted(std::string& line, std::string_view value) {
  line += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (c == '\n') {
      line += "\\n";
    } else if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) {
      line += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      line += c;
    }
  }
  line += '"';
}

void write(spdlog::level::level_enum level, std::string_view event, Fields fields) {
  if (!logger().should_log(level)) return;
  std::string line = fmt::format("event={}", event);
  for (const Field& field : fields) {
    line += fmt::format(" {}=", field.key);
    if (is_plain(field.value)) {
      line += field.value;
    } else {
      append_quoted(line, field.value);
    }
  }
  logger().log(level, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace

Field::Field(std::string_view name, double number)
    : key(name), value(fmt::format("{:.6g}", number)) {}

void set_level(Level level) {
  constexpr spdlog::level::level_enum levels[] = {spdlog::level::debug, spdlog::level::info,
                                                  spdlog::level::warn, spdlog::level::err,
                                                  spdlog::level::off};
  logger().set_level(levels[static_cast<int>(level)]);
}

void debug(std::string_view event, Fields fields) {
  write(spdlog::level::debug, event, fields);
}
void info(std::string_view event, Fields fields) {
  write(spdlog::level::info, event, fields);
}
void warning(std::string_view event, Fields fields) {
  write(spdlog::level::warn, event, fields);
}
void error(std::string_view event, Fields fields) {
  write(spdlog::level::err, event, fields);
}

}  // namespace freehold::log
