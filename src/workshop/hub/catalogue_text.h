// The text of catalogue.toml, put into the program by cmake/embed.cmake.
#pragma once

#include <string_view>

namespace freehold::hub {

extern const std::string_view catalogue_text;

}  // namespace freehold::hub
