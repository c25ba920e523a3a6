#include "server/stored_response.h"

#include <fmt/format.h>

namespace freehold::server {
namespace {

List list_of(const Value& value, std::string_view name) {
  const Value* member = value.find(name);
  const List* list = member != nullptr ? member->as_list() : nullptr;
  return list != nullptr ? *list : List{};
}

}  // namespace

Value stored_response(Value response, List items_before) {
  return Object{{"response", std::move(response)}, {"input", std::move(items_before)}};
}

Value response_of(const Value& stored) {
  const Value* response = stored.find("response");
  return response != nullptr ? *response : Value();
}

List items_before(const Value& stored) {
  return list_of(stored, "input");
}

List conversation_of(const Value& stored) {
  List items = items_before(stored);
  for (Value& item : list_of(response_of(stored), "output")) items.push_back(std::move(item));
  return items;
}

std::string item_id(std::string_view prefix, const std::string& response_id, std::size_t number) {
  return fmt::format("{}_{}_{}", prefix, response_id.substr(response_id.find('_') + 1), number);
}

std::optional<Value> find_item(const ResponseStore& store, std::string_view id) {
  const std::size_t first = id.find('_');
  const std::size_t last = id.rfind('_');
  if (first == id.npos || first == last) return {};
  const auto stored = store.get(fmt::format("resp_{}", id.substr(first + 1, last - first - 1)));
  if (!stored) return {};
  for (Value& item : list_of(response_of(*stored), "output")) {
    const Value* own = item.find("id");
    if (own != nullptr && *own == Value(id)) return std::move(item);
  }
  return {};
}

}  // namespace freehold::server
