// GET and DELETE /v1/responses/{response}, and its input: what was kept of earlier responses.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "server/endpoints.h"
#include "server/stored_response.h"

namespace freehold::server {
namespace {

constexpr std::size_t default_page = 20;
constexpr std::size_t max_page = 100;
constexpr std::size_t max_quoted_bytes = 64;

ApiError no_such(std::string_view id) {
  return {404, fmt::format("Response with id '{}' not found.", id.substr(0, max_quoted_bytes)),
          "invalid_request_error", "response_id", "not_found"};
}

// The value of a parameter of a query; these need no escapes.
std::string_view parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) {
      return pair.substr(name.size() + 1);
    }
  }
  return {};
}

std::string_view id_of(const Value& item) {
  const Value* id = item.find("id");
  return id != nullptr && id->as_string() != nullptr ? std::string_view(*id->as_string()) : "";
}

// A page of the items, the newest first unless asked otherwise.
Parsed<Value> page_of(List items, std::string_view query) {
  const std::string_view limit = parameter(query, "limit");
  std::size_t count = default_page;
  const auto read = std::from_chars(limit.data(), limit.data() + limit.size(), count);
  const bool whole = limit.empty() || (read.ec == std::errc() && read.ptr == limit.end());
  if (!whole || count < 1 || count > max_page) {
    return fail(invalid_field("limit", fmt::format("'limit' must be between 1 and {}", max_page)));
  }
  const std::string_view order = parameter(query, "order");
  if (!order.empty() && order != "asc" && order != "desc") {
    return fail(invalid_field("order", "'order' must be asc or desc"));
  }
  if (order != "asc") std::ranges::reverse(items);
  auto from = items.begin();
  if (const std::string_view after = parameter(query, "after"); !after.empty()) {
    from = std::ranges::find(items, after, id_of);
    if (from == items.end()) return fail(invalid_field("after", "'after' names no item"));
    ++from;
  }
  const auto left = static_cast<std::size_t>(items.end() - from);
  const List page(from, from + static_cast<std::ptrdiff_t>(std::min(left, count)));
  return Object{{"object", "list"},
                {"data", page},
                {"first_id", page.empty() ? Value() : Value(id_of(page.front()))},
                {"last_id", page.empty() ? Value() : Value(id_of(page.back()))},
                {"has_more", left > count}};
}

void send(Exchange& exchange, const Parsed<Value>& value) {
  exchange.send(value ? HttpResponse{.body = to_json(*value)} : to_response(value.error()));
}

}  // namespace

Route stored_response_route(Service& service) {
  return {.method = "GET",
          .pattern = "/v1/responses/{response}",
          .summary = "A response that was stored",
          .handler =
              [&service](const std::shared_ptr<Exchange>& exchange, std::string_view id) {
                const auto stored = service.responses.get(std::string(id));
                send(*exchange, stored ? Parsed<Value>(response_of(*stored)) : fail(no_such(id)));
              },
          .answer_schema = {{"$ref", "#/components/schemas/Response"}}};
}

Route forget_response_route(Service& service) {
  return {.method = "DELETE",
          .pattern = "/v1/responses/{response}",
          .summary = "Forget a response that was stored",
          .handler = [&service](const std::shared_ptr<Exchange>& exchange, std::string_view id) {
            if (!service.responses.remove(std::string(id))) {
              return send(*exchange, fail(no_such(id)));
            }
            send(*exchange, Value(Object{{"id", id}, {"object", "response"}, {"deleted", true}}));
          }};
}

Route response_input_route(Service& service) {
  return {.method = "GET",
          .pattern = "/v1/responses/{response}/input_items",
          .summary = "What a stored response answered, item by item",
          .handler = [&service](const std::shared_ptr<Exchange>& exchange, std::string_view id) {
            const auto stored = service.responses.get(std::string(id));
            if (!stored) return send(*exchange, fail(no_such(id)));
            send(*exchange, page_of(items_before(*stored), exchange->request().query));
          }};
}

}  // namespace freehold::server
