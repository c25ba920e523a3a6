#include "server/fingerprint.h"

#include <fmt/format.h>

#include "base/digest.h"

namespace freehold::server {

std::string_view version() {
  return FREEHOLD_VERSION;
}

std::string fingerprint(const ModelCard& card) {
  const std::string identity = fmt::format("{}\n{}\n{}\n{}\n{}", version(), card.name,
                                           card.architecture, card.parameters, card.created_unix_s);
  return "fp_" + sha256(identity).substr(0, 10);
}

}  // namespace freehold::server
