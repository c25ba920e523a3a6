// The pieces that JSON is made of, as expressions. White space: none but one optional space after
// each comma and colon, as models and libraries write it on one line.
#pragma once

#include <string_view>

#include "freehold/value.h"
#include "grammar/nodes.h"

namespace freehold::grammar {

NodeId comma(Nodes& nodes);
NodeId colon(Nodes& nodes);
NodeId quoted(Nodes& nodes, NodeId content);

// One character of a string as it stands between quotes, in any of the ways that JSON allows.
NodeId any_spelling(Nodes& nodes);
// Any name of a member, spelled in one way only (Spelling::json): two that differ are different.
NodeId any_name(Nodes& nodes);

// Numbers of at most 18 digits, with a fraction and an exponent if they are not whole.
NodeId any_integer(Nodes& nodes);
NodeId any_number(Nodes& nodes);

// Exactly this value, objects in its own order.
NodeId exactly(Nodes& nodes, const Value& value);

// Expressions for any JSON that may be nested; made once for a grammar.
struct AnyJsonNodes {
  NodeId value;
  NodeId object;
  NodeId array;
};
AnyJsonNodes any_json(Nodes& nodes);

}  // namespace freehold::grammar
