// llama.cpp's EBNF: rules `name ::= …` of literals, classes, groups, alternatives, references and
// repetitions; comments after #. The rule `root` is the answer.
#pragma once

#include <string_view>

#include "freehold/result.h"
#include "grammar/nodes.h"

namespace freehold::grammar {

// Errors name the line.
Result<NodeId> parse_gbnf(Nodes& nodes, std::string_view text);

}  // namespace freehold::grammar
