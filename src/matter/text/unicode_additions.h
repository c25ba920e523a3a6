// Characters that Unicode 15, 15.1 and 16 assigned. The reference's patterns know them, PCRE2 10.42
// (Unicode 14) does not; where a newer PCRE2 does, naming them again changes nothing.
#pragma once

#include <string>
#include <string_view>

namespace freehold::text {

// For a general category ("Lu", or "L" for all of its kind) or the script "Han": ranges as they
// stand in a PCRE2 character class; empty when there are none or, for other scripts, when they are
// not kept here.
std::string unicode_additions(std::string_view property);

}  // namespace freehold::text
