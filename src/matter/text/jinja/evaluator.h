// Runs a parsed template over a context: statements write text, expressions make values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "freehold/result.h"
#include "freehold/value.h"
#include "text/jinja/ast.h"
#include "text/jinja/scope.h"
#include "text/jinja/value.h"

namespace freehold::text::jinja {

class Evaluator {
 public:
  Evaluator(const Program& program, Workspace& workspace)
      : program_(program), workspace_(workspace), root_(program.names.size()) {}

  // The rendered text. To be called once.
  Result<std::string> render(const Object& context);

 private:
  enum class Flow : std::uint8_t { next, break_loop, continue_loop };

  // One level of evaluation.
  class Level {
   public:
    explicit Level(Workspace& workspace) : workspace_(workspace) { ++workspace_.nesting; }
    ~Level() { --workspace_.nesting; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Workspace& workspace_;
  };
  // Where names are set and text goes while it lives; put back as it was afterwards.
  class Place {
   public:
    Place(Evaluator& evaluator, Ref<Scope> scope, TextBuilder* out)
        : evaluator_(evaluator),
          scope_(std::exchange(evaluator.scope_, std::move(scope))),
          out_(std::exchange(evaluator.out_, out)) {}
    ~Place() {
      evaluator_.scope_ = std::move(scope_);
      evaluator_.out_ = out_;
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    Evaluator& evaluator_;
    Ref<Scope> scope_;
    TextBuilder* out_;
  };

  Result<void> prepare(const Object& context);
  Result<void> step();
  Error locate(Position at, Error error);

  // Names
  Value look_up(Symbol symbol) const;
  Result<void> set(Symbol symbol, Value value);
  Result<void> assign(const Target& target, Value value);
  Result<void> check_members(const Target& target) const;
  Result<Ref<Scope>> inner_scope(const Ref<Scope>& outer);

  // Statements (statements.cc)
  Result<Flow> run(const Body& body);
  Result<Flow> run(const Statement& statement);
  Result<Flow> run(const Text& text);
  Result<Flow> run(const Print& print);
  Result<Flow> run(const If& statement);
  Result<Flow> run(const For& loop);
  Result<Flow> run(const Set& set);
  Result<Flow> run(const SetBlock& set);
  Result<Flow> run(const Macro& macro);
  Result<Flow> run(const CallBlock& block);
  Result<Flow> run(const FilterBlock& block);
  Result<Flow> run(const With& with);
  Result<Flow> run(const Block& block);
  Result<Flow> run(const Break&) { return Flow::break_loop; }
  Result<Flow> run(const Continue&) { return Flow::continue_loop; }
  Result<Flow> run(const Refused& refused);
  Result<Flow> run_loop(const For& loop, std::vector<Value> items, std::size_t depth);
  Result<std::vector<Value>> chosen(const For& loop, std::vector<Value> items);
  // What a body writes; nothing when it was left by break or continue, which `flow` tells.
  Result<std::optional<Value>> capture(const Body& body, Flow& flow, const ExpressionPtr& filter);
  Result<Value> closure(const MacroDefinition& definition);

  // Calls (calls.cc)
  Result<Value> call(const Value& callee, Arguments arguments);
  Result<Value> call_closure(const Closure& closure, Arguments arguments);
  Result<void> bind_parameters(const MacroDefinition& macro, Arguments arguments);
  Result<Value> call_loop(const Loop& loop, const Arguments& arguments);
  Result<Arguments> evaluate(const CallArguments& arguments);
  Result<Value> evaluate_call(const Call& call, const Value* caller);
  Result<Value> undefined_use(const Value& value, const Expression& expression) const;

  // Expressions
  Result<Value> evaluate(const ExpressionPtr& expression) { return evaluate(*expression); }
  Result<Value> evaluate(const Expression& expression);
  Result<Value> evaluate(const Literal& literal);
  Result<Value> evaluate(const Name& name);
  Result<Value> evaluate(const Attribute& attribute);
  Result<Value> evaluate(const Subscript& subscript);
  Result<Value> evaluate(const Slice& slice);
  Result<Value> evaluate(const Call& call) { return evaluate_call(call, nullptr); }
  Result<Value> evaluate(const Filter& filter);
  Result<Value> evaluate(const Test& test);
  Result<Value> evaluate(const Unary& unary);
  Result<Value> evaluate(const Binary& binary);
  Result<Value> evaluate(const Comparison& comparison);
  Result<Value> evaluate(const Logical& logical);
  Result<Value> evaluate(const Concatenation& concatenation);
  Result<Value> evaluate(const Conditional& conditional);
  Result<Value> evaluate(const ListDisplay& list);
  Result<Value> evaluate(const TupleDisplay& tuple);
  Result<Value> evaluate(const DictDisplay& dict);
  Result<std::vector<Value>> evaluate_all(const std::vector<ExpressionPtr>& expressions);
  std::string describe(const Expression& expression) const;

  const Program& program_;
  Workspace& workspace_;
  std::vector<Value> root_;       // by Symbol: the context, the globals, what the top level sets
  std::vector<Value> constants_;  // by Literal::constant
  Ref<Scope> scope_;              // empty at the top level
  TextBuilder* out_ = nullptr;
  Value captured_;        // what the filter of a block starts from
  bool located_ = false;  // the error under way already says where
};

}  // namespace freehold::text::jinja
