// Jinja as chat templates use it: parsed once, rendered within budgets. Templates come with models
// and are hostile: no look-up leaves the given context, and loops, recursion and output are
// bounded.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "freehold/result.h"
#include "freehold/value.h"

namespace freehold::text {

struct TemplateLimits {
  std::size_t max_steps = 20'000'000;         // evaluated nodes
  std::size_t max_output_bytes = 64u << 20;   // of the rendered text and of every string on the way
  std::size_t max_memory_bytes = 256u << 20;  // of all values alive
  std::size_t max_depth = 128;                // nested calls and expressions
  std::size_t max_source_bytes = 1u << 20;
  double max_seconds = 0.8;
};

class Template {
 public:
  // `invalid` with line and column when it does not parse.
  static Result<Template> parse(std::string_view source, const TemplateLimits& limits = {});

  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;
  ~Template();

  // `invalid` with line and what went wrong: raise_exception's own words, a budget, a missing name
  // that is called, a type that does not fit. `now_unix_s` is what strftime_now sees.
  Result<std::string> render(const Object& context, std::int64_t now_unix_s) const;

 private:
  struct State;
  explicit Template(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace freehold::text
