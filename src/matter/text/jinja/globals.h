// The functions that every template can call: range, namespace, raise_exception, ….
#pragma once

#include <span>

#include "text/jinja/value.h"

namespace freehold::text::jinja {

std::span<const Function> global_functions();

}  // namespace freehold::text::jinja
