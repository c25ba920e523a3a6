// What is kept of a response: the response as it was told, and the items before it, so that it
// can be gone on from even when those it went on from are gone.
#pragma once

#include <optional>
#include <string>

#include "freehold/value.h"
#include "server/response_store.h"

namespace freehold::server {

Value stored_response(Value response, List items_before);
// The two parts; of what is no stored response, empty.
Value response_of(const Value& stored);
List items_before(const Value& stored);
// The items before it and its own.
List conversation_of(const Value& stored);

// Ids of a response's items name the response: "msg_X_1" is an item of "resp_X".
std::string item_id(std::string_view prefix, const std::string& response_id, std::size_t number);
std::optional<Value> find_item(const ResponseStore& store, std::string_view id);

}  // namespace freehold::server
