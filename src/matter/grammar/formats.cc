#include "grammar/formats.h"

#include <array>
#include <utility>

namespace freehold::grammar {
namespace {

// February has 28 days here: a year's leap day cannot be told from its form alone.
#define FREEHOLD_DATE                                                            \
  "[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12]" \
  "[0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
#define FREEHOLD_TIME                                                            \
  "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[" \
  "0-3]):[0-5][0-9])"
#define FREEHOLD_LABEL "[a-zA-Z0-9]([a-zA-Z0-9-]{0,30}[a-zA-Z0-9])?"
#define FREEHOLD_HOST FREEHOLD_LABEL "(\\." FREEHOLD_LABEL "){0,3}"
#define FREEHOLD_BYTE "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
#define FREEHOLD_PATH "([a-zA-Z0-9._~!$&'()*+,;=:@/?-]|%[0-9a-fA-F]{2})*"

constexpr std::array<std::pair<std::string_view, std::string_view>, 11> formats = {{
    {"date", FREEHOLD_DATE},
    {"time", FREEHOLD_TIME},
    {"date-time", FREEHOLD_DATE "T" FREEHOLD_TIME},
    {"duration",
     "P([0-9]{1,4}W|[0-9]{1,4}Y([0-9]{1,2}M([0-9]{1,2}D)?)?|[0-9]{1,2}M([0-9]{1,2}D)?|"
     "[0-9]{1,3}D(T[0-9]{1,2}H)?|T([0-9]{1,3}H([0-9]{1,2}M([0-9]{1,2}S)?)?|[0-9]{1,3}M("
     "[0-9]{1,2}S)?|[0-9]{1,4}S))"},
    {"uuid", "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"},
    {"email", "[a-zA-Z0-9_+-]{1,30}(\\.[a-zA-Z0-9_+-]{1,30}){0,1}@" FREEHOLD_LABEL
              "(\\." FREEHOLD_LABEL "){0,2}\\.[a-zA-Z]{2,12}"},
    {"hostname", FREEHOLD_HOST},
    {"ipv4", FREEHOLD_BYTE "(\\." FREEHOLD_BYTE "){3}"},
    {"ipv6", "[0-9a-fA-F]{1,4}(:[0-9a-fA-F]{1,4}){7}"},
    {"uri", "[a-zA-Z][a-zA-Z0-9+-]{1,15}://" FREEHOLD_HOST "(:[0-9]{1,5})?(/" FREEHOLD_PATH ")?"},
    {"json-pointer", "(/([^~/]|~[01])*)*"},
}};

}  // namespace

std::optional<std::string_view> regex_of_format(std::string_view format) {
  for (const auto& [name, regex] : formats) {
    if (name == format) return regex;
  }
  return std::nullopt;
}

}  // namespace freehold::grammar
