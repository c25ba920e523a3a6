// The words of JSON Schema: which are known, which say nothing, and what can be told of two
// schemas by looking. Not what they mean for an answer: that is schema.cc.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "freehold/value.h"

namespace freehold::grammar {

bool is_type(std::string_view name);
bool is_known_keyword(std::string_view key);
// Whether the keyword demands nothing, at least with this value.
bool is_neutral(std::string_view key, const Value& value);
// Whether there is a keyword that demands something, other than these.
bool has_constraints_beside(const Value& schema, std::initializer_list<std::string_view> keys);
// The types that keywords of one type only suggest, when nothing says a type.
std::vector<std::string> implied_types(const Value& schema);
bool is_of_type(const Value& value, const std::vector<std::string>& types);  // none: any
// Whether it is plain to see that no value is valid for both.
bool are_disjoint(const Value& a, const Value& b, int depth = 0);

Value without(const Value& schema, std::string_view key);
// Of JSON pointers: the names of members as they are, and as they are written.
std::string unescaped(std::string_view name);
std::string escaped(std::string_view name);
const Value* member(const Value& value, std::string_view name);

}  // namespace freehold::grammar
