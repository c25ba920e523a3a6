// Names that files give to things (keys, tensors, other files): which are acceptable, and how they
// are shown. Not file names on disk: see directory.h.
#pragma once

#include <string>
#include <string_view>

namespace freehold::formats {

// Not empty and free of control characters.
bool is_proper_name(std::string_view name);

// A name as it may stand in a message: in double quotes, control characters and broken UTF-8
// escaped, cut when it is long. For any bytes.
std::string in_quotes(std::string_view name);

}  // namespace freehold::formats
