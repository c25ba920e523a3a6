// Regular expressions: characters, classes with ranges and \d \w \s and their opposites, groups
// (capturing, named or not), alternation, repetition (greedy or lazy, which is the same here),
// anchors at either end. Not: look-around, back references, word boundaries, flags, \p{…}. ASCII
// for \d and \w; a dot is any character but a line's end.
#pragma once

#include <string_view>

#include "freehold/result.h"
#include "grammar/code_points.h"
#include "grammar/nodes.h"

namespace freehold::grammar {

enum class Anchoring {
  whole,   // the expression is all of the text
  search,  // the expression is somewhere in the text, unless ^ and $ say where
};

// Errors name the byte offset.
Result<NodeId> parse_regex(Nodes& nodes, std::string_view pattern, Spelling spelling,
                           Anchoring anchoring);

}  // namespace freehold::grammar
