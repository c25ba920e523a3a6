#include <algorithm>
#include <array>
#include <string>

#include "model/architecture.h"

namespace freehold::model {

extern const Architecture llama, mistral, qwen2, qwen3, qwen3_moe;

namespace {

constexpr std::array list = {
    &llama, &mistral, &qwen2, &qwen3, &qwen3_moe,
};

const Architecture* find(std::string_view Architecture::* by, std::string_view value) {
  const auto found = std::ranges::find_if(
      list, [&](const Architecture* each) { return !value.empty() && each->*by == value; });
  return found == list.end() ? nullptr : *found;
}

std::unexpected<Error> refuse(std::string_view key, std::string_view value,
                              std::string_view Architecture::* by) {
  std::string supported;
  for (const Architecture* each : list) {
    if ((each->*by).empty()) continue;
    supported += (supported.empty() ? "" : ", ") + std::string(each->*by);
  }
  return fail(ErrorCode::invalid,
              std::string(key) + ": '" + std::string(value) + "' is not supported",
              "supported are " + supported);
}

// A string, or the first of a list of strings.
std::string_view word(const Value* value) {
  if (value != nullptr && value->as_list() != nullptr && !value->as_list()->empty()) {
    value = &value->as_list()->front();
  }
  const std::string* text = value == nullptr ? nullptr : value->as_string();
  return text == nullptr ? std::string_view{} : std::string_view(*text);
}

}  // namespace

std::span<const Architecture* const> architectures() {
  return list;
}

Result<const Architecture*> find_architecture(const formats::Checkpoint& checkpoint) {
  if (checkpoint.container() == formats::Container::gguf) {
    const std::string_view name = word(checkpoint.metadata("general.architecture"));
    if (name.empty()) return fail(ErrorCode::invalid, "general.architecture: is missing");
    const Architecture* found = find(&Architecture::gguf_name, name);
    if (found == nullptr) {
      return refuse("general.architecture", name, &Architecture::gguf_name);
    }
    return found;
  }
  const std::string_view hf_class = word(checkpoint.metadata("architectures"));
  if (!hf_class.empty()) {
    const Architecture* found = find(&Architecture::hf_class, hf_class);
    if (found == nullptr) {
      return refuse("config.json: architectures", hf_class, &Architecture::hf_class);
    }
    return found;
  }
  const std::string_view type = word(checkpoint.metadata("model_type"));
  if (type.empty()) {
    return fail(ErrorCode::invalid, "config.json: architectures: is missing, as is model_type");
  }
  const Architecture* found = find(&Architecture::name, type);
  if (found == nullptr) return refuse("config.json: model_type", type, &Architecture::name);
  return found;
}

}  // namespace freehold::model
