// What expressions evaluate to: Python's values as far as templates can see them. Small to copy;
// whatever is larger than a number is shared and lives in the rendering's Workspace.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "freehold/result.h"
#include "freehold/value.h"
#include "text/jinja/workspace.h"

namespace freehold::text::jinja {

struct MacroDefinition;
struct For;
class Scope;
class Value;
struct Arguments;

struct String;
struct Sequence;
struct Dict;
struct Range;
struct View;
struct Generator;
struct Namespace;
struct Closure;
struct BoundMethod;
struct Loop;
struct Cycler;
struct Joiner;

// A function that the environment gives to every template.
struct Function {
  std::string_view name;
  Result<Value> (*call)(Workspace& workspace, const Arguments& arguments);
};

// A method of a built-in type.
struct Method {
  std::string_view name;
  Result<Value> (*call)(Workspace& workspace, const Value& self, const Arguments& arguments);
};

enum class Kind : std::uint8_t {
  undefined,
  forbidden,  // undefined because the sandbox keeps it: a private or a mutating attribute
  none,
  boolean,
  integer,
  real,
  function,
  string,  // from here on: kinds that refer to a Thing
  list,
  tuple,
  dict,
  range,
  view,
  generator,
  name_space,
  closure,
  method,
  loop,
  cycler,
  joiner
};

class Value {
  union Payload {
    std::int64_t integer;
    double real;
    const Function* function;
    Thing* thing;
  };

 public:
  Value() : Value(Kind::undefined, std::int64_t{0}) {}
  static Value none() { return {Kind::none, std::int64_t{0}}; }
  static Value forbidden() { return {Kind::forbidden, std::int64_t{0}}; }
  static Value boolean(bool value) { return {Kind::boolean, std::int64_t{value}}; }
  static Value integer(std::int64_t value) { return {Kind::integer, value}; }
  static Value real(double value) { return {Kind::real, Payload{.real = value}}; }
  static Value function(const Function& function) {
    return {Kind::function, Payload{.function = &function}};
  }
  Value(Kind kind, Thing* thing) : Value(kind, Payload{.thing = thing}) { thing->retain(); }

  Value(const Value& other) : kind_(other.kind_), payload_(other.payload_) {
    if (shared()) payload_.thing->retain();
  }
  Value(Value&& other) noexcept
      : kind_(std::exchange(other.kind_, Kind::undefined)), payload_(other.payload_) {}
  Value& operator=(const Value& other) {
    Value copy(other);
    return *this = std::move(copy);
  }
  Value& operator=(Value&& other) noexcept {
    std::swap(kind_, other.kind_);
    std::swap(payload_, other.payload_);
    return *this;
  }
  ~Value() {
    if (shared()) payload_.thing->release();
  }

  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }
  bool is_any(std::initializer_list<Kind> kinds) const {
    return std::ranges::find(kinds, kind_) != kinds.end();
  }
  bool is_undefined() const { return kind_ <= Kind::forbidden; }
  bool is_none() const { return kind_ == Kind::none; }
  bool is_string() const { return kind_ == Kind::string; }
  bool is_sequence() const { return kind_ == Kind::list || kind_ == Kind::tuple; }
  bool is_integral() const { return kind_ == Kind::integer || kind_ == Kind::boolean; }
  bool is_number() const { return is_integral() || kind_ == Kind::real; }

  // The content, of the kind that the caller has asked for before.
  std::int64_t integer() const { return payload_.integer; }  // also of booleans: 0 or 1
  double real() const { return payload_.real; }
  double number() const {
    return kind_ == Kind::real ? payload_.real : static_cast<double>(payload_.integer);
  }
  const Function& function() const { return *payload_.function; }
  Thing* thing() const { return payload_.thing; }
  const String& string() const;
  std::string_view text() const;            // of a string
  const std::vector<Value>& items() const;  // of a list or tuple
  const Dict& dict() const;
  template <class T>
  T& as() const {
    return static_cast<T&>(*payload_.thing);
  }

 private:
  Value(Kind kind, Payload payload) : kind_(kind), payload_(payload) {}
  Value(Kind kind, std::int64_t integer) : Value(kind, Payload{.integer = integer}) {}
  bool shared() const { return kind_ >= Kind::string; }

  Kind kind_;
  Payload payload_;
};

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

struct String : Thing {
  std::string text;
  bool markup = false;                        // what |safe and |escape made
  mutable std::size_t characters = SIZE_MAX;  // counted at the first need

  std::size_t count() const;
  bool is_ascii() const { return count() == text.size(); }
};

struct Sequence : Thing {  // a list or a tuple
  std::vector<Value> items;
  bool is_group = false;  // a pair made by |groupby: its parts are also .grouper and .list
  void forget() override { items.clear(); }
};

// In the order of insertion. Keys are equal as Python has it: 1, 1.0 and True are one key.
struct Dict : Thing {
  std::vector<std::pair<Value, Value>> entries;

  Result<const Value*> find(Workspace& workspace, const Value& key) const;
  const Value* find(std::string_view key) const;
  // Replaces or adds. `invalid` for a key that Python cannot hash.
  Result<void> set(Workspace& workspace, Value key, Value value);
  void forget() override { entries.clear(); }

 private:
  // Where equal keys can be; only kept for dicts of more than a few entries.
  std::unordered_multimap<std::size_t, std::uint32_t> index_;
};

struct Range : Thing {
  std::int64_t start = 0, stop = 0, step = 1;
  std::size_t size() const;
  std::int64_t at(std::size_t index) const {
    return start + static_cast<std::int64_t>(index) * step;
  }
};

struct View : Thing {  // dict.keys(), .values(), .items()
  enum class Part : std::uint8_t { keys, values, items } part = Part::keys;
  Ref<Dict> dict;
  void forget() override { dict = {}; }
};

struct Generator : Thing {  // what lazy filters return: gone over once, and always true
  std::vector<Value> items;
  std::size_t next = 0;
  void forget() override { items.clear(); }
};

struct Namespace : Thing {
  Ref<Dict> attributes;
  void forget() override { attributes = {}; }
};

struct Closure : Thing {  // a macro or a call block's content, and where it was defined
  const MacroDefinition* definition = nullptr;
  Ref<Scope> scope;
  ~Closure() override;
  void forget() override;
};

struct BoundMethod : Thing {
  const Method* method = nullptr;
  Value self;
  void forget() override { self = {}; }
};

struct Loop : Thing {
  std::vector<Value> items;
  std::size_t index = 0;
  std::size_t depth = 0;           // of recursion, from 0
  const For* statement = nullptr;  // of a recursive loop
  Ref<Scope> scope;                // in which a recursive loop stands
  bool has_changed = false;        // loop.changed() was called
  std::vector<Value> last_changed;
  ~Loop() override;
  void forget() override;
};

struct Cycler : Thing {
  std::vector<Value> items;
  std::size_t position = 0;
  void forget() override { items.clear(); }
};

struct Joiner : Thing {
  Value separator;
  bool used = false;
  void forget() override { separator = {}; }
};

inline const String& Value::string() const {
  return as<String>();
}
inline std::string_view Value::text() const {
  return as<String>().text;
}
inline const std::vector<Value>& Value::items() const {
  return as<Sequence>().items;
}
inline const Dict& Value::dict() const {
  return as<Dict>();
}

Result<Value> make_string(Workspace& workspace, std::string text, bool markup = false);
Result<Value> make_list(Workspace& workspace, std::vector<Value> items);
Result<Value> make_tuple(Workspace& workspace, std::vector<Value> items);
Result<Value> make_generator(Workspace& workspace, std::vector<Value> items);
Result<Ref<Dict>> make_dict(Workspace& workspace);
Result<Value> make_view(Workspace& workspace, const Value& dict, View::Part part);
inline Value value_of(const Ref<Dict>& dict) {
  return {Kind::dict, dict.get()};
}

// A copy of plain data; `invalid` when it nests deeper than JSON may.
Result<Value> make_value(Workspace& workspace, const freehold::Value& value);

// "'int' object", as Python calls it.
std::string_view type_name(const Value& value);

}  // namespace freehold::text::jinja
