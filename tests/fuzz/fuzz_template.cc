// Any bytes as a chat template: parsed, and rendered within small budgets.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "text/template.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace freehold;
  const text::TemplateLimits limits{.max_steps = 20'000,
                                    .max_output_bytes = 1u << 16,
                                    .max_memory_bytes = 1u << 20,
                                    .max_depth = 32,
                                    .max_source_bytes = 1u << 14,
                                    .max_seconds = 0.5};
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  const auto parsed = text::Template::parse(source, limits);
  if (!parsed) return 0;
  static const Object context = {
      {"messages", List{Object{{"role", "user"}, {"content", "Zürich 😀 <x>"}},
                        Object{{"role", "assistant"}, {"content", nullptr}}}},
      {"tools", Value()},
      {"x", 2.5},
      {"n", 7},
      {"d", Object{{"a", List{1, true, "s"}}, {"b", -1}}},
      {"add_generation_prompt", true}};
  static_cast<void>(parsed->render(context, 1'700'000'000));
  return 0;
}
