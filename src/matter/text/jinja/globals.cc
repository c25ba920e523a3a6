#include "text/jinja/globals.h"

#include <fmt/format.h>

#include <ctime>

#include "text/jinja/arguments.h"
#include "text/jinja/operations.h"
#include "text/jinja/print.h"

namespace freehold::text::jinja {
namespace {

constexpr std::size_t max_range = 100'000;  // as Jinja's sandbox has it
constexpr std::size_t max_date_format_bytes = 4096;

template <class T>
Result<Value> made(Workspace& workspace, Kind kind, std::unique_ptr<T> thing,
                   std::size_t bytes = 0) {
  const Ref<T> ref = TRY(workspace.adopt(std::move(thing), bytes));
  return Value(kind, ref.get());
}

Result<Value> range(Workspace& workspace, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "range", {"start", "stop", "step"}, 1));
  auto result = std::make_unique<Range>();
  if (given.has(1)) {
    result->start = TRY(whole(given[0], "range()'s start"));
    result->stop = TRY(whole(given[1], "range()'s end"));
  } else {
    result->stop = TRY(whole(given[0], "range()'s end"));
  }
  result->step = TRY(given.integer(2, 1));
  if (result->step == 0) return type_error("range() arg 3 must not be zero");
  if (result->size() > max_range) {
    return type_error(fmt::format("a range of more than {} numbers", max_range));
  }
  return made(workspace, Kind::range, std::move(result));
}

// dict(mapping or pairs, name=value, …)
Result<Ref<Dict>> collect(Workspace& workspace, const Arguments& arguments) {
  if (arguments.positional.size() > 1) return type_error("dict expected at most 1 argument");
  const Ref<Dict> dict = TRY(make_dict(workspace));
  if (!arguments.positional.empty()) {
    Value pairs = arguments.positional[0];
    if (pairs.is(Kind::dict)) pairs = TRY(make_view(workspace, pairs, View::Part::items));
    for (const Value& pair : TRY(items_of(workspace, pairs))) {
      std::vector<Value> parts = TRY(items_of(workspace, pair));
      if (parts.size() != 2) return type_error("dict() needs pairs");
      TRY(dict->set(workspace, std::move(parts[0]), std::move(parts[1])));
    }
  }
  for (const auto& [name, value] : arguments.named) {
    Value key = TRY(make_string(workspace, name));
    TRY(dict->set(workspace, std::move(key), value));
  }
  return dict;
}

Result<Value> dict(Workspace& workspace, const Arguments& arguments) {
  return value_of(TRY(collect(workspace, arguments)));
}

Result<Value> name_space(Workspace& workspace, const Arguments& arguments) {
  auto result = std::make_unique<Namespace>();
  result->attributes = TRY(collect(workspace, arguments));
  for (const auto& [name, value] : result->attributes->entries) {
    if (name.is_string() && name.text().starts_with('_')) {
      return type_error("a namespace's attribute cannot start with an underscore");
    }
  }
  return made(workspace, Kind::name_space, std::move(result));
}

Result<Value> cycler(Workspace& workspace, const Arguments& arguments) {
  if (arguments.positional.empty()) return type_error("at least one item has to be provided");
  auto result = std::make_unique<Cycler>();
  result->items = arguments.positional;
  return made(workspace, Kind::cycler, std::move(result),
              arguments.positional.size() * sizeof(Value));
}

Result<Value> joiner(Workspace& workspace, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "joiner", {"sep"}, 0));
  auto result = std::make_unique<Joiner>();
  result->separator = given.has(0) ? given[0] : TRY(make_string(workspace, ", "));
  return made(workspace, Kind::joiner, std::move(result));
}

Result<Value> raise_exception(Workspace& workspace, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "raise_exception", {"message"}, 1));
  const Value message = TRY(to_text(workspace, given[0]));
  return type_error(std::string(message.text()));
}

// Local time, which knows no zone: %Z and %z are empty, and there are no fractions of a second.
Result<Value> strftime_now(Workspace& workspace, const Arguments& arguments) {
  const Bound given = TRY(bind(arguments, "strftime_now", {"format"}, 1));
  const std::string_view pattern = TRY(given.text(0));
  if (pattern.size() > max_date_format_bytes) return type_error("a date format is too long");
  std::string format;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char next = pattern[i] == '%' && i + 1 < pattern.size() ? pattern[i + 1] : '\0';
    if (next == 'f') format += "000000";
    if (next == 'f' || next == 'z' || next == 'Z') {
      ++i;
      continue;
    }
    format += pattern[i];
    if (next != '\0') format += pattern[++i];
  }
  const auto now = static_cast<std::time_t>(workspace.now_unix_s());
  std::tm local{};
  if (localtime_r(&now, &local) == nullptr) return type_error("the time is out of range");
  std::string text(format.size() * 64 + 64, '\0');
  text.resize(std::strftime(text.data(), text.size(), format.c_str(), &local));
  return make_string(workspace, std::move(text));
}

Result<Value> lipsum(Workspace&, const Arguments&) {
  return type_error("'lipsum' is refused: a prompt is the same for the same conversation");
}

constexpr Function table[] = {{"range", range},
                              {"dict", dict},
                              {"namespace", name_space},
                              {"cycler", cycler},
                              {"joiner", joiner},
                              {"lipsum", lipsum},
                              {"raise_exception", raise_exception},
                              {"strftime_now", strftime_now}};

}  // namespace

std::span<const Function> global_functions() {
  return table;
}

}  // namespace freehold::text::jinja
