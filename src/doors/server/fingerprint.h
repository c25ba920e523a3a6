// system_fingerprint: changes when the program or the model does, so that callers who rely on seeds
// can tell.
#pragma once

#include <string>

#include "freehold/generator.h"

namespace freehold::server {

std::string fingerprint(const ModelCard& card);
std::string_view version();  // of Freehold

}  // namespace freehold::server
