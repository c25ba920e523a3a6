#include "base/json.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_set>

namespace freehold {
namespace {

// Builds a Value from the library's events, so that no recursion follows the input's nesting.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Builder(const JsonLimits& limits) : limits_(limits) {}

  bool null() override { return put(Value()); }
  bool boolean(bool value) override { return put(Value(value)); }
  bool number_integer(std::int64_t value) override { return put(Value(value)); }
  bool number_unsigned(std::uint64_t value) override {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return put(Value(static_cast<double>(value)));
    }
    return put(Value(static_cast<std::int64_t>(value)));
  }
  bool number_float(double value, const std::string&) override { return put(Value(value)); }
  bool string(std::string& value) override { return put(Value(std::move(value))); }
  bool binary(nlohmann::json::binary_t&) override { return false; }

  bool start_object(std::size_t) override { return open(Value(Object{})); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(Value(List{})); }
  bool end_array() override { return close(); }

  bool key(std::string& name) override {
    if (!levels_.back().keys.insert(name).second) {
      complaint_ = fmt::format("the key \"{}\" appears twice in one object", name.substr(0, 80));
      return false;
    }
    levels_.back().key = std::move(name);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& reason) override {
    const std::string_view what = reason.what();
    const auto colon = what.find(": ");
    complaint_ = fmt::format("not valid JSON at byte {}: {}", position == 0 ? 0 : position - 1,
                             colon == what.npos ? what : what.substr(colon + 2));
    return false;
  }

  Value take() { return std::move(root_); }
  const std::string& complaint() const { return complaint_; }

 private:
  struct Level {
    Value value;
    std::string key;
    std::unordered_set<std::string> keys;
  };

  bool open(Value container) {
    if (levels_.size() >= limits_.max_depth) {
      complaint_ = fmt::format("nested deeper than {} levels", limits_.max_depth);
      return false;
    }
    levels_.push_back({std::move(container), {}, {}});
    return true;
  }

  bool close() {
    Value finished = std::move(levels_.back().value);
    levels_.pop_back();
    return put(std::move(finished));
  }

  bool put(Value value) {
    if (levels_.empty()) {
      root_ = std::move(value);
    } else if (List* list = levels_.back().value.as_list()) {
      list->push_back(std::move(value));
    } else {
      levels_.back().value.as_object()->emplace_back(std::move(levels_.back().key),
                                                     std::move(value));
    }
    return true;
  }

  const JsonLimits& limits_;
  std::vector<Level> levels_;
  Value root_;
  std::string complaint_;
};

nlohmann::ordered_json to_library(const Value& value) {
  if (const auto* flag = value.as_bool()) return *flag;
  if (const auto* integer = value.as_integer()) return *integer;
  if (const auto* real = value.as_double()) return *real;
  if (const auto* text = value.as_string()) return *text;
  if (const auto* list = value.as_list()) {
    auto array = nlohmann::ordered_json::array();
    for (const Value& item : *list) array.push_back(to_library(item));
    return array;
  }
  if (const auto* members = value.as_object()) {
    // Appended as they stand: look-ups in the library's ordered map are linear.
    nlohmann::ordered_json::object_t object;
    object.reserve(members->size());
    for (const auto& [name, member] : *members) {
      object.Container::emplace_back(name, to_library(member));
    }
    return object;
  }
  return nullptr;
}

}  // namespace

Result<Value> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return fail(ErrorCode::invalid, fmt::format("{} bytes of JSON are more than the limit of {}",
                                                text.size(), limits.max_bytes));
  }
  Builder builder(limits);
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) {
    return fail(ErrorCode::invalid,
                builder.complaint().empty() ? "not valid JSON" : builder.complaint());
  }
  return builder.take();
}

std::string to_json(const Value& value, int indent) {
  return to_library(value).dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace freehold
