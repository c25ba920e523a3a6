// Reads a JSON object by a table of fields: types, ranges, limits. The same table becomes the
// schema in /openapi.json, so that the document cannot say other than the parser does.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "freehold/value.h"
#include "server/api_error.h"

namespace freehold::server {

enum class FieldKind { number, integer, boolean, string, strings, integers, object, list, any };

struct Field {
  std::string_view name;
  FieldKind kind;
  double low = 0;   // of a number; of a string or list: unused
  double high = 0;  // of a number; of a list: most items
  std::string_view about = {};
};

// A field of the API that changes the result and that this server cannot honour: it is refused
// unless it says what happens anyway.
struct Unsupported {
  std::string_view name;
  std::string_view neutral = "null";  // as JSON
  std::string_view instead = {};      // what to do; may be empty
};

// Reads fields one by one. The first thing that is wrong is remembered; what is read after it is
// empty, and verdict() tells. A field that is null counts as absent.
class FieldReader {
 public:
  FieldReader(const Value& body, std::initializer_list<std::span<const Field>> tables);

  std::optional<double> number(std::string_view name);
  std::optional<std::int64_t> integer(std::string_view name);
  bool boolean(std::string_view name, bool otherwise);
  std::string string(std::string_view name);
  std::vector<std::string> strings(std::string_view name);  // a string alone is a list of one
  std::vector<std::int64_t> integers(std::string_view name);
  const Object* object(std::string_view name);
  const List* list(std::string_view name);
  const Value* any(std::string_view name);

  void refuse(std::span<const Unsupported> fields);
  void complain(ApiError error);
  Parsed<void> verdict() const;

 private:
  const Field& field(std::string_view name, FieldKind kind) const;
  const Value* present(const Field& field);
  template <class T>
  std::optional<T> in_range(const Field& field, std::string_view name, double value);

  const Value& body_;
  std::vector<std::span<const Field>> tables_;
  std::optional<ApiError> error_;
};

// A JSON Schema of an object with these fields.
Object schema_of(std::initializer_list<std::span<const Field>> tables,
                 std::initializer_list<std::string_view> required);

}  // namespace freehold::server
