// A parsed template: statements and expressions as plain data, and the tables of its names and
// constants. Immutable once parsed, so that several threads may render it at once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "freehold/value.h"

namespace freehold::text::jinja {

struct Position {
  std::uint32_t line = 1;    // from 1
  std::uint32_t column = 1;  // from 1, in bytes
};

// A name's index in Program::names.
using Symbol = std::uint32_t;

// Names with a meaning of their own; the parser gives them these numbers.
enum : Symbol { symbol_loop, symbol_caller, symbol_varargs, symbol_kwargs };

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

struct CallArguments {
  std::vector<ExpressionPtr> positional;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
  ExpressionPtr rest;        // *rest; may be nullptr
  ExpressionPtr named_rest;  // **named_rest; may be nullptr
};

enum class UnaryOperator : std::uint8_t { plus, minus, logical_not };
enum class BinaryOperator : std::uint8_t {
  add,
  subtract,
  multiply,
  divide,
  floor_divide,
  modulo,
  power
};
enum class Comparator : std::uint8_t {
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  in,
  not_in
};

struct Literal {
  std::uint32_t constant;  // index in Program::constants
};
struct Name {
  Symbol symbol;
};
struct Attribute {
  ExpressionPtr object;
  std::string name;
};
struct Subscript {
  ExpressionPtr object;
  ExpressionPtr index;
};
struct Slice {
  ExpressionPtr object;
  ExpressionPtr start, stop, step;  // each may be nullptr
};
struct Call {
  ExpressionPtr callee;
  CallArguments arguments;
};
struct Filter {
  ExpressionPtr input;  // nullptr: the text that the enclosing block captured
  std::string name;
  CallArguments arguments;
};
struct Test {
  ExpressionPtr input;
  std::string name;
  CallArguments arguments;
};
struct Unary {
  UnaryOperator operation;
  ExpressionPtr operand;
};
struct Binary {
  BinaryOperator operation;
  ExpressionPtr left, right;
};
struct Comparison {  // a < b <= c …
  ExpressionPtr first;
  std::vector<std::pair<Comparator, ExpressionPtr>> rest;
};
struct Logical {  // a and b and c …, or the same with `or`
  bool conjunction;
  std::vector<ExpressionPtr> operands;
};
struct Concatenation {
  std::vector<ExpressionPtr> operands;
};
struct Conditional {
  ExpressionPtr condition, then, otherwise;  // `otherwise` may be nullptr
};
struct ListDisplay {
  std::vector<ExpressionPtr> items;
};
struct TupleDisplay {
  std::vector<ExpressionPtr> items;
};
struct DictDisplay {
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> items;
};

struct Expression {
  Position at;
  std::uint32_t depth;  // 1 for a leaf; bounded by the parser, so that recursion over it is safe
  std::variant<Literal, Name, Attribute, Subscript, Slice, Call, Filter, Test, Unary, Binary,
               Comparison, Logical, Concatenation, Conditional, ListDisplay, TupleDisplay,
               DictDisplay>
      node;
};

struct Statement;
using Body = std::vector<Statement>;

// What can stand left of an assignment.
struct Target {
  struct Member {  // an attribute of a namespace
    Symbol symbol;
    std::string attribute;
  };
  Position at;
  std::variant<Symbol, Member, std::vector<Target>> node;
};

// What a macro, a call block's content and a caller are made of.
struct MacroDefinition {
  std::string name;  // empty for a call block
  std::vector<Symbol> parameters;
  std::vector<std::string> parameter_names;
  std::vector<ExpressionPtr> defaults;  // of the last parameters
  Body body;
  bool uses_caller = false;
  bool uses_varargs = false;
  bool uses_kwargs = false;
};

struct Text {
  std::string text;
};
struct Print {
  ExpressionPtr value;
};
struct If {
  std::vector<std::pair<ExpressionPtr, Body>> branches;
  Body otherwise;
};
struct For {
  Target target;
  ExpressionPtr iterable;
  ExpressionPtr condition;  // may be nullptr
  Body body;
  Body otherwise;
  bool recursive;
};
struct Set {
  Target target;
  ExpressionPtr value;
};
struct SetBlock {
  Target target;
  ExpressionPtr filter;  // may be nullptr
  Body body;
};
struct Macro {
  Symbol symbol;
  MacroDefinition definition;
};
struct CallBlock {
  MacroDefinition caller;
  ExpressionPtr call;  // its node is a Call
};
struct FilterBlock {
  ExpressionPtr filter;
  Body body;
};
struct With {
  std::vector<std::pair<Target, ExpressionPtr>> assignments;
  Body body;
};
struct Block {  // {% block %} and {% generation %}: names set inside stay inside
  Body body;
  bool sees_locals;
};
struct Break {};
struct Continue {};
struct Refused {  // include, import, extends: an error when, and only when, it is reached
  std::string what;
};

struct Statement {
  Position at;
  std::variant<Text, Print, If, For, Set, SetBlock, Macro, CallBlock, FilterBlock, With, Block,
               Break, Continue, Refused>
      node;
};

struct Program {
  std::vector<std::string> names;  // by Symbol
  std::vector<freehold::Value> constants;
  // Names that the top level sets before it reads them itself. They hide what the context has under
  // these names from the start, also from macros and loops that come before the assignment.
  std::vector<Symbol> hidden;
  Body body;
};

}  // namespace freehold::text::jinja
