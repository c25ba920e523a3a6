// Arguments of a call, matched to the parameters of a built-in function as Python matches them.
#pragma once

#include <initializer_list>
#include <string_view>

#include "text/jinja/value.h"

namespace freehold::text::jinja {

// One value for each parameter; those that were not given are told apart.
class Bound {
 public:
  explicit Bound(std::size_t parameters) : values_(parameters), given_(parameters) {}

  bool has(std::size_t index) const { return given_[index]; }
  // Given, and not None: how Python spells "leave it to the default".
  bool sets(std::size_t index) const { return has(index) && !values_[index].is_none(); }
  const Value& operator[](std::size_t index) const { return values_[index]; }

  void set(std::size_t index, Value value) {
    values_[index] = std::move(value);
    given_[index] = true;
  }

  bool flag(std::size_t index, bool otherwise) const;
  Result<std::int64_t> integer(std::size_t index, std::int64_t otherwise) const;
  // A string's content; `invalid` for anything else.
  Result<std::string_view> text(std::size_t index, std::string_view otherwise = {}) const;

 private:
  std::vector<Value> values_;
  std::vector<bool> given_;
};

// `function` is named in errors. The first `required` parameters must be given.
Result<Bound> bind(const Arguments& arguments, std::string_view function,
                   std::initializer_list<std::string_view> parameters, std::size_t required);

}  // namespace freehold::text::jinja
