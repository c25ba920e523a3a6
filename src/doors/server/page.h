// The page that is served at /, as it was when the program was built (page/index.html).
#pragma once

#include <string_view>

namespace freehold::server {

extern const std::string_view page_text;  // HTML

}  // namespace freehold::server
