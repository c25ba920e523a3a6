#include "server/service.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"

namespace freehold::server {
namespace {

constexpr std::size_t max_quoted_name_bytes = 200;
// A parsed value takes some twenty times the two bytes that an empty list is written with.
constexpr std::ptrdiff_t max_json_values = 2'000'000;

std::string names_of(const std::vector<Generator*>& models) {
  std::string names;
  for (const Generator* model : models) {
    names += fmt::format("{}`{}`", names.empty() ? "" : ", ", model->card().name);
  }
  return names;
}

}  // namespace

Parsed<Generator*> Service::find(std::string_view name) const {
  if (name.empty() && models.size() == 1) return models[0];
  if (name.empty()) {
    return fail(invalid_field(
        "model", fmt::format("'model' is missing; it is one of {}", names_of(models))));
  }
  // Ollama's clients may add the tag that they were told to leave out.
  constexpr std::string_view tag = ":latest";
  const std::string_view untagged =
      name.substr(0, name.size() - (name.ends_with(tag) ? tag.size() : 0));
  for (Generator* model : models) {
    if (model->card().name == name || model->card().name == untagged) return model;
  }
  return fail(ApiError{404,
                       fmt::format("The model `{}` does not exist here. There is {}.",
                                   name.substr(0, max_quoted_name_bytes), names_of(models)),
                       "invalid_request_error", "model", "model_not_found"});
}

Parsed<Value> parse_body(const HttpRequest& request) {
  const auto marks =
      std::ranges::count_if(request.body, [](char c) { return c == ',' || c == '[' || c == '{'; });
  if (marks > max_json_values) {
    return fail(ApiError{
        .message = fmt::format("the body holds more than {} JSON values", max_json_values)});
  }
  auto parsed = parse_json(request.body);
  if (parsed) return *std::move(parsed);
  return fail(ApiError{.message = "the body: " + parsed.error().message});
}

}  // namespace freehold::server
