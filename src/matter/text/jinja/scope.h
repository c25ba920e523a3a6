// The names that are set in one lexical place of a template (a loop's turn, a macro's call), and
// the scope around it. Few names each, so look-ups go through them one by one.
#pragma once

#include <utility>
#include <vector>

#include "text/jinja/ast.h"
#include "text/jinja/value.h"

namespace freehold::text::jinja {

class Scope : public Thing {
 public:
  explicit Scope(Ref<Scope> outer) : outer_(std::move(outer)) {}

  Value* find(Symbol symbol) {
    for (auto& [name, value] : names_) {
      if (name == symbol) return &value;
    }
    return nullptr;
  }
  Scope* outer() const { return outer_.get(); }

  Result<void> set(Workspace& workspace, Symbol symbol, Value value) {
    if (Value* old = find(symbol)) {
      *old = std::move(value);
      return {};
    }
    TRY(workspace.grow(*this, sizeof(names_[0])));
    names_.emplace_back(symbol, std::move(value));
    return {};
  }

 private:
  void forget() override {
    names_.clear();
    outer_ = {};
  }

  std::vector<std::pair<Symbol, Value>> names_;
  Ref<Scope> outer_;
};

}  // namespace freehold::text::jinja
