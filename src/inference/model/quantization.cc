#include "model/quantization.h"

#include <algorithm>
#include <array>

namespace freehold::model {
namespace {

constexpr std::string_view key = "quantization_config";
constexpr std::int64_t most_columns = std::int64_t{1} << 24;  // to a group

// Looks like a member of `quantization_config`, null counting as missing.
const Value* member(const Value& config, std::string_view name) {
  const Value* value = config.find(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::string word(const Value& config, std::string_view name, std::string_view otherwise) {
  const Value* value = member(config, name);
  if (value == nullptr) return std::string(otherwise);
  const std::string* text = value->as_string();
  return text == nullptr ? "?" : *text;
}

std::unexpected<Error> refuse(const Keys& keys, std::string_view name, std::string_view what) {
  return keys.refuse(key, std::string(name) + " '" + std::string(what) + "' is not supported");
}

// Members that must not say anything.
Result<void> expect_empty(const Keys& keys, const Value& config,
                          std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const Value* value = member(config, name);
    if (value == nullptr) continue;
    const Object* object = value->as_object();
    const bool* flag = value->as_bool();
    if ((object != nullptr && object->empty()) || (flag != nullptr && !*flag)) continue;
    return keys.refuse(key, std::string(name) + " is not supported");
  }
  return {};
}

Result<std::uint32_t> read_bits(const Keys& keys, const Value& config,
                                std::initializer_list<std::int64_t> possible) {
  const Value* value = member(config, config.find("bits") != nullptr ? "bits" : "w_bit");
  const std::int64_t* bits = value == nullptr ? nullptr : value->as_integer();
  if (bits == nullptr) return keys.refuse(key, "bits is missing or no whole number");
  if (std::ranges::find(possible, *bits) == possible.end()) {
    return refuse(keys, "bits", std::to_string(*bits));
  }
  return static_cast<std::uint32_t>(*bits);
}

Result<std::uint32_t> read_group_size(const Keys& keys, const Value& config) {
  const bool usual = config.find("group_size") != nullptr;
  const Value* value = member(config, usual ? "group_size" : "q_group_size");
  const std::int64_t* size = value == nullptr ? nullptr : value->as_integer();
  if (size == nullptr) return keys.refuse(key, "group_size is missing or no whole number");
  if (*size == -1) return 0;
  if (*size < 1 || *size > most_columns) return refuse(keys, "group_size", std::to_string(*size));
  return static_cast<std::uint32_t>(*size);
}

Result<void> check_format(const Keys& keys, const Value& config) {
  constexpr std::array possible = {"pack-quantized", "int-quantized", "naive-quantized"};
  const std::string format = word(config, "format", "pack-quantized");
  if (std::ranges::find(possible, format) == possible.end()) return refuse(keys, "format", format);
  return {};
}

// Groups of modules; which of them a matrix belongs to its tensors tell.
Result<Quantization> read_compressed_tensors(const Keys& keys, const Value& config) {
  TRY(check_format(keys, config));
  TRY(expect_empty(keys, config, {"transform_config"}));
  if (const Value* sparsity = member(config, "sparsity_config")) {
    const std::string format = word(*sparsity, "format", "dense");
    if (format != "dense") return refuse(keys, "sparsity_config.format", format);
  }
  const Value* groups = member(config, "config_groups");
  const Object* members = groups == nullptr ? nullptr : groups->as_object();
  if (members == nullptr) return keys.refuse(key, "config_groups is missing or no object");
  for (const auto& [name, group] : *members) {
    TRY(check_format(keys, group));
    const Value* weights = member(group, "weights");
    if (weights == nullptr) continue;
    const std::string type = word(*weights, "type", "int");
    if (type != "int") return refuse(keys, "config_groups." + name + ".weights.type", type);
    const Value* bits = member(*weights, "num_bits");
    const std::int64_t count = bits == nullptr || !bits->as_integer() ? 8 : *bits->as_integer();
    if (count != 4 && count != 8) {
      return refuse(keys, "config_groups." + name + ".weights.num_bits", std::to_string(count));
    }
  }
  return Quantization{.method = Quantization::Method::compressed_tensors};
}

Result<Quantization> read_gptq(const Keys& keys, const Value& config) {
  TRY(expect_empty(keys, config, {"dynamic", "is_marlin_format"}));
  const std::string format = word(config, "checkpoint_format", "gptq");
  if (format != "gptq" && format != "gptq_v2") return refuse(keys, "checkpoint_format", format);
  return Quantization{.method = Quantization::Method::gptq,
                      .bits = TRY(read_bits(keys, config, {4, 8})),
                      .group_size = TRY(read_group_size(keys, config)),
                      .zeros_less_one = format == "gptq"};
}

Result<Quantization> read_awq(const Keys& keys, const Value& config) {
  const std::string version = word(config, "version", "gemm");
  if (version != "gemm" && version != "GEMM") return refuse(keys, "version", version);
  return Quantization{.method = Quantization::Method::awq,
                      .bits = TRY(read_bits(keys, config, {4})),
                      .group_size = TRY(read_group_size(keys, config))};
}

}  // namespace

Result<Quantization> read_quantization(const Keys& keys) {
  const Value* config = keys.gguf() ? nullptr : keys.find(key);
  if (config == nullptr) return Quantization{};
  const std::string method = word(*config, "quant_method", "?");
  if (method == "compressed-tensors") return read_compressed_tensors(keys, *config);
  if (method == "gptq") return read_gptq(keys, *config);
  if (method == "awq") return read_awq(keys, *config);
  return keys.refuse(key, "quantization '" + method + "' is not supported");
}

}  // namespace freehold::model
