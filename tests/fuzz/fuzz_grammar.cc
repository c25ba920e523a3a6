// Schemas, expressions and grammars are compiled or refused with a reason, and what is compiled can
// be begun.
#include <cstdint>
#include <string>

#include "base/json.h"
#include "grammar/grammar.h"
#include "grammar/stacks.h"
#include "touch_tensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using freehold::grammar::Grammar;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto begin = [](const freehold::Result<Grammar>& grammar) {
    freehold::fuzz::expect_reason(grammar);
    if (!grammar) return;
    freehold::grammar::Stacks stacks(grammar->program());
    auto at = stacks.begin();
    for (const char byte : std::string_view("{\"a\": [1, \"x")) {
      at = stacks.step(at, static_cast<std::uint8_t>(byte));
    }
  };
  if (data[0] % 3 == 0) begin(Grammar::regex(text));
  if (data[0] % 3 == 1) begin(Grammar::gbnf(text));
  if (data[0] % 3 == 2) {
    const auto schema = freehold::parse_json(text);
    if (schema) begin(Grammar::json_schema(*schema));
  }
  return 0;
}
