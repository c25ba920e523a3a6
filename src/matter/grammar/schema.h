// JSON Schema, draft 2020-12, as an expression over the bytes of JSON. What it cannot enforce is
// an error with the keyword and its JSON pointer; docs/guide/serve.md lists what it can.
//
// Members come in the schema's order. Names that the schema does not list come after them.
#pragma once

#include "freehold/result.h"
#include "freehold/value.h"
#include "grammar/nodes.h"

namespace freehold::grammar {

Result<NodeId> compile_schema(Nodes& nodes, const Value& schema);

}  // namespace freehold::grammar
