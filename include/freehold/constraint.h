// What an answer must be, as whoever asks says it. What it means is the engine's: one that cannot
// be enforced is refused.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "freehold/value.h"

namespace freehold {

// Any JSON object.
struct JsonObject {
  bool operator==(const JsonObject&) const = default;
};
// JSON of a schema, draft 2020-12.
struct JsonSchema {
  Value schema;
  bool operator==(const JsonSchema&) const = default;
};
// The whole answer matches a regular expression.
struct Pattern {
  std::string regex;
  bool operator==(const Pattern&) const = default;
};
// A grammar in GBNF; `root` is the answer.
struct Gbnf {
  std::string text;
  bool operator==(const Gbnf&) const = default;
};
// One of these texts.
struct Choice {
  std::vector<std::string> texts;
  bool operator==(const Choice&) const = default;
};

using Constraint = std::variant<std::monostate, JsonObject, JsonSchema, Pattern, Gbnf, Choice>;

}  // namespace freehold
