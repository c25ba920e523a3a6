#include "text/jinja/arguments.h"

#include <fmt/format.h>

#include <algorithm>

#include "text/jinja/operations.h"

namespace freehold::text::jinja {

bool Bound::flag(std::size_t index, bool otherwise) const {
  return has(index) ? truth(values_[index]) : otherwise;
}

Result<std::int64_t> Bound::integer(std::size_t index, std::int64_t otherwise) const {
  if (!has(index)) return otherwise;
  return whole(values_[index], "an argument");
}

Result<std::string_view> Bound::text(std::size_t index, std::string_view otherwise) const {
  if (!has(index)) return otherwise;
  if (values_[index].is_string()) return values_[index].text();
  return type_error(
      fmt::format("an argument must be a string, not '{}'", type_name(values_[index])));
}

Result<Bound> bind(const Arguments& arguments, std::string_view function,
                   std::initializer_list<std::string_view> parameters, std::size_t required) {
  if (arguments.positional.size() > parameters.size()) {
    return type_error(fmt::format("{}() takes at most {} arguments ({} given)", function,
                                  parameters.size(), arguments.positional.size()));
  }
  Bound bound(parameters.size());
  for (std::size_t i = 0; i < arguments.positional.size(); ++i) {
    bound.set(i, arguments.positional[i]);
  }
  for (const auto& [name, value] : arguments.named) {
    const auto* found = std::ranges::find(parameters, name);
    if (found == parameters.end()) {
      return type_error(fmt::format("{}() has no parameter '{}'", function, name));
    }
    const auto index = static_cast<std::size_t>(found - parameters.begin());
    if (bound.has(index)) {
      return type_error(fmt::format("{}() got two values for '{}'", function, name));
    }
    bound.set(index, value);
  }
  for (std::size_t i = 0; i < required; ++i) {
    if (!bound.has(i)) {
      return type_error(
          fmt::format("{}() misses its argument '{}'", function, parameters.begin()[i]));
    }
  }
  return bound;
}

}  // namespace freehold::text::jinja
