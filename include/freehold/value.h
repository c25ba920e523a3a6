// A JSON-shaped value as plain data: what tools, template arguments, configuration files and
// metadata are made of below the doors. Not a JSON library: text <-> Value is base/json.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace freehold {

class Value;
using List = std::vector<Value>;
// In the order of insertion, as chat templates print them. Look-ups are linear: for configuration,
// not for vocabularies.
using Object = std::vector<std::pair<std::string, Value>>;

class Value {
 public:
  Value() = default;
  Value(std::nullptr_t) {}
  Value(bool value) : data_(value) {}
  Value(int value) : data_(static_cast<std::int64_t>(value)) {}
  Value(unsigned value) : data_(static_cast<std::int64_t>(value)) {}
  Value(std::int64_t value) : data_(value) {}
  Value(std::uint64_t value) : data_(static_cast<std::int64_t>(value)) {}
  Value(double value) : data_(value) {}
  Value(const char* value) : data_(std::string(value)) {}
  Value(std::string_view value) : data_(std::string(value)) {}
  Value(std::string value) : data_(std::move(value)) {}
  Value(List value) : data_(std::move(value)) {}
  Value(Object value) : data_(std::move(value)) {}

  bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
  bool is_number() const { return as_integer() != nullptr || as_double() != nullptr; }

  // The content when it is of that kind, else nullptr.
  const bool* as_bool() const { return std::get_if<bool>(&data_); }
  const std::int64_t* as_integer() const { return std::get_if<std::int64_t>(&data_); }
  const double* as_double() const { return std::get_if<double>(&data_); }
  const std::string* as_string() const { return std::get_if<std::string>(&data_); }
  const List* as_list() const { return std::get_if<List>(&data_); }
  const Object* as_object() const { return std::get_if<Object>(&data_); }
  List* as_list() { return std::get_if<List>(&data_); }
  Object* as_object() { return std::get_if<Object>(&data_); }

  // A number of either kind as double; `otherwise` when it is no number.
  double number_or(double otherwise) const {
    if (const auto* integer = as_integer()) return static_cast<double>(*integer);
    if (const auto* real = as_double()) return *real;
    return otherwise;
  }

  // The member of that name, nullptr when this is no object or has none.
  const Value* find(std::string_view key) const {
    const Object* object = as_object();
    if (object == nullptr) return nullptr;
    for (const auto& [name, value] : *object) {
      if (name == key) return &value;
    }
    return nullptr;
  }

  // Sets a member, making this an object when it is none.
  void set(std::string_view key, Value value) {
    if (as_object() == nullptr) data_ = Object{};
    for (auto& [name, old] : *as_object()) {
      if (name == key) {
        old = std::move(value);
        return;
      }
    }
    as_object()->emplace_back(std::string(key), std::move(value));
  }

  bool operator==(const Value&) const = default;

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, List, Object> data_;
};

}  // namespace freehold
