// Compiles one JSON schema: keyword by keyword, into nodes. What it cannot enforce is an error that
// says where. Private to schema.cc and schema_object.cc.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "freehold/result.h"
#include "freehold/value.h"
#include "grammar/dfa.h"
#include "grammar/json_text.h"
#include "grammar/nodes.h"

namespace freehold::grammar {

class SchemaCompiler {
 public:
  SchemaCompiler(Nodes& nodes, const Value& root) : nodes_(nodes), root_(root) {}
  Result<NodeId> compile();

 private:
  static std::unexpected<Error> wrong(const std::string& place, std::string_view what) {
    return fail(ErrorCode::invalid, fmt::format("the JSON schema, #{}: {}", place, what));
  }
  static std::unexpected<Error> wrong(const std::string& place, Error error) {
    return fail(std::move(error).in(fmt::format("the JSON schema, #{}", place)));
  }
  const AnyJsonNodes& any() {
    if (!any_) any_ = any_json(nodes_);
    return *any_;
  }
  // What a reference within the document means.
  Result<const Value*> resolve(const std::string& reference, const std::string& place) const;
  Result<NodeId> schema(const Value& given, const std::string& place, int depth);
  Result<void> check_keywords(const Value& given, const std::string& place) const;
  // Compiled once, later: definitions may refer to themselves.
  Result<NodeId> referred(const Value& given, const Value& reference, const std::string& place,
                          int depth);
  // A reference with other keywords beside it: both hold.
  Result<Value> inlined(const Value& given, const Value& target, const std::string& place,
                        int times);
  Result<Value> all_of(const Value& given, const std::string& place, int depth);
  // anyOf and oneOf. What stands beside them holds in each of them.
  Result<NodeId> alternatives(const Value& given, std::string_view key, const std::string& place,
                              int depth);
  Result<void> check_disjoint(const List& parts, const std::string& place) const;
  // The schema that a mere reference means.
  Result<Value> followed(const Value& part, const std::string& place) const;
  Result<NodeId> enumerated(const Value& given, const List& values, const std::string& place);
  Result<std::vector<std::string>> types_of(const Value& given, const std::string& place) const;
  // A schema that says nothing of a type allows any value of it.
  Result<NodeId> typed(const Value& given, const std::string& place, int depth);
  Result<std::uint32_t> count(const Value& given, std::string_view key, std::uint32_t otherwise,
                              const std::string& place) const;
  Result<NodeId> string(const Value& given, const std::string& place);
  Result<NodeId> number(const Value& given, const std::string& place, bool whole);
  Result<NodeId> array(const Value& given, const std::string& place, int depth);
  // `min` to `max` items, of which the first ones are what they are.
  NodeId listed(const std::vector<NodeId>& first, NodeId item, std::uint32_t min,
                std::uint32_t max);
  Result<NodeId> object(const Value& given, const std::string& place, int depth);
  // How many members there may be can only be counted where all of them are free.
  Result<void> check_counts(const Value& given, const std::vector<bool>& needed,
                            const std::string& place) const;
  Result<void> add_free(const Value& given, std::vector<NodeId> free, std::vector<NodeId>& members,
                        std::vector<bool>& needed, const std::string& place);
  Result<std::vector<std::string>> required_of(const Value& given, const std::string& place) const;
  Result<Dfa> names_but(const std::vector<std::string>& names);
  // Members whose names the schema does not list: by patterns, and all others. Empty: there are
  // none.
  Result<std::vector<NodeId>> free_members(const Value& given,
                                           const std::vector<std::string>& names,
                                           const std::string& place, int depth);
  // The names that match a pattern. A name must be subject to one rule only.
  Result<Dfa> pattern_names(std::string_view pattern, const std::vector<std::string>& names,
                            const Dfa& left, const std::string& place);
  Nodes& nodes_;
  const Value& root_;
  std::optional<AnyJsonNodes> any_;
  std::map<std::string, NodeId> definitions_;
  std::vector<std::pair<std::string, NodeId>> waiting_;
  std::size_t schemas_ = 0;
};

}  // namespace freehold::grammar
