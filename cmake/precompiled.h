// What most files include, compiled once for each target: heavy standard headers and fmt. Files still
// name what they use; the tsan preset builds without this and so finds those that do not.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "freehold/result.h"
#include "freehold/value.h"
