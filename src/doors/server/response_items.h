// The items of which /v1/responses makes a conversation (messages, thoughts, calls of tools and
// their results), and the messages that chat templates know.
#pragma once

#include <string>
#include <string_view>

#include "freehold/value.h"
#include "server/api_error.h"

namespace freehold::server {

// Input, checked and in full form: every item has its type, its content as a list of parts, and an
// id. A text alone is what the user says. `place` names the field in complaints. References to
// items stay as they are.
Parsed<List> parse_items(const Value& input, const std::string& place);

// What templates are told: thoughts, text and calls that follow each other are one message of the
// assistant's. Takes only items that parse_items() or an answer made.
List messages_of(const List& items);

}  // namespace freehold::server
